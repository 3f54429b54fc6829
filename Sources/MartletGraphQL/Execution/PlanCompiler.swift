/// Turns one operation of a valid document into a plan, for one set of decided conditions.
///
/// The work is bounded by the limits on fields, not by the document: fragments may multiply.
struct PlanCompiler {
    let catalog: SchemaCatalog
    let limits: GraphQLLimits
    let operation: OperationNode
    let fragments: [String: FragmentNode]
    /// Positions of the operation's variables.
    let variables: [String: Int]
    /// Of the variables that decide; see `ConditionMask`.
    let decisions: [String: Bool]
    private var fieldCount = 0
    private var aliasCount = 0
    private var slots = 0

    init(
        _ operation: OperationNode,
        of document: Document,
        catalog: SchemaCatalog,
        limits: GraphQLLimits,
        decisions: [String: Bool]
    ) {
        self.operation = operation
        self.catalog = catalog
        self.limits = limits
        self.decisions = decisions
        variables = Dictionary(operation.variables.enumerated().map { ($1.name, $0) }) { first, _ in first }
        fragments = Dictionary(document.fragments.map { ($0.name, $0) }) { first, _ in first }
    }

    /// - Throws: `limit`, and `validation` for fields of one key that contradict each other and for variables that the
    ///   operation does not have.
    mutating func plan() throws(GraphQLError) -> OperationPlan {
        guard let type = catalog.root(of: operation.kind) else {
            throw GraphQLError(.validation, "Schema is not configured to execute \(operation.kind.rawValue) operation.")
        }
        let root = try selection([operation.selections], of: type, depth: 1)
        return OperationPlan(root: root, slots: slots, fieldCount: fieldCount)
    }

    private mutating func selection(
        _ sets: [[SelectionNode]],
        of type: TypeDefinition,
        depth: Int
    ) throws(GraphQLError) -> SelectionPlan {
        guard depth <= limits.depth else {
            throw GraphQLError(.limit, "Query is nested deeper than \(limits.depth) levels.")
        }
        var groups = FieldGroups()
        for set in sets { try collect(set, for: type, into: &groups, depth: 1) }
        var fields: [FieldPlan] = []
        fields.reserveCapacity(groups.groups.count)
        for group in groups.groups { fields.append(try field(group, of: type, depth: depth)) }
        return SelectionPlan(typeName: type.name, fields: fields)
    }

    /// `CollectFields` of the specification, section 6.3.2.
    private mutating func collect(
        _ selections: [SelectionNode],
        for type: TypeDefinition,
        into groups: inout FieldGroups,
        depth: Int
    ) throws(GraphQLError) {
        guard depth <= limits.depth else {
            throw GraphQLError(.limit, "Fragments are nested deeper than \(limits.depth) levels.")
        }
        for selection in selections {
            switch selection {
            case .field(let field):
                guard try isIncluded(field.conditions) else { continue }
                try count(field)
                groups.add(field)
            case .inline(let fragment):
                guard try isIncluded(fragment.conditions),
                    fragment.typeCondition.map({ catalog.condition($0, takes: type) }) ?? true
                else { continue }
                try collect(fragment.selections, for: type, into: &groups, depth: depth + 1)
            case .spread(let spread):
                guard try isIncluded(spread.conditions), groups.visit(spread.name),
                    let fragment = fragments[spread.name], catalog.condition(fragment.typeCondition, takes: type)
                else { continue }
                try collect(fragment.selections, for: type, into: &groups, depth: depth + 1)
            }
        }
    }

    private mutating func count(_ field: FieldNode) throws(GraphQLError) {
        fieldCount += 1
        if field.alias != nil { aliasCount += 1 }
        guard fieldCount <= limits.fields else {
            throw GraphQLError(.limit, "Query has more than \(limits.fields) fields.")
        }
        guard aliasCount <= limits.aliases else {
            throw GraphQLError(.limit, "Query has more than \(limits.aliases) aliases.")
        }
    }

    private func isIncluded(_ conditions: [ConditionNode]) throws(GraphQLError) -> Bool {
        for condition in conditions {
            switch condition.source {
            case .constant(let value): if value != condition.wanted { return false }
            case .variable(let name):
                guard let value = decisions[name] else { throw undefined(name) }
                if value != condition.wanted { return false }
            }
        }
        return true
    }

    // MARK: fields

    private mutating func field(
        _ group: FieldGroups.Group,
        of type: TypeDefinition,
        depth: Int
    ) throws(GraphQLError) -> FieldPlan {
        let first = group.first
        guard let definition = type.field(first.name) else {
            throw GraphQLError(.validation, "Cannot query field \"\(first.name)\" on type \"\(type.name)\".")
        }
        for other in group.others { try check(first, other) }
        let sets = ([first] + group.others).compactMap(\.selections)
        var children: [SelectionPlan] = []
        for object in catalog.objects(of: definition.type.name) {
            children.append(try selection(sets, of: object, depth: depth + 1))
        }
        return FieldPlan(
            responseKey: first.responseKey,
            definition: definition,
            arguments: try arguments(first.arguments, of: definition),
            children: children
        )
    }

    /// `FieldsInSetCanMerge` of the specification, section 5.3.2, for two fields of one object.
    private func check(_ field: FieldNode, _ other: FieldNode) throws(GraphQLError) {
        var reason: String?
        if field.name != other.name {
            reason = "\"\(field.name)\" and \"\(other.name)\" are different fields"
        } else if field.arguments != other.arguments, Self.sorted(field.arguments) != Self.sorted(other.arguments) {
            reason = "they have differing arguments"
        }
        guard let reason else { return }
        let message =
            "Fields \"\(field.responseKey)\" conflict because \(reason)."
            + " Use different aliases on the fields to fetch both if this was intentional."
        throw GraphQLError(.validation, message)
    }

    private static func sorted(_ arguments: [ArgumentNode]) -> [ArgumentNode] {
        arguments.sorted { $0.name < $1.name }
    }

    private mutating func arguments(
        _ nodes: [ArgumentNode],
        of definition: FieldDefinition
    ) throws(GraphQLError) -> ArgumentPlan {
        var bound: [BoundArgument] = []
        for node in nodes {
            let declared = definition.arguments.first { $0.name == node.name }
            bound.append(
                BoundArgument(name: node.name, value: try bind(node.value), defaultValue: declared?.defaultValue)
            )
        }
        for declared in definition.arguments where !nodes.contains(where: { $0.name == declared.name }) {
            guard let value = declared.defaultValue else { continue }
            bound.append(BoundArgument(name: declared.name, value: .constant(value)))
        }
        let constants = bound.compactMap { argument -> GraphQLValue.Member? in
            guard case .constant(let value) = argument.value else { return nil }
            return GraphQLValue.Member(key: argument.name, value: value)
        }
        if constants.count == bound.count { return .constant(GraphQLArguments(constants)) }
        slots += 1
        return .bound(slot: slots - 1, bound)
    }

    private func bind(_ node: ValueNode) throws(GraphQLError) -> BoundValue {
        switch node {
        case .constant(let value): return .constant(value)
        case .variable(let name):
            guard let index = variables[name] else { throw undefined(name) }
            return .variable(index)
        case .list(let nodes):
            var elements: [BoundValue] = []
            for node in nodes { elements.append(try bind(node)) }
            return .list(elements)
        case .object(let nodes):
            var members: [(key: String, value: BoundValue)] = []
            for node in nodes { members.append((node.key, try bind(node.value))) }
            return .object(members)
        }
    }

    private func undefined(_ name: String) -> GraphQLError {
        let place = operation.name.map { " by operation \"\($0)\"" } ?? ""
        return GraphQLError(.validation, "Variable \"$\(name)\" is not defined\(place).")
    }
}

/// The fields of one object, in the order in which their keys first occur.
private struct FieldGroups {
    struct Group {
        var first: FieldNode
        var others: [FieldNode] = []
    }

    private(set) var groups: [Group] = []
    private var indices: [String: Int] = [:]
    private var visited: Set<String> = []

    mutating func add(_ field: FieldNode) {
        let key = field.responseKey
        if let index = indices[key] {
            groups[index].others.append(field)
        } else {
            indices[key] = groups.count
            groups.append(Group(first: field))
        }
    }

    /// False for a fragment that was met before.
    mutating func visit(_ fragment: String) -> Bool { visited.insert(fragment).inserted }
}
