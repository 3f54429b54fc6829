/// How a field of an object comes to its value. The executor does not know the Swift types: closures made by the
/// builders unpack them.
@usableFromInline
package enum FieldResolver: Sendable {
    @usableFromInline
    package typealias Source = any AnyObject & Sendable

    /// From the object alone.
    case property(@Sendable (Source) throws -> GraphQLOutput)
    case synchronous(@Sendable (Source, ErasedCall) throws -> GraphQLOutput)
    case asynchronous(@Sendable (Source, ErasedCall) async throws -> GraphQLOutput)
    /// Only a record has it.
    case member
    /// The name of the object's type.
    case typename

    var isSynchronous: Bool {
        if case .asynchronous = self { return false }
        return true
    }
}
