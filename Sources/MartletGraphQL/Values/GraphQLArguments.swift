/// The arguments of a field, or the members of one of them, as a resolver reads them.
///
/// Each accessor gives `nil` for what is absent and for null; `contains` and the subscript tell the two apart.
/// An argument is absent when the document has none, and also when its value is a variable that the client left out.
/// Every accessor throws an `execution` error with status 400 that names the argument when the value is of a kind that
/// cannot be taken. All are O(arguments).
package struct GraphQLArguments: Sendable, Equatable {
    /// In the order of the document.
    package var members: [GraphQLValue.Member]
    /// Put before names in messages: `input.`
    private var prefix: String

    package init(_ members: [GraphQLValue.Member] = []) {
        self.members = members
        prefix = ""
    }

    /// `nil` when absent, `.null` when null.
    package subscript(name: String) -> GraphQLValue? { members.last { $0.key == name }?.value }

    /// Whether it was given, be it as null.
    package func contains(_ name: String) -> Bool { members.contains { $0.key == name } }

    /// A string, or the name of an enumeration's value.
    package func string(_ name: String) throws(GraphQLError) -> String? {
        guard let value = given(name) else { return nil }
        guard let text = Self.text(value) else {
            throw invalid(name, value, "String cannot represent a non string value")
        }
        return text
    }

    /// A string, or a whole number as text: what the type ID takes.
    package func id(_ name: String) throws(GraphQLError) -> String? {
        if case .int(let value) = self[name] { return String(value) }
        return try string(name)
    }

    /// A whole number, also one that was written with a fraction of zero.
    package func int(_ name: String) throws(GraphQLError) -> Int? {
        guard let value = given(name) else { return nil }
        switch value {
        case .int(let value): return Int(value)
        case .double(let double):
            guard let value = Int(exactly: double) else { fallthrough }
            return value
        default: throw invalid(name, value, "Int cannot represent non-integer value")
        }
    }

    package func double(_ name: String) throws(GraphQLError) -> Double? {
        guard let value = given(name) else { return nil }
        switch value {
        case .int(let value): return Double(value)
        case .double(let value): return value
        default: throw invalid(name, value, "Float cannot represent non numeric value")
        }
    }

    package func bool(_ name: String) throws(GraphQLError) -> Bool? {
        guard let value = given(name) else { return nil }
        guard case .bool(let bool) = value else {
            throw invalid(name, value, "Boolean cannot represent a non boolean value")
        }
        return bool
    }

    /// A list; a single value is a list of one.
    package func list(_ name: String) -> [GraphQLValue]? {
        guard let value = given(name) else { return nil }
        guard case .list(let elements) = value else { return [value] }
        return elements
    }

    /// A list of strings without nulls; a single one is a list of one.
    package func strings(_ name: String) throws(GraphQLError) -> [String]? {
        guard let elements = list(name) else { return nil }
        var texts: [String] = []
        for element in elements {
            guard let text = Self.text(element) else {
                throw invalid(name, element, "String cannot represent a non string value")
            }
            texts.append(text)
        }
        return texts
    }

    package func object(_ name: String) throws(GraphQLError) -> GraphQLArguments? {
        guard let value = given(name) else { return nil }
        return try nested(value, name)
    }

    /// A list of objects without nulls; a single one is a list of one.
    package func objects(_ name: String) throws(GraphQLError) -> [GraphQLArguments]? {
        guard let elements = list(name) else { return nil }
        var objects: [GraphQLArguments] = []
        for (index, element) in elements.enumerated() { objects.append(try nested(element, "\(name)[\(index)]")) }
        return objects
    }

    private func nested(_ value: GraphQLValue, _ name: String) throws(GraphQLError) -> GraphQLArguments {
        guard case .object(let members) = value else { throw invalid(name, value, "Expected an object, found") }
        var arguments = GraphQLArguments(members)
        arguments.prefix = "\(prefix)\(name)."
        return arguments
    }

    private func given(_ name: String) -> GraphQLValue? {
        guard let value = self[name], value != .null else { return nil }
        return value
    }

    private static func text(_ value: GraphQLValue) -> String? {
        switch value {
        case .string(let text), .enumeration(let text): text
        default: nil
        }
    }

    /// What a resolver throws for a value that it cannot take.
    package func invalid(_ name: String, _ value: GraphQLValue, _ reason: String) -> GraphQLError {
        let shown = String(decoding: value.json.prefix(100), as: UTF8.self)
        let message = "Argument \"\(prefix)\(name)\" has an invalid value: \(reason): \(shown)"
        return GraphQLError(message, status: 400, code: "BAD_USER_INPUT")
    }

    private func missing(_ name: String, _ type: StaticString) -> GraphQLError {
        let place = "Argument \"\(prefix)\(name)\""
        let message =
            contains(name)
            ? "\(place) of non-null type \"\(type)\" must not be null."
            : "\(place) of required type \"\(type)\" was not provided."
        return GraphQLError(message, status: 400, code: "BAD_USER_INPUT")
    }
}

extension GraphQLArguments {
    // MARK: what must be there

    package func requiredString(_ name: String) throws(GraphQLError) -> String {
        guard let value = try string(name) else { throw missing(name, "String!") }
        return value
    }

    package func requiredID(_ name: String) throws(GraphQLError) -> String {
        guard let value = try id(name) else { throw missing(name, "ID!") }
        return value
    }

    package func requiredInt(_ name: String) throws(GraphQLError) -> Int {
        guard let value = try int(name) else { throw missing(name, "Int!") }
        return value
    }

    package func requiredDouble(_ name: String) throws(GraphQLError) -> Double {
        guard let value = try double(name) else { throw missing(name, "Float!") }
        return value
    }

    package func requiredBool(_ name: String) throws(GraphQLError) -> Bool {
        guard let value = try bool(name) else { throw missing(name, "Boolean!") }
        return value
    }

    package func requiredStrings(_ name: String) throws(GraphQLError) -> [String] {
        guard let values = try strings(name) else { throw missing(name, "[String!]!") }
        return values
    }

    package func requiredObject(_ name: String) throws(GraphQLError) -> GraphQLArguments {
        guard let value = try object(name) else { throw missing(name, "object!") }
        return value
    }

    package func requiredObjects(_ name: String) throws(GraphQLError) -> [GraphQLArguments] {
        guard let values = try objects(name) else { throw missing(name, "[object!]!") }
        return values
    }
}
