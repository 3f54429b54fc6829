/// The fields that are asked for below one field, so that its resolver reads no more than that.
///
/// Names are those of the schema, whatever the aliases; fields that `@skip` and `@include` leave out are not there.
/// Below an interface or a union are the fields of all its types.
package struct GraphQLSelection: Sendable {
    let plans: [SelectionPlan]

    /// Whether a field is asked for, at the end of a path of field names: `contains("edges", "node", "config")`.
    package func contains(_ path: String...) -> Bool {
        var selection = self
        for name in path {
            guard let next = selection.below(name) else { return false }
            selection = next
        }
        return true
    }

    package func contains(anyOf names: [String]) -> Bool {
        plans.contains { $0.fields.contains { names.contains($0.definition.name) } }
    }

    /// The fields below one of these; empty for a leaf and for what is not asked for.
    package subscript(name: String) -> GraphQLSelection { below(name) ?? GraphQLSelection(plans: []) }

    package var isEmpty: Bool { plans.allSatisfy(\.fields.isEmpty) }

    /// In the order of the answer, each once.
    package var names: [String] {
        var names: [String] = []
        for field in plans.flatMap(\.fields) where !names.contains(field.definition.name) {
            names.append(field.definition.name)
        }
        return names
    }

    /// `nil` for what is not asked for.
    private func below(_ name: String) -> GraphQLSelection? {
        let fields = plans.flatMap(\.fields).filter { $0.definition.name == name }
        return fields.isEmpty ? nil : GraphQLSelection(plans: fields.flatMap(\.children))
    }
}
