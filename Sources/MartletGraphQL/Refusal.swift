/// Errors that refuse a request before anything of it is executed. Never empty.
struct Refusal: Error {
    var errors: [GraphQLError]

    init(_ errors: [GraphQLError]) { self.errors = errors }
    init(_ error: GraphQLError) { errors = [error] }
    init(_ kind: GraphQLError.Kind, _ message: String) { errors = [GraphQLError(kind, message)] }
}
