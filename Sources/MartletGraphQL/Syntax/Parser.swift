/// Reads executable documents (GraphQL specification, October 2021, sections 2.2 to 2.12). Messages are those of
/// graphql-js 16.
///
/// It calls itself once per level of nesting, and no deeper than the limits say.
struct Parser {
    var lexer: Lexer
    /// The next token, not consumed.
    var token: Token
    let limits: GraphQLLimits
    var depth = 0

    init(_ text: String, limits: GraphQLLimits) throws(GraphQLError) {
        guard text.utf8.count <= limits.documentBytes else {
            throw GraphQLError(.limit, "Document is larger than \(limits.documentBytes) bytes.")
        }
        self.limits = limits
        lexer = Lexer(Array(text.utf8), mostTokens: limits.tokens)
        token = try lexer.next()
    }

    /// - Throws: `syntax` with the place, `limit`. O(bytes).
    static func document(_ text: String, limits: GraphQLLimits = GraphQLLimits()) throws(GraphQLError) -> Document {
        var parser = try Parser(text, limits: limits)
        var document = Document()
        repeat {
            try parser.definition(into: &document)
        } while parser.token.kind != .end
        return document
    }

    /// - Throws: `syntax` for what is no type.
    static func type(_ text: String) throws(GraphQLError) -> TypeReference {
        var parser = try Parser(text, limits: GraphQLLimits())
        let type = try parser.typeReference()
        guard parser.token.kind == .end else { throw parser.unexpected() }
        return type
    }

    // MARK: definitions

    private mutating func definition(into document: inout Document) throws(GraphQLError) {
        if lexer.matches(token, "fragment") {
            document.fragments.append(try fragment())
        } else {
            document.operations.append(try operation())
        }
    }

    private mutating func operation() throws(GraphQLError) -> OperationNode {
        let offset = token.start
        guard token.kind != .openBrace else { return try shorthand() }
        guard token.kind == .name, let kind = OperationNode.Kind(rawValue: lexer.text(token)) else {
            throw unexpected()
        }
        try advance()
        let name = token.kind == .name ? try self.name() : nil
        let variables = try variableDefinitions()
        if let directive = try directives(isConstant: false).first {
            throw refused(directive, on: kind.rawValue.uppercased())
        }
        let selections = try selectionSet()
        return OperationNode(
            kind: kind,
            name: name,
            offset: offset,
            variables: variables,
            selections: selections
        )
    }

    private mutating func shorthand() throws(GraphQLError) -> OperationNode {
        let offset = token.start
        let selections = try selectionSet()
        return OperationNode(
            kind: .query,
            name: nil,
            offset: offset,
            variables: [],
            selections: selections
        )
    }

    private mutating func fragment() throws(GraphQLError) -> FragmentNode {
        let offset = token.start
        try advance()
        guard !lexer.matches(token, "on") else { throw unexpected() }
        let name = try self.name()
        guard try skip(keyword: "on") else { throw expected("\"on\"") }
        let typeCondition = try self.name()
        if let directive = try directives(isConstant: false).first {
            throw refused(directive, on: "FRAGMENT_DEFINITION")
        }
        let selections = try selectionSet()
        return FragmentNode(
            name: name,
            offset: offset,
            typeCondition: typeCondition,
            selections: selections
        )
    }

    private mutating func variableDefinitions() throws(GraphQLError) -> [VariableNode] {
        guard try skip(.openParenthesis) else { return [] }
        var variables: [VariableNode] = []
        var names: Set<String> = []
        repeat {
            let offset = token.start
            try expect(.dollar)
            let name = try self.name()
            try expect(.colon)
            let type = try typeReference()
            let defaultValue = try skip(.equals) ? try constant() : nil
            if let directive = try directives(isConstant: true).first {
                throw refused(directive, on: "VARIABLE_DEFINITION")
            }
            guard names.insert(name).inserted else {
                throw lexer.failure(.validation, "There can be only one variable named \"$\(name)\".", at: offset)
            }
            variables.append(VariableNode(name: name, type: type, defaultValue: defaultValue))
        } while try !skip(.closeParenthesis)
        return variables
    }

    mutating func typeReference() throws(GraphQLError) -> TypeReference {
        try descend()
        defer { depth -= 1 }
        var type: TypeReference
        if try skip(.openBracket) {
            type = .list(try typeReference())
            try expect(.closeBracket)
        } else {
            type = .named(try name())
        }
        if try skip(.bang) { type = .required(type) }
        return type
    }

    // MARK: selections

    mutating func selectionSet() throws(GraphQLError) -> [SelectionNode] {
        try descend()
        defer { depth -= 1 }
        try expect(.openBrace)
        var selections: [SelectionNode] = []
        repeat {
            selections.append(token.kind == .spread ? try spread() : .field(try field()))
        } while try !skip(.closeBrace)
        return selections
    }

    private mutating func field() throws(GraphQLError) -> FieldNode {
        let offset = token.start
        var name = try self.name()
        var alias: String?
        if try skip(.colon) {
            alias = name
            name = try self.name()
        }
        let arguments = try self.arguments(isConstant: false)
        let conditions = try conditions()
        return FieldNode(
            alias: alias,
            name: name,
            offset: offset,
            arguments: arguments,
            conditions: conditions,
            selections: token.kind == .openBrace ? try selectionSet() : nil
        )
    }

    private mutating func spread() throws(GraphQLError) -> SelectionNode {
        let offset = token.start
        try advance()
        let hasTypeCondition = try skip(keyword: "on")
        if !hasTypeCondition, token.kind == .name {
            let name = try self.name()
            return .spread(SpreadNode(name: name, offset: offset, conditions: try conditions()))
        }
        let typeCondition = hasTypeCondition ? try name() : nil
        let conditions = try conditions()
        let selections = try selectionSet()
        return .inline(
            InlineFragmentNode(typeCondition: typeCondition, conditions: conditions, selections: selections)
        )
    }
}

extension Parser {
    // MARK: steps

    mutating func advance() throws(GraphQLError) { token = try lexer.next() }

    /// Consumes the token if it is of this kind.
    mutating func skip(_ kind: Token.Kind) throws(GraphQLError) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    mutating func skip(keyword: StaticString) throws(GraphQLError) -> Bool {
        guard lexer.matches(token, keyword) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ kind: Token.Kind) throws(GraphQLError) {
        guard try skip(kind) else { throw expected(kind.description) }
    }

    mutating func name() throws(GraphQLError) -> String {
        guard token.kind == .name else { throw expected("Name") }
        let text = lexer.text(token)
        try advance()
        return text
    }

    /// One level deeper; who calls it takes the level back.
    mutating func descend() throws(GraphQLError) {
        guard depth < limits.depth else {
            throw lexer.failure(.limit, "Document is nested deeper than \(limits.depth) levels.", at: token.start)
        }
        depth += 1
    }

    // MARK: errors

    func expected(_ what: String) -> GraphQLError {
        lexer.syntax("Expected \(what), found \(description(of: token)).", at: token.start)
    }

    func unexpected() -> GraphQLError {
        lexer.syntax("Unexpected \(description(of: token)).", at: token.start)
    }

    private func description(of token: Token) -> String {
        switch token.kind {
        case .name, .int, .float: "\(token.kind.description) \"\(lexer.text(token).prefix(100))\""
        case .string, .blockString: "\(token.kind.description) \"\(token.value.prefix(100))\""
        default: token.kind.description
        }
    }
}
