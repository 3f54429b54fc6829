/// Carries a resolver's object through the executor, which does not know its Swift type.
@usableFromInline
package final class GraphQLBox<Value: Sendable>: Sendable {
    @usableFromInline
    package let value: Value

    @inlinable
    package init(_ value: Value) { self.value = value }
}
