extension OperationNode {
    /// The values of the operation's variables, in their order; `nil` for one that was left out and has no default.
    ///
    /// Only what may not be null is checked: whoever reads an argument checks its kind.
    /// - Throws: `request`.
    func values(of given: GraphQLValue) throws(GraphQLError) -> [GraphQLValue?] {
        let members: [String: GraphQLValue]
        switch given {
        case .null: members = [:]
        case .object(let object): members = Dictionary(object.map { ($0.key, $0.value) }) { $1 }
        default: throw GraphQLError(.request, "Variables are no JSON object.")
        }
        var values: [GraphQLValue?] = []
        values.reserveCapacity(variables.count)
        for variable in variables {
            let value = members[variable.name]
            try variable.check(value)
            values.append(value ?? variable.defaultValue)
        }
        return values
    }

    /// What the variables that decide over selections decide. Those that this operation does not have are left out.
    /// - Throws: `request` for one that has no boolean value.
    func decisions(of names: [String], _ values: [GraphQLValue?]) throws(GraphQLError) -> [(index: Int, value: Bool)] {
        var decisions: [(index: Int, value: Bool)] = []
        for (index, name) in names.enumerated() {
            guard let position = variables.firstIndex(where: { $0.name == name }) else { continue }
            switch values[position] {
            case .bool(let value): decisions.append((index, value))
            case .null: throw GraphQLError(.request, "Argument \"if\" of non-null type \"Boolean!\" must not be null.")
            case nil:
                let message =
                    "Argument \"if\" of required type \"Boolean!\" was provided the variable \"$\(name)\""
                    + " which was not provided a runtime value."
                throw GraphQLError(.request, message)
            case .some(let value):
                let shown = String(decoding: value.json.prefix(100), as: UTF8.self)
                let message =
                    "Variable \"$\(name)\" got invalid value \(shown);"
                    + " Boolean cannot represent a non boolean value: \(shown)"
                throw GraphQLError(.request, message)
            }
        }
        return decisions
    }
}

extension VariableNode {
    fileprivate func check(_ value: GraphQLValue?) throws(GraphQLError) {
        guard let value else {
            guard type.isRequired, defaultValue == nil else { return }
            throw GraphQLError(.request, "Variable \"$\(name)\" of required type \"\(type)\" was not provided.")
        }
        if value == .null, type.isRequired {
            throw GraphQLError(.request, "Variable \"$\(name)\" of non-null type \"\(type)\" must not be null.")
        }
        guard let place = Self.null(in: value, type.nullable, at: name) else { return }
        let message =
            "Variable \"$\(name)\" got invalid value null at \"\(place.path)\";"
            + " Expected non-nullable type \"\(place.type)\" not to be null."
        throw GraphQLError(.request, message)
    }

    /// The first null where the elements of a list may have none; `nil` without.
    private static func null(
        in value: GraphQLValue,
        _ type: TypeReference,
        at path: String
    ) -> (path: String, type: TypeReference)? {
        guard case .list(let element) = type, case .list(let values) = value else { return nil }
        if element.isRequired, let index = values.firstIndex(of: .null) { return ("\(path)[\(index)]", element) }
        guard case .list = element.nullable else { return nil }
        for (index, value) in values.enumerated() {
            if let inner = null(in: value, element.nullable, at: "\(path)[\(index)]") { return inner }
        }
        return nil
    }
}
