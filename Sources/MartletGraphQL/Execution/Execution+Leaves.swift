extension Execution {
    /// Writes a scalar, or lists and records of them: a scalar may be any JSON. False for an object with resolvers.
    func writeLeaf(_ output: GraphQLOutput, _ field: FieldPlan) -> Bool {
        switch output {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.int(value)
        case .double(let value): writer.double(value)
        case .string(let text): writer.string(text)
        case .raw(let bytes):
            if bytes.isEmpty { writer.null() } else { writer.raw(bytes) }
        case .list(let elements):
            writer.byte(UInt8(ascii: "["))
            for index in elements.indices {
                if index > 0 { writer.byte(UInt8(ascii: ",")) }
                guard writeLeaf(elements[index], field) else { return false }
            }
            writer.byte(UInt8(ascii: "]"))
        case .record(_, let members):
            writer.byte(UInt8(ascii: "{"))
            for index in members.indices {
                if index > 0 { writer.byte(UInt8(ascii: ",")) }
                writer.string(members[index].key)
                writer.byte(UInt8(ascii: ":"))
                guard writeLeaf(members[index].value, field) else { return false }
            }
            writer.byte(UInt8(ascii: "}"))
        case .boxed: return refuse(field, "Expected a scalar")
        }
        return true
    }

    // MARK: errors

    func record(_ thrown: any Error) {
        if thrown is CancellationError {
            stop = .cancelled
            return
        }
        failures += 1
        guard errors.count < limits.errors, stop == nil else { return }
        do throws(CancellationError) {
            errors.append(try translate(thrown))
        } catch {
            stop = .cancelled
        }
    }

    func extendPaths(from first: Int, by element: GraphQLError.PathElement) {
        for index in first..<errors.count { errors[index].path.append(element) }
    }

    /// False once the answer is too large or costs too much, or nobody waits for it; asked once per object, and per field
    /// that is waited for.
    func mayGoOn(afterSpending units: Int = 1) -> Bool {
        if stop == nil {
            cost += units
            if cost > limits.cost { stop = .tooCostly }
            if writer.count > limits.answerBytes { stop = .tooLarge }
            if Task.isCancelled { stop = .cancelled }
        }
        return stop == nil
    }
}
