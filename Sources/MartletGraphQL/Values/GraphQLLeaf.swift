/// A Swift value that is a scalar, or a list of scalars, of its own accord.
@usableFromInline
package protocol GraphQLLeaf: Sendable {
    /// What a field that gives it is declared as when nothing else is said.
    static var graphQLType: TypeReference { get }
    var graphQL: GraphQLOutput { get }
}

extension String: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { .named("String") }
    @inlinable
    package var graphQL: GraphQLOutput { .string(self) }
}

extension Int: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { .named("Int") }
    @inlinable
    package var graphQL: GraphQLOutput { .int(Int64(self)) }
}

extension Int64: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { .named("Int64") }
    @inlinable
    package var graphQL: GraphQLOutput { .int(self) }
}

extension Double: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { .named("Float") }
    @inlinable
    package var graphQL: GraphQLOutput { .double(self) }
}

extension Bool: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { .named("Boolean") }
    @inlinable
    package var graphQL: GraphQLOutput { .bool(self) }
}

extension Optional: GraphQLLeaf where Wrapped: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { Wrapped.graphQLType }
    @inlinable
    package var graphQL: GraphQLOutput { self?.graphQL ?? .null }
}

extension Array: GraphQLLeaf where Element: GraphQLLeaf {
    @usableFromInline
    package static var graphQLType: TypeReference { .list(Element.graphQLType) }
    @inlinable
    package var graphQL: GraphQLOutput { .list(map(\.graphQL)) }
}

/// An enumeration of names becomes a leaf by `extension Status: GraphQLLeaf {}`.
extension GraphQLLeaf where Self: RawRepresentable, RawValue == String {
    @usableFromInline
    package static var graphQLType: TypeReference { .named("String") }
    @inlinable
    package var graphQL: GraphQLOutput { .string(rawValue) }
}
