import Foundation
import MartletCore

/// Finds the folders of this machine in which an MLflow store keeps its artifacts.
struct ArtifactPlaces: Sendable {
    /// Where the store itself is; relative paths count from it.
    let base: String
    /// The root that the user named; `nil` to look for it.
    let given: String?

    enum Place {
        case folder(String)
        /// The store has no files of this owner.
        case nothing
        case problem(ImportProblem)
    }

    /// O(candidates) looks at the disk.
    func place(of files: SourceFiles) -> Place {
        let (name, tail) = Self.names(of: files)
        let location = files.location
        let (scheme, path) = Self.split(location)
        guard !location.split(separator: "/").contains(".."), !location.utf8.contains(0) else {
            return .problem(ImportProblem(.refused, of: name, "its artifacts are at '\(location.prefix(200))'"))
        }
        var candidates: [String] = []
        switch scheme {
        case "", "file":
            // A folder that is not named after its owner could be any folder of this machine.
            guard path.hasSuffix("/" + Self.end(of: files)) || path.isEmpty else {
                return .problem(
                    ImportProblem(
                        .refused,
                        of: name,
                        "its artifacts are at '\(location.prefix(200))', which does not end in /\(Self.end(of: files))"
                    )
                )
            }
            if !path.isEmpty { candidates.append(path.hasPrefix("/") ? path : base + "/" + path) }
            candidates += roots.map { $0 + "/" + tail }
        case "mlflow-artifacts": candidates = roots.map { $0 + "/" + path } + roots.map { $0 + "/" + tail }
        default: candidates = given.map { [$0 + "/" + tail] } ?? []
        }
        if let folder = candidates.first(where: LocalFiles.isFolder) { return .folder(folder) }
        let isElsewhere = !["", "file", "mlflow-artifacts"].contains(scheme)
        guard isElsewhere || files.isExpected else { return .nothing }
        return .problem(
            ImportProblem(
                .missing,
                of: name,
                "its artifacts at '\(location.prefix(200))' cannot be read from here; name their folder with "
                    + "--artifacts, or import from the running MLflow server"
            )
        )
    }

    private var roots: [String] {
        (given.map { [$0] } ?? []) + ["mlartifacts", "artifacts", "mlruns", ".", ".trash"].map { base + "/" + $0 }
    }

    /// What the owner is called, and the place below a root that MLflow gives it.
    private static func names(of files: SourceFiles) -> (String, String) {
        switch files.owner {
        case .run(let id): ("run \(id)", files.experiment + "/" + end(of: files))
        case .loggedModel(let id): ("model \(id)", files.experiment + "/models/" + end(of: files))
        case .workspace, .version, .draft: ("the store", "")
        }
    }

    private static func end(of files: SourceFiles) -> String {
        switch files.owner {
        case .run(let id): "\(id)/artifacts"
        case .loggedModel(let id): "\(id)/artifacts"
        case .workspace, .version, .draft: ""
        }
    }

    private static func split(_ location: String) -> (scheme: String, path: String) {
        guard let colon = location.firstIndex(of: ":"),
            location[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else { return ("", location) }
        let scheme = String(location[..<colon])
        var rest = location[location.index(after: colon)...]
        if rest.hasPrefix("//") {
            // The host is not looked at: what stands behind it is below the root.
            rest = rest.dropFirst(2)
            rest = rest[(rest.firstIndex(of: "/") ?? rest.endIndex)...]
        }
        let path = scheme == "file" ? String(rest).removingPercentEncoding ?? String(rest) : String(rest)
        return (scheme, scheme == "mlflow-artifacts" ? String(path.drop { $0 == "/" }) : path)
    }

    func list(_ files: SourceFiles) throws(MartletError) -> Found<[SourceFile]> {
        switch place(of: files) {
        case .folder(let folder): try LocalFiles.list(folder, of: Self.names(of: files).0)
        case .nothing: Found([])
        case .problem(let problem): Found([], problems: [problem])
        }
    }

    func open(_ file: SourceFile, of files: SourceFiles) async throws(MartletError) -> FileContent {
        guard case .folder(let folder) = place(of: files) else {
            throw MartletError(.notFound, "the artifact '\(file.path)' is no longer there")
        }
        return try await LocalFiles.open(folder + "/" + file.path.description)
    }
}
