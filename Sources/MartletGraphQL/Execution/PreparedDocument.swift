import Synchronization

/// A document that was found valid, with the plans that were made from it.
final class PreparedDocument: Sendable {
    struct PlanKey: Hashable {
        var operation: Int
        var mask: ConditionMask
    }

    /// Plans that are kept per document: as many as its conditions are likely to have combinations.
    private static let mostPlans = 4

    let text: String
    let document: Document
    /// Variables that decide over selections; bit by bit those of a `ConditionMask`.
    let conditionVariables: [String]
    private let plans = Mutex<[PlanKey: OperationPlan]>([:])

    init(text: String, document: Document, conditionVariables: [String]) {
        self.text = text
        self.document = document
        self.conditionVariables = conditionVariables
    }

    func plan(for key: PlanKey) -> OperationPlan? { plans.withLock { $0[key] } }

    /// Keeps a plan, unless it is out of all proportion to the text: that one would cost more memory than it saves time.
    func keep(_ plan: OperationPlan, for key: PlanKey) {
        guard plan.fieldCount <= 64 + text.utf8.count / 4 else { return }
        plans.withLock { plans in
            if plans.count >= Self.mostPlans, plans[key] == nil { plans = [:] }
            plans[key] = plan
        }
    }
}
