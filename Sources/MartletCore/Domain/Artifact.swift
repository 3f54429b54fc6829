/// Whose tree of files a path belongs to.
public enum ArtifactOwner: Sendable, Hashable {
    case run(Run.ID)
    case loggedModel(LoggedModel.ID)
    /// Files that were put beside any run or model.
    case workspace(Workspace.ID)
    /// The content of a version, which takes files until it is committed.
    case version(ArtifactVersion.ID)
    /// What a client says of a version's content, until that is committed.
    case draft(ArtifactVersion.ID)

    /// The form that is stored: `run:<id>`, `model:<id>`, `workspace` for the default one, `workspace:<number>`,
    /// `version:<id>`, `draft:<id>`.
    public var key: String {
        switch self {
        case .run(let id): "run:\(id.rawValue)"
        case .loggedModel(let id): "model:\(id.rawValue)"
        case .workspace(.default): "workspace"
        case .workspace(let id): "workspace:\(id)"
        case .version(let id): "version:\(id)"
        case .draft(let id): "draft:\(id)"
        }
    }

    /// From the form that is stored; `nil` for anything else.
    public init?(key: String) {
        let parts = key.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.dropFirst().first) {
        case ("run", let id?): self = .run(Run.ID(id))
        case ("model", let id?): self = .loggedModel(LoggedModel.ID(id))
        case ("version", let id?): self = .version(ArtifactVersion.ID(id))
        case ("draft", let id?): self = .draft(ArtifactVersion.ID(id))
        case ("workspace", nil): self = .workspace(.default)
        case ("workspace", let number?):
            guard let number = Int64(number) else { return nil }
            self = .workspace(Workspace.ID(number))
        default: return nil
        }
    }
}

/// A place in a tree of files: names joined by `/`, none of them empty, `.` or `..`; empty for the root.
public struct ArtifactPath: Sendable, Hashable, CustomStringConvertible {
    public let names: [String]

    /// Longest path in UTF-8 bytes.
    public static let longest = 4_096

    /// Checks a path that is already percent-decoded once.
    ///
    /// Refused: absolute paths, `..` and `.` (also when percent-encoded once more), backslashes, control
    /// characters, drive letters, `~/`, empty names (a single trailing `/` is dropped) and paths over `longest`.
    /// - Throws: `invalidArgument`.
    public init(_ text: String) throws(MartletError) {
        names = try Self.checkedNames(of: text)
    }

    private init(names: [String]) {
        self.names = names
    }

    public static let root = ArtifactPath(names: [])

    public var description: String { names.joined(separator: "/") }
    public var isRoot: Bool { names.isEmpty }
    public var name: String { names.last ?? "" }
    public var folder: ArtifactPath { ArtifactPath(names: Array(names.dropLast())) }
    public func appending(_ name: String) -> ArtifactPath { ArtifactPath(names: names + [name]) }
}

/// One line of a listing.
public struct ArtifactEntry: Codable, Sendable, Equatable {
    /// Last name of the path.
    public var name: String
    /// Whole path below the owner's root.
    public var path: String
    public var isFolder: Bool
    /// Bytes; `nil` for a folder.
    public var size: Int64?
    /// `nil` for a folder, and for a file of many parts whose digest is not computed yet.
    public var digest: Digest?
    public var md5: String?
    /// Milliseconds since 1970-01-01 UTC; 0 for a folder.
    public var modifiedAt: Int64

    public init(
        name: String,
        path: String,
        isFolder: Bool,
        size: Int64?,
        digest: Digest?,
        md5: String?,
        modifiedAt: Int64
    ) {
        self.name = name
        self.path = path
        self.isFolder = isFolder
        self.size = size
        self.digest = digest
        self.md5 = md5
        self.modifiedAt = modifiedAt
    }
}
