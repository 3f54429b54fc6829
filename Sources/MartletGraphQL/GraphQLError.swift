/// Why a request or one field of it came to nothing.
@usableFromInline
package struct GraphQLError: Error, Sendable {
    package enum Kind: Sendable, Equatable {
        /// The text is no document.
        case syntax
        /// The document asks for what the schema does not have, or contradicts itself.
        case validation
        /// The document is larger, deeper or more repetitive than `GraphQLLimits` allow.
        case limit
        /// No operation could be chosen, or its variables do not fit.
        case request
        /// A resolver failed; the rest of the answer may still be whole.
        case execution
    }

    package enum PathElement: Sendable, Equatable {
        case key(String)
        case index(Int)
    }

    /// A place in the document, both counted from 1, columns in Unicode scalars.
    package struct Location: Sendable, Equatable {
        package var line: Int
        package var column: Int

        package init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    package var kind: Kind
    package var message: String
    package var locations: [Location] = []
    /// From the root of the answer to the field that failed; empty for what failed before execution.
    package var path: [PathElement] = []
    /// The HTTP status that the whole request deserves if nothing else came of it; `nil` where nobody said.
    package var status: Int?
    /// Written as `extensions.code`.
    package var code: String?
    /// What was thrown, for the log; never part of an answer.
    package var cause: (any Error)?

    package init(_ kind: Kind, _ message: String, at locations: [Location] = []) {
        self.kind = kind
        self.message = message
        self.locations = locations
        status = kind == .execution ? nil : 400
    }

    /// What a resolver throws.
    package init(_ message: String, status: Int? = nil, code: String? = nil) {
        kind = .execution
        self.message = message
        self.status = status
        self.code = code
    }
}
