enum ArgumentPlan: Sendable {
    case constant(GraphQLArguments)
    /// Made once per execution, kept in the slot.
    case bound(slot: Int, [BoundArgument])
}

struct BoundArgument: Sendable {
    var name: String
    var value: BoundValue
    /// Stands in where the value is a variable that was left out.
    var defaultValue: GraphQLValue?
}

/// A value whose variables are positions among those of the operation.
indirect enum BoundValue: Sendable {
    case constant(GraphQLValue)
    case variable(Int)
    case list([BoundValue])
    case object([(key: String, value: BoundValue)])

    /// `nil` for a variable that was left out: an argument or a member with it is absent, an element is null.
    func value(_ variables: [GraphQLValue?]) -> GraphQLValue? {
        switch self {
        case .constant(let value): value
        case .variable(let index): variables[index]
        case .list(let elements): .list(elements.map { $0.value(variables) ?? .null })
        case .object(let members):
            .object(
                members.compactMap { key, value in
                    value.value(variables).map { GraphQLValue.Member(key: key, value: $0) }
                }
            )
        }
    }
}
