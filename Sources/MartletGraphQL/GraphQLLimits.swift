/// What a request may cost before it is refused. Every bound is checked before the work that it bounds is done.
package struct GraphQLLimits: Sendable, Equatable {
    /// Bytes of the document text; variables are not counted.
    package var documentBytes = 1 << 20
    /// Tokens of the document; comments and commas are not counted.
    package var tokens = 100_000
    /// Levels of fields, of spread fragments, and of lists and objects inside a value. It bounds the stack.
    package var depth = 64
    /// Fields of one operation once its fragments are put in place, counted once per concrete type that may stand there.
    package var fields = 5_000
    /// Of those, the ones with an alias: the only way to ask for the same field many times.
    package var aliases = 250
    /// What the execution of one operation may cost: 1 for each object of its answer, `lookUp` for each field that is waited
    /// for. Lists inside lists multiply, and no depth or size of a document tells. The costliest question of a client is for
    /// the 10,000 runs of a sweep with three look-ups each.
    package var cost = 700_000
    /// The cost of a field that is waited for: most ask the database.
    package static let lookUp = 20
    /// Bytes of one answer.
    package var answerBytes = 256 << 20
    /// Errors that one answer lists; what fails beyond them is null all the same.
    package var errors = 100
    /// Documents that are kept parsed.
    package var cachedDocuments = 512
    /// Bytes of the texts of the documents that are kept parsed.
    package var cachedBytes = 1 << 20

    package init() {}
}
