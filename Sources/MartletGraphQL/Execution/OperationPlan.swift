/// An operation made ready: fragments in place, conditions decided, fields of the same key merged, types looked up.
final class OperationPlan: Sendable {
    let root: SelectionPlan
    /// How many fields have arguments that depend on variables.
    let slots: Int
    /// Fields of all levels.
    let fieldCount: Int

    init(root: SelectionPlan, slots: Int, fieldCount: Int) {
        self.root = root
        self.slots = slots
        self.fieldCount = fieldCount
    }
}

/// What is asked of an object of one concrete type.
final class SelectionPlan: Sendable {
    let typeName: String
    /// In the order of the answer; no response key occurs twice.
    let fields: [FieldPlan]
    /// Whether nothing here and below is waited for.
    let isSynchronous: Bool

    init(typeName: String, fields: [FieldPlan]) {
        self.typeName = typeName
        self.fields = fields
        isSynchronous = fields.allSatisfy(\.isSynchronous)
    }
}

final class FieldPlan: Sendable {
    let responseKey: String
    /// `"key":` as it is written.
    let keyText: [UInt8]
    let definition: FieldDefinition
    let arguments: ArgumentPlan
    /// One for each concrete type that may stand here; empty for a leaf.
    let children: [SelectionPlan]
    /// Whether nothing below is waited for.
    let isSynchronousBelow: Bool
    /// Whether neither the field itself nor anything below is waited for.
    let isSynchronous: Bool

    init(responseKey: String, definition: FieldDefinition, arguments: ArgumentPlan, children: [SelectionPlan]) {
        self.responseKey = responseKey
        var writer = AnswerWriter()
        writer.string(responseKey)
        writer.byte(UInt8(ascii: ":"))
        keyText = writer.bytes
        self.definition = definition
        self.arguments = arguments
        self.children = children
        isSynchronousBelow = children.allSatisfy(\.isSynchronous)
        isSynchronous = isSynchronousBelow && definition.resolver.isSynchronous
    }

    /// The plan for an object; `nil` when none of its type may stand here, or when it does not say which it is and
    /// there is more than one.
    func child(for typeName: String?) -> SelectionPlan? {
        guard let typeName else { return children.count == 1 ? children[0] : nil }
        return children.first { $0.typeName == typeName }
    }
}
