/// Fields of one object type while they are declared.
@usableFromInline
package struct FieldDeclarations {
    let owner: String
    var fields: [FieldDefinition] = []
    var connections: Set<String> = []
    var problems: [String] = []

    init(owner: String) { self.owner = owner }

    mutating func add(_ name: String, _ type: String, _ arguments: [String], _ resolver: FieldResolver) {
        do {
            add(name, try Parser.type(type), arguments, resolver)
        } catch {
            problems.append("\(owner).\(name), '\(type)': \(error.message)")
        }
    }

    mutating func add(_ name: String, _ type: TypeReference, _ arguments: [String], _ resolver: FieldResolver) {
        var definitions: [ArgumentDefinition] = []
        for argument in arguments {
            do {
                definitions.append(try ArgumentDefinition(argument))
            } catch {
                problems.append("\(owner).\(name), '\(argument)': \(error.message)")
            }
        }
        fields.append(
            FieldDefinition(name: name, owner: owner, type: type, arguments: definitions, resolver: resolver)
        )
    }
}
