/// One operation while it is executed: writes the answer's `data` field by field, in the order in which it was asked.
///
/// What was written of an object that may not stand is cut off again. Errors get their paths from the inside out, as
/// the calls return, so that nobody keeps a path while all goes well.
final class Execution {
    /// Why the rest of the operation is not executed.
    enum Stop {
        case cancelled
        case tooLarge
        case tooCostly
    }

    /// An object whose fields are wanted.
    enum Source {
        case boxed(FieldResolver.Source)
        case record([GraphQLOutput.Member])
    }

    let context: FieldResolver.Source
    let catalog: SchemaCatalog
    let limits: GraphQLLimits
    let translate: GraphQLErrorTranslation
    let variables: [GraphQLValue?]
    var writer = AnswerWriter()
    /// Their paths are reversed until the end.
    var errors: [GraphQLError] = []
    /// All that went wrong, also beyond the number that is listed.
    var failures = 0
    var stop: Stop?
    /// See `GraphQLLimits.cost`.
    var cost = 0
    /// Arguments that depend on variables, made when they are first wanted.
    private var arguments: [GraphQLArguments?]

    init(
        _ plan: OperationPlan,
        context: FieldResolver.Source,
        variables: [GraphQLValue?],
        catalog: SchemaCatalog,
        limits: GraphQLLimits,
        translate: @escaping GraphQLErrorTranslation
    ) {
        self.context = context
        self.variables = variables
        self.catalog = catalog
        self.limits = limits
        self.translate = translate
        arguments = Array(repeating: nil, count: plan.slots)
        writer.reserve(4_096)
    }

    // MARK: fields

    /// Writes the fields of one object between braces. False when one of them is null that may not be, or when all
    /// has stopped: then what was written is for the caller to cut off.
    func write(_ source: Source, _ plan: SelectionPlan) -> Bool {
        guard mayGoOn() else { return false }
        writer.byte(UInt8(ascii: "{"))
        for index in plan.fields.indices {
            let field = plan.fields[index]
            if index > 0 { writer.byte(UInt8(ascii: ",")) }
            writer.raw(field.keyText)
            let known = errors.count
            let isPlaced = place(value(of: field, source, plan), field.definition.type, field)
            if errors.count > known { extendPaths(from: known, by: .key(field.responseKey)) }
            guard isPlaced, stop == nil else { return false }
        }
        writer.byte(UInt8(ascii: "}"))
        return true
    }

    /// `nil` when the resolver failed, which is on record then.
    func value(of field: FieldPlan, _ source: Source, _ plan: SelectionPlan) -> GraphQLOutput? {
        do {
            switch (field.definition.resolver, source) {
            case (.typename, _): return .string(plan.typeName)
            case (_, .record(let members)): return members.last { $0.key == field.definition.name }?.value ?? .null
            case (.property(let resolve), .boxed(let object)): return try resolve(object)
            case (.synchronous(let resolve), .boxed(let object)): return try resolve(object, call(field))
            case (.member, .boxed): throw GraphQLError("\(plan.typeName) must be a record.", status: 500)
            case (.asynchronous, .boxed): preconditionFailure("the plan says that nothing here is waited for")
            }
        } catch {
            record(error)
            return nil
        }
    }

    func call(_ field: FieldPlan) -> ErasedCall {
        ErasedCall(
            context: context,
            arguments: arguments(of: field),
            selection: GraphQLSelection(plans: field.children),
            catalog: catalog
        )
    }

    private func arguments(of field: FieldPlan) -> GraphQLArguments {
        switch field.arguments {
        case .constant(let arguments): return arguments
        case .bound(let slot, let bound):
            if let made = arguments[slot] { return made }
            let members = bound.compactMap { argument in
                (argument.value.value(variables) ?? argument.defaultValue).map {
                    GraphQLValue.Member(key: argument.name, value: $0)
                }
            }
            let made = GraphQLArguments(members)
            arguments[slot] = made
            return made
        }
    }

    // MARK: values

    /// Writes a value where its type is declared, or null where it cannot stand and null may. False when it may not.
    func place(_ output: GraphQLOutput?, _ type: TypeReference, _ field: FieldPlan) -> Bool {
        guard let output, !output.isNull else { return placeNull(output, type, field) }
        let mark = writer.count
        if complete(output, type.nullable, field) { return true }
        return placeNull(at: mark, type)
    }

    /// - Parameter output: `nil` for a failure that is on record already.
    func placeNull(_ output: GraphQLOutput?, _ type: TypeReference, _ field: FieldPlan) -> Bool {
        guard type.isRequired else {
            writer.null()
            return true
        }
        if output != nil {
            let definition = field.definition
            record(GraphQLError("Cannot return null for non-nullable field \(definition.owner).\(definition.name)."))
        }
        return false
    }

    func placeNull(at mark: Int, _ type: TypeReference) -> Bool {
        guard stop == nil, !type.isRequired else { return false }
        writer.cut(to: mark)
        writer.null()
        return true
    }

    /// Writes what is not null. False when it cannot stand.
    private func complete(_ output: GraphQLOutput, _ type: TypeReference, _ field: FieldPlan) -> Bool {
        guard !field.children.isEmpty else { return writeLeaf(output, field) }
        if case .list(let element) = type {
            guard case .list(let outputs) = output else { return refuse(field, "Expected a list") }
            writer.byte(UInt8(ascii: "["))
            for index in outputs.indices {
                if index > 0 { writer.byte(UInt8(ascii: ",")) }
                let known = errors.count
                let isPlaced = place(outputs[index], element, field)
                if errors.count > known { extendPaths(from: known, by: .index(index)) }
                guard isPlaced, stop == nil else { return false }
            }
            writer.byte(UInt8(ascii: "]"))
            return true
        }
        guard let (source, plan) = object(output, field) else { return false }
        return write(source, plan)
    }

    /// `nil` for what is no object that may stand here, which is on record then.
    func object(_ output: GraphQLOutput, _ field: FieldPlan) -> (Source, SelectionPlan)? {
        let source: Source
        let type: String?
        switch output {
        case .boxed(let name, let object): (source, type) = (.boxed(object), name)
        case .record(let name, let members): (source, type) = (.record(members), name)
        default:
            _ = refuse(field, "Expected an object")
            return nil
        }
        guard let plan = field.child(for: type) else {
            let reason = type.map { "Expected another object than \($0)" } ?? "Expected an object that names its type"
            _ = refuse(field, reason)
            return nil
        }
        return (source, plan)
    }

    /// Records a mistake of a resolver; always false.
    func refuse(_ field: FieldPlan, _ reason: String) -> Bool {
        let definition = field.definition
        let message = "\(reason) for field \"\(definition.owner).\(definition.name)\" of type \"\(definition.type)\"."
        record(GraphQLError(message, status: 500, code: "INTERNAL_SERVER_ERROR"))
        return false
    }
}
