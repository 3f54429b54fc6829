/// The same steps where some resolver is waited for. They hand over to the steps that wait for nothing as soon as the
/// plan allows it.
extension Execution {
    func write(_ source: Source, _ plan: SelectionPlan) async -> Bool {
        if plan.isSynchronous { return writeNow(source, plan) }
        guard mayGoOn() else { return false }
        writer.byte(UInt8(ascii: "{"))
        for index in plan.fields.indices {
            let field = plan.fields[index]
            if index > 0 { writer.byte(UInt8(ascii: ",")) }
            writer.raw(field.keyText)
            let known = errors.count
            let isPlaced = await place(await value(of: field, source, plan), field.definition.type, field)
            if errors.count > known { extendPaths(from: known, by: .key(field.responseKey)) }
            guard isPlaced, stop == nil else { return false }
        }
        writer.byte(UInt8(ascii: "}"))
        return true
    }

    /// Writes the first level of the answer, and says whether an error stands behind each of its fields.
    /// The first is false when `data` as a whole must be null.
    func writeRoot(_ plan: SelectionPlan) async -> (isPlaced: Bool, hasFailedEntirely: Bool) {
        let source = Source.boxed(GraphQLBox(GraphQLRoot()))
        var failedFields = 0
        writer.byte(UInt8(ascii: "{"))
        for index in plan.fields.indices {
            let field = plan.fields[index]
            if index > 0 { writer.byte(UInt8(ascii: ",")) }
            writer.raw(field.keyText)
            let (known, knownFailures) = (errors.count, failures)
            let mark = writer.count
            let isPlaced = await place(await value(of: field, source, plan), field.definition.type, field)
            extendPaths(from: known, by: .key(field.responseKey))
            // Nothing but null has four bytes and a failure behind it.
            if failures > knownFailures, writer.count - mark == 4 { failedFields += 1 }
            guard isPlaced, stop == nil else { return (false, true) }
        }
        writer.byte(UInt8(ascii: "}"))
        return (true, failedFields == plan.fields.count && failedFields > 0)
    }

    private func value(of field: FieldPlan, _ source: Source, _ plan: SelectionPlan) async -> GraphQLOutput? {
        guard case .asynchronous(let resolve) = field.definition.resolver, case .boxed(let object) = source else {
            return valueNow(of: field, source, plan)
        }
        guard mayGoOn(afterSpending: GraphQLLimits.lookUp) else { return nil }
        do {
            return try await resolve(object, call(field))
        } catch {
            record(error)
            return nil
        }
    }

    private func place(_ output: GraphQLOutput?, _ type: TypeReference, _ field: FieldPlan) async -> Bool {
        if field.isSynchronousBelow { return placeNow(output, type, field) }
        guard let output, !output.isNull else { return placeNull(output, type, field) }
        let mark = writer.count
        if await complete(output, type.nullable, field) { return true }
        return placeNull(at: mark, type)
    }

    private func complete(_ output: GraphQLOutput, _ type: TypeReference, _ field: FieldPlan) async -> Bool {
        if case .list(let element) = type {
            guard case .list(let outputs) = output else { return refuse(field, "Expected a list") }
            writer.byte(UInt8(ascii: "["))
            for index in outputs.indices {
                if index > 0 { writer.byte(UInt8(ascii: ",")) }
                let known = errors.count
                let isPlaced = await place(outputs[index], element, field)
                if errors.count > known { extendPaths(from: known, by: .index(index)) }
                guard isPlaced, stop == nil else { return false }
            }
            writer.byte(UInt8(ascii: "]"))
            return true
        }
        guard let (source, plan) = object(output, field) else { return false }
        return await write(source, plan)
    }

    // In a function that waits, a call prefers the version that waits.
    private func writeNow(_ source: Source, _ plan: SelectionPlan) -> Bool { write(source, plan) }
    private func placeNow(_ output: GraphQLOutput?, _ type: TypeReference, _ field: FieldPlan) -> Bool {
        place(output, type, field)
    }
    private func valueNow(of field: FieldPlan, _ source: Source, _ plan: SelectionPlan) -> GraphQLOutput? {
        value(of: field, source, plan)
    }
}
