extension Parser {
    /// A directive as it was written, before anybody asked what it means.
    struct Directive {
        var name: String
        var offset: Int
        var arguments: [ArgumentNode]
    }

    /// A default value, or the value of an argument where no variable may stand.
    mutating func constant() throws(GraphQLError) -> GraphQLValue {
        guard case .constant(let value) = try value(isConstant: true) else { throw unexpected() }
        return value
    }

    mutating func value(isConstant: Bool) throws(GraphQLError) -> ValueNode {
        let text = token.kind == .name || token.kind == .int || token.kind == .float ? lexer.text(token) : token.value
        switch token.kind {
        case .openBracket: return try list(isConstant: isConstant)
        case .openBrace: return try object(isConstant: isConstant)
        case .dollar: return try variable(isConstant: isConstant)
        case .int:
            try advance()
            return .constant(Int64(text).map(GraphQLValue.int) ?? .double(Double(text) ?? .nan))
        case .float:
            try advance()
            return .constant(.double(Double(text) ?? .nan))
        case .string, .blockString:
            try advance()
            return .constant(.string(text))
        case .name:
            try advance()
            return .constant(Self.word(text))
        default: throw unexpected()
        }
    }

    private static func word(_ text: String) -> GraphQLValue {
        switch text {
        case "true": .bool(true)
        case "false": .bool(false)
        case "null": .null
        default: .enumeration(text)
        }
    }

    private mutating func variable(isConstant: Bool) throws(GraphQLError) -> ValueNode {
        let offset = token.start
        let dollar = unexpected()
        try advance()
        if isConstant {
            guard token.kind == .name else { throw dollar }
            throw lexer.syntax("Unexpected variable \"$\(lexer.text(token))\" in constant value.", at: offset)
        }
        return .variable(try name())
    }

    private mutating func list(isConstant: Bool) throws(GraphQLError) -> ValueNode {
        try descend()
        defer { depth -= 1 }
        try advance()
        var elements: [ValueNode] = []
        while try !skip(.closeBracket) { elements.append(try value(isConstant: isConstant)) }
        let constants = elements.compactMap(\.constant)
        return constants.count == elements.count ? .constant(.list(constants)) : .list(elements)
    }

    private mutating func object(isConstant: Bool) throws(GraphQLError) -> ValueNode {
        try descend()
        defer { depth -= 1 }
        try advance()
        var members: [(key: String, value: ValueNode)] = []
        while try !skip(.closeBrace) {
            let key = try name()
            try expect(.colon)
            members.append((key, try value(isConstant: isConstant)))
        }
        let constants = members.compactMap { key, value in
            value.constant.map { GraphQLValue.Member(key: key, value: $0) }
        }
        return constants.count == members.count ? .constant(.object(constants)) : .object(members)
    }

    // MARK: arguments and directives

    mutating func arguments(isConstant: Bool) throws(GraphQLError) -> [ArgumentNode] {
        guard try skip(.openParenthesis) else { return [] }
        var arguments: [ArgumentNode] = []
        var names: Set<String> = []
        repeat {
            let offset = token.start
            let name = try self.name()
            try expect(.colon)
            arguments.append(ArgumentNode(name: name, value: try value(isConstant: isConstant)))
            guard names.insert(name).inserted else {
                throw lexer.failure(.validation, "There can be only one argument named \"\(name)\".", at: offset)
            }
        } while try !skip(.closeParenthesis)
        return arguments
    }

    mutating func directives(isConstant: Bool) throws(GraphQLError) -> [Directive] {
        var directives: [Directive] = []
        while token.kind == .at {
            let offset = token.start
            try advance()
            let name = try self.name()
            directives.append(Directive(name: name, offset: offset, arguments: try arguments(isConstant: isConstant)))
        }
        return directives
    }

    /// The directives of a selection.
    mutating func conditions() throws(GraphQLError) -> [ConditionNode] {
        guard token.kind == .at else { return [] }
        var conditions: [ConditionNode] = []
        for directive in try directives(isConstant: false) {
            guard let wanted = Self.known[directive.name] else { throw unknown(directive) }
            guard !conditions.contains(where: { $0.wanted == wanted }) else {
                let message = "The directive \"@\(directive.name)\" can only be used once at this location."
                throw lexer.failure(.validation, message, at: directive.offset)
            }
            conditions.append(ConditionNode(wanted: wanted, source: try source(of: directive)))
        }
        return conditions
    }

    private static let known = ["include": true, "skip": false]

    private func source(of directive: Directive) throws(GraphQLError) -> ConditionNode.Source {
        let subject = "Directive \"@\(directive.name)\" argument \"if\""
        switch directive.arguments.first(where: { $0.name == "if" })?.value {
        case .constant(.bool(let value)): return .constant(value)
        case .variable(let name): return .variable(name)
        case nil:
            let message = "\(subject) of type \"Boolean!\" is required, but it was not provided."
            throw lexer.failure(.validation, message, at: directive.offset)
        default:
            throw lexer.failure(.validation, "\(subject) must be a boolean or a variable.", at: directive.offset)
        }
    }

    /// A directive where none has a meaning.
    func refused(_ directive: Directive, on place: String) -> GraphQLError {
        guard Self.known[directive.name] != nil else { return unknown(directive) }
        let message = "Directive \"@\(directive.name)\" may not be used on \(place)."
        return lexer.failure(.validation, message, at: directive.offset)
    }

    private func unknown(_ directive: Directive) -> GraphQLError {
        lexer.failure(.validation, "Unknown directive \"@\(directive.name)\".", at: directive.offset)
    }
}

extension ValueNode {
    /// `nil` when it has a variable.
    var constant: GraphQLValue? {
        if case .constant(let value) = self { return value }
        return nil
    }
}
