/// What a workspace, an experiment, a run and a logged model are known by.
///
/// All encode as one JSON string.
public protocol StringIdentifier: RawRepresentable<String>, Hashable, Comparable, Codable, Sendable,
    CustomStringConvertible
{
    init(rawValue: String)
}

extension StringIdentifier {
    public init(_ rawValue: String) { self.init(rawValue: rawValue) }
    public var description: String { rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Experiment {
    /// A decimal number, `0` for the experiment that always exists. Encoded as a string, as MLflow does.
    public struct ID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
        public let number: Int64

        public init(_ number: Int64) { self.number = number }

        /// `nil` unless the text is a decimal number ≥ 0 that fits 64 bits.
        public init?(_ text: String) {
            guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text) else {
                return nil
            }
            self.number = number
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let id = Self(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no experiment id")
            }
            self = id
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(description)
        }

        public var description: String { String(number) }
        public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
    }
}

extension Run {
    /// 32 lower-case hexadecimal digits.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

extension LoggedModel {
    /// `m-` and 32 lower-case hexadecimal digits.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

extension ArtifactVersion {
    /// 32 lower-case hexadecimal digits.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

extension ArtifactCollection {
    /// A decimal number, encoded as a string.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(_ number: Int64) { rawValue = String(number) }
        /// -1, which no collection has, for what is no number.
        public var number: Int64 { Int64(rawValue) ?? -1 }
    }
}

extension Sweep {
    /// 32 lower-case hexadecimal digits.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

extension SweepAgent {
    /// 32 lower-case hexadecimal digits.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }
}

/// A SHA-256 as 64 lower-case hexadecimal digits: the name of a blob.
public struct Digest: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}
