/// A type as it is written: `[File!]!`.
@usableFromInline
package indirect enum TypeReference: Sendable, Equatable {
    case named(String)
    case list(TypeReference)
    case required(TypeReference)

    /// The name inside all brackets and exclamation marks.
    package var name: String {
        switch self {
        case .named(let name): name
        case .list(let element): element.name
        case .required(let type): type.name
        }
    }

    var isRequired: Bool {
        if case .required = self { return true }
        return false
    }

    /// Without the exclamation mark at its end.
    var nullable: TypeReference {
        if case .required(let type) = self { return type }
        return self
    }
}

extension TypeReference: CustomStringConvertible {
    @usableFromInline
    package var description: String {
        switch self {
        case .named(let name): name
        case .list(let element): "[\(element)]"
        case .required(let type): "\(type)!"
        }
    }
}
