/// One named type.
struct TypeDefinition: Sendable {
    enum Kind: String, Sendable {
        case scalar = "SCALAR"
        case object = "OBJECT"
        case interface = "INTERFACE"
        case union = "UNION"
        case enumeration = "ENUM"
        case input = "INPUT_OBJECT"
    }

    var name: String
    var kind: Kind
    /// In the order of declaration; of objects and interfaces.
    var fields: [FieldDefinition] = []
    var fieldsByName: [String: FieldDefinition] = [:]
    /// The concrete types that may stand here: itself for an object.
    var possibleTypes: [String] = []
    /// The interfaces that an object has.
    var interfaces: [String] = []
    /// Of an enumeration.
    var values: [String] = []
    /// Of an input object.
    var inputs: [ArgumentDefinition] = []
    /// The Swift type of the objects that its resolvers take; `nil` for records.
    var swiftType: ObjectIdentifier?

    var isComposite: Bool { kind == .object || kind == .interface || kind == .union }

    func field(_ name: String) -> FieldDefinition? {
        name == "__typename" ? FieldDefinition.typename : fieldsByName[name]
    }
}
