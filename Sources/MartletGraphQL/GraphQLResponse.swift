/// What a client is answered.
package struct GraphQLResponse: Sendable {
    /// JSON: `{"data":…}`, and `"errors":[…]` after it when there are any.
    package var body: [UInt8]
    /// As listed in the body, with what is for the log alone.
    package var errors: [GraphQLError]
    /// Whether the operation was begun. Else nothing was executed, and `data` is null.
    package var wasExecuted: Bool
    /// Whether nothing came of the request: it was refused, or an error stands behind each of its first fields.
    package var hasFailedEntirely: Bool

    /// The HTTP status that suits: 200 as soon as there is something to tell, else that of the first error, and 200
    /// where that names none.
    package var status: Int { hasFailedEntirely ? errors.first?.status ?? 200 : 200 }

    /// An answer to a request of which nothing was executed.
    package init(refusedFor errors: [GraphQLError]) {
        self.errors = errors
        wasExecuted = false
        hasFailedEntirely = true
        var writer = AnswerWriter()
        writer.word("{\"data\":null")
        writer.errors(errors)
        writer.byte(UInt8(ascii: "}"))
        body = writer.bytes
    }

    init(_ writer: AnswerWriter, errors: [GraphQLError], hasFailedEntirely: Bool) {
        body = writer.bytes
        self.errors = errors
        wasExecuted = true
        self.hasFailedEntirely = hasFailedEntirely
    }
}
