/// Why a login came to nothing: a kind, which the person is told in general words, and the cause, for the log.
struct OpenIDFailure: Error, Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// The provider does not answer, or not as a provider does.
        case unusable
        /// The provider does not take the code.
        case refused
        /// Somebody may have forged or exchanged the answer.
        case untrusted
    }

    var kind: Kind
    /// Without secrets: no code, no token, nothing that a person typed.
    var cause: String

    static func unusable(_ cause: String) -> Self { Self(kind: .unusable, cause: cause) }
    static func refused(_ cause: String) -> Self { Self(kind: .refused, cause: cause) }
    static func untrusted(_ cause: String) -> Self { Self(kind: .untrusted, cause: cause) }

    /// A text from the provider as it goes to the log: printable, and not much of it.
    static func plain(_ text: String) -> String {
        String(text.unicodeScalars.prefix(100).map { (32...126).contains($0.value) ? Character($0) : "?" })
    }
}
