/// Who asks. Every request has one; services decide what it may do.
public struct Principal: Sendable, Equatable {
    public enum Role: String, Codable, Sendable, Comparable {
        case reader
        case writer
        case admin

        private var rank: Int {
            switch self {
            case .reader: 0
            case .writer: 1
            case .admin: 2
            }
        }

        public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
    }

    public var name: String
    public var role: Role

    public init(name: String, role: Role) {
        self.name = name
        self.role = role
    }

    /// The one person of a server that listens on loopback only.
    public static let local = Principal(name: "local", role: .admin)

    /// - Throws: `permissionDenied` when the role is less than `needed`.
    public func require(_ needed: Role, to action: String) throws(MartletError) {
        guard role >= needed else {
            throw MartletError(
                .permissionDenied,
                "\(name) may not \(action): the role \(needed.rawValue) is needed; ask an admin"
            )
        }
    }
}
