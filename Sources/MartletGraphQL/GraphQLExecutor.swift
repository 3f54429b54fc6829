/// Turns what a resolver threw into what the client is told. A cancellation goes on as one.
package typealias GraphQLErrorTranslation = @Sendable (any Error) throws(CancellationError) -> GraphQLError

/// Answers GraphQL requests (specification of October 2021) from the tables of a schema.
///
/// Documents and the plans made from them are kept, so that the texts which clients send over and over cost a look-up.
/// Where it is more lenient than the specification stands at `Validator`.
package final class GraphQLExecutor<Context: Sendable>: Sendable {
    package let schema: GraphQLSchema<Context>
    package let limits: GraphQLLimits
    private let translate: GraphQLErrorTranslation
    let cache: DocumentCache

    /// - Parameter translate: for errors other than `GraphQLError`; without one they are told as an internal error.
    package init(
        _ schema: GraphQLSchema<Context>,
        limits: GraphQLLimits = GraphQLLimits(),
        translate: GraphQLErrorTranslation? = nil
    ) {
        self.schema = schema
        self.limits = limits
        cache = DocumentCache(limits)
        let other = translate ?? GraphQLError.hidden
        self.translate = { (error: any Error) throws(CancellationError) -> GraphQLError in
            if let error = error as? GraphQLError { return error }
            return try other(error)
        }
    }

    /// Executes one operation, its fields one after another, and writes the answer.
    ///
    /// Nothing is executed when the document or the variables are at fault. A resolver that fails makes its field
    /// null, or the nearest field above that may be null, and the rest goes on.
    /// - Throws: when the task was cancelled; what was begun by then has had its effects.
    package func execute(
        _ request: GraphQLRequest,
        context: Context
    ) async throws(CancellationError) -> GraphQLResponse {
        let execution: Execution
        let plan: OperationPlan
        do throws(Refusal) {
            (execution, plan) = try begin(request, context)
        } catch {
            return GraphQLResponse(refusedFor: error.errors)
        }
        execution.writer.word("{\"data\":")
        let mark = execution.writer.count
        var (isPlaced, hasFailedEntirely) = await execution.writeRoot(plan.root)
        switch execution.stop {
        case .cancelled: throw CancellationError()
        case .tooLarge:
            let message = "The answer is larger than \(limits.answerBytes) bytes; ask for less at once."
            var error = GraphQLError(.limit, message)
            error.status = 413
            execution.errors = [error]
            (isPlaced, hasFailedEntirely) = (false, true)
        case .tooCostly:
            let message =
                "Query costs more than \(limits.cost), 1 for each object and \(GraphQLLimits.lookUp) for each look-up; "
                + "ask for fewer at once."
            execution.errors = [GraphQLError(.limit, message)]
            (isPlaced, hasFailedEntirely) = (false, true)
        case nil:
            for index in execution.errors.indices { execution.errors[index].path.reverse() }
        }
        if !isPlaced {
            execution.writer.cut(to: mark)
            execution.writer.null()
        }
        execution.writer.errors(execution.errors)
        execution.writer.byte(UInt8(ascii: "}"))
        return GraphQLResponse(execution.writer, errors: execution.errors, hasFailedEntirely: hasFailedEntirely)
    }

    /// Whether a document would be executed, for tests and for documentation.
    /// - Returns: what is wrong with it; empty when nothing is. Contradictions that depend on variables are not found.
    package func problems(in query: String) -> [GraphQLError] {
        do throws(Refusal) {
            _ = try prepared(query)
            return []
        } catch {
            return error.errors
        }
    }

    // MARK: before execution

    private func begin(_ request: GraphQLRequest, _ context: Context) throws(Refusal) -> (Execution, OperationPlan) {
        let document = try prepared(request.query)
        do throws(GraphQLError) {
            let (index, operation) = try Self.operation(request.operationName, of: document.document)
            let variables = try operation.values(of: request.variables)
            let plan = try plan(index, operation, of: document, variables)
            let execution = Execution(
                plan,
                context: GraphQLBox(context),
                variables: variables,
                catalog: schema.catalog,
                limits: limits,
                translate: translate
            )
            return (execution, plan)
        } catch {
            throw Refusal(error)
        }
    }

    /// A document that was parsed and found valid, now or before.
    private func prepared(_ text: String) throws(Refusal) -> PreparedDocument {
        if let known = cache.document(text) { return known }
        let document: Document
        do throws(GraphQLError) {
            document = try Parser.document(text, limits: limits)
        } catch {
            throw Refusal(error)
        }
        var validator = Validator(document, catalog: schema.catalog, limits: limits)
        let problems = validator.problems(in: text)
        guard problems.isEmpty else { throw Refusal(problems) }
        let prepared = PreparedDocument(
            text: text,
            document: document,
            conditionVariables: validator.conditionVariables
        )
        cache.keep(prepared)
        return prepared
    }

    private static func operation(
        _ name: String?,
        of document: Document
    ) throws(GraphQLError) -> (Int, OperationNode) {
        let operations = document.operations
        guard let name, !name.isEmpty else {
            guard operations.count <= 1 else {
                throw GraphQLError(.request, "Must provide operation name if query contains multiple operations.")
            }
            guard let only = operations.first else { throw GraphQLError(.request, "Must provide an operation.") }
            return (0, only)
        }
        guard let index = operations.firstIndex(where: { $0.name == name }) else {
            throw GraphQLError(.request, "Unknown operation named \"\(name)\".")
        }
        return (index, operations[index])
    }

    private func plan(
        _ index: Int,
        _ operation: OperationNode,
        of document: PreparedDocument,
        _ variables: [GraphQLValue?]
    ) throws(GraphQLError) -> OperationPlan {
        var mask = ConditionMask()
        var decisions: [String: Bool] = [:]
        for (index, value) in try operation.decisions(of: document.conditionVariables, variables) {
            mask[index] = value
            decisions[document.conditionVariables[index]] = value
        }
        let key = PreparedDocument.PlanKey(operation: index, mask: mask)
        if let known = document.plan(for: key) { return known }
        var compiler = PlanCompiler(
            operation,
            of: document.document,
            catalog: schema.catalog,
            limits: limits,
            decisions: decisions
        )
        let plan = try compiler.plan()
        document.keep(plan, for: key)
        return plan
    }
}

extension GraphQLError {
    /// For an error that nobody translates: its text may hold what clients must not see.
    static func hidden(_ error: any Error) throws(CancellationError) -> GraphQLError {
        if let error = error as? CancellationError { throw error }
        var told = GraphQLError("Internal server error.", status: 500, code: "INTERNAL_SERVER_ERROR")
        told.cause = error
        return told
    }
}
