/// Checks a document against a schema before anything of it is executed. Messages are those of graphql-js 16.
///
/// More lenient than the specification where clients of other versions of the protocol would suffer:
/// - unknown arguments are accepted and dropped;
/// - a fragment for a type that the schema does not have is accepted, its fields are not looked at, and it never
///   matches; nor does one for a type that cannot stand at its place;
/// - unused fragments and variables are accepted, and the types of variables are not held against the arguments.
struct Validator {
    let catalog: SchemaCatalog
    let document: Document
    let limits: GraphQLLimits
    private let fragments: [String: FragmentNode]
    private var errors: [(error: GraphQLError, offset: Int)] = []
    /// Variables that decide over selections, in the order of the document.
    private(set) var conditionVariables: [String] = []

    init(_ document: Document, catalog: SchemaCatalog, limits: GraphQLLimits) {
        self.document = document
        self.catalog = catalog
        self.limits = limits
        fragments = Dictionary(document.fragments.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Clients show the first; finding the place of each costs a pass over the text.
    private static let mostErrors = 20

    /// Every problem, up to a number that nobody reads beyond. O(document).
    mutating func problems(in text: String) -> [GraphQLError] {
        checkNames()
        for operation in document.operations {
            guard let root = catalog.root(of: operation.kind) else {
                let message = "Schema is not configured to execute \(operation.kind.rawValue) operation."
                report(message, at: operation.offset)
                continue
            }
            check(operation.selections, on: root)
        }
        for fragment in document.fragments { check(fragment.selections, on: catalog.types[fragment.typeCondition]) }
        checkCycles()
        if conditionVariables.count > ConditionMask.most {
            report("More than \(ConditionMask.most) variables decide over fields.", .limit, at: 0)
        }
        let bytes = errors.isEmpty ? [] : Array(text.utf8)
        return errors.map { error, offset in
            var error = error
            error.locations = [Lexer.location(of: offset, in: bytes)]
            return error
        }
    }

    private mutating func report(_ message: String, _ kind: GraphQLError.Kind = .validation, at offset: Int) {
        guard errors.count < Self.mostErrors else { return }
        errors.append((GraphQLError(kind, message), offset))
    }

    private mutating func checkNames() {
        var names: Set<String> = []
        for operation in document.operations {
            guard let name = operation.name else {
                guard document.operations.count > 1 else { continue }
                report("This anonymous operation must be the only defined operation.", at: operation.offset)
                continue
            }
            if !names.insert(name).inserted {
                report("There can be only one operation named \"\(name)\".", at: operation.offset)
            }
        }
        names = []
        for fragment in document.fragments where !names.insert(fragment.name).inserted {
            report("There can be only one fragment named \"\(fragment.name)\".", at: fragment.offset)
        }
    }

    /// - Parameter type: `nil` for one that is unknown, below which fields are not looked at.
    private mutating func check(_ selections: [SelectionNode], on type: TypeDefinition?) {
        for selection in selections {
            switch selection {
            case .field(let field):
                note(field.conditions)
                check(field, on: type)
            case .inline(let fragment):
                note(fragment.conditions)
                check(fragment.selections, on: fragment.typeCondition.map { catalog.types[$0] } ?? type)
            case .spread(let spread):
                note(spread.conditions)
                if fragments[spread.name] == nil {
                    report("Unknown fragment \"\(spread.name)\".", at: spread.offset)
                }
            }
        }
    }

    private mutating func check(_ field: FieldNode, on type: TypeDefinition?) {
        guard let type else { return check(field.selections ?? [], on: nil) }
        guard let definition = type.field(field.name) else {
            return report("Cannot query field \"\(field.name)\" on type \"\(type.name)\".", at: field.offset)
        }
        let result = catalog.types[definition.type.name]
        let isComposite = result?.isComposite ?? false
        if let selections = field.selections {
            guard isComposite else {
                let message =
                    "Field \"\(field.name)\" must not have a selection since type \"\(definition.type)\" has no subfields."
                return report(message, at: field.offset)
            }
            check(selections, on: result)
        } else if isComposite {
            let message =
                "Field \"\(field.name)\" of type \"\(definition.type)\" must have a selection of subfields."
                + " Did you mean \"\(field.name) { ... }\"?"
            report(message, at: field.offset)
        }
    }

    private mutating func note(_ conditions: [ConditionNode]) {
        for condition in conditions {
            guard case .variable(let name) = condition.source, conditionVariables.count <= ConditionMask.most,
                !conditionVariables.contains(name)
            else { continue }
            conditionVariables.append(name)
        }
    }
}

extension Validator {
    // MARK: fragments that contain themselves

    private mutating func checkCycles() {
        var spreads: [String: [SpreadNode]] = [:]
        for fragment in document.fragments { spreads[fragment.name] = Self.spreads(in: fragment.selections) }
        var finished: Set<String> = []
        for fragment in document.fragments {
            var path: [String] = []
            follow(fragment.name, spreads, &path, &finished)
        }
    }

    /// Calls itself once per fragment inside a fragment, and no deeper than the limits say.
    private mutating func follow(
        _ name: String,
        _ spreads: [String: [SpreadNode]],
        _ path: inout [String],
        _ finished: inout Set<String>
    ) {
        guard path.count < limits.depth else {
            return report("Fragments are nested deeper than \(limits.depth) levels.", .limit, at: 0)
        }
        path.append(name)
        for spread in spreads[name] ?? [] {
            if let start = path.firstIndex(of: spread.name) {
                let via = path[(start + 1)...].map { "\"\($0)\"" }.joined(separator: ", ")
                let end = via.isEmpty ? "." : " via \(via)."
                report("Cannot spread fragment \"\(spread.name)\" within itself\(end)", at: spread.offset)
            } else if !finished.contains(spread.name) {
                follow(spread.name, spreads, &path, &finished)
            }
        }
        path.removeLast()
        finished.insert(name)
    }

    private static func spreads(in selections: [SelectionNode]) -> [SpreadNode] {
        selections.flatMap { selection in
            switch selection {
            case .field(let field): spreads(in: field.selections ?? [])
            case .inline(let fragment): spreads(in: fragment.selections)
            case .spread(let spread): [spread]
            }
        }
    }
}
