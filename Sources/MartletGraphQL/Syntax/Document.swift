/// A parsed document. Offsets are bytes from its beginning; errors turn them into lines and columns.
struct Document: Sendable {
    var operations: [OperationNode] = []
    var fragments: [FragmentNode] = []
}

struct OperationNode: Sendable {
    enum Kind: String, Sendable {
        case query, mutation, subscription
    }

    var kind: Kind
    var name: String?
    var offset: Int
    var variables: [VariableNode]
    var selections: [SelectionNode]
}

struct FragmentNode: Sendable {
    var name: String
    var offset: Int
    var typeCondition: String
    var selections: [SelectionNode]
}

struct VariableNode: Sendable {
    var name: String
    var type: TypeReference
    /// `nil` without a default, which is not the same as `= null`.
    var defaultValue: GraphQLValue?
}

enum SelectionNode: Sendable {
    case field(FieldNode)
    case inline(InlineFragmentNode)
    case spread(SpreadNode)
}

/// A class, because many nodes are merged into one list of nodes and merging must not copy.
final class FieldNode: Sendable {
    let alias: String?
    let name: String
    let offset: Int
    let arguments: [ArgumentNode]
    let conditions: [ConditionNode]
    /// `nil` without braces.
    let selections: [SelectionNode]?

    init(
        alias: String?,
        name: String,
        offset: Int,
        arguments: [ArgumentNode],
        conditions: [ConditionNode],
        selections: [SelectionNode]?
    ) {
        self.alias = alias
        self.name = name
        self.offset = offset
        self.arguments = arguments
        self.conditions = conditions
        self.selections = selections
    }

    var responseKey: String { alias ?? name }
}

struct InlineFragmentNode: Sendable {
    /// `nil` without `on`.
    var typeCondition: String?
    var conditions: [ConditionNode]
    var selections: [SelectionNode]
}

struct SpreadNode: Sendable {
    var name: String
    var offset: Int
    var conditions: [ConditionNode]
}

struct ArgumentNode: Sendable, Equatable {
    var name: String
    var value: ValueNode
}

/// `@include(if:)` or `@skip(if:)`.
struct ConditionNode: Sendable {
    enum Source: Sendable {
        case constant(Bool)
        case variable(String)
    }

    /// What makes the selection count: true for `@include`, false for `@skip`.
    var wanted: Bool
    var source: Source
}

/// A value as the document writes it.
indirect enum ValueNode: Sendable, Equatable {
    case constant(GraphQLValue)
    case variable(String)
    /// With a variable somewhere inside.
    case list([ValueNode])
    case object([(key: String, value: ValueNode)])

    static func == (left: ValueNode, right: ValueNode) -> Bool {
        switch (left, right) {
        case (.constant(let left), .constant(let right)): left == right
        case (.variable(let left), .variable(let right)): left == right
        case (.list(let left), .list(let right)): left == right
        case (.object(let left), .object(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}
