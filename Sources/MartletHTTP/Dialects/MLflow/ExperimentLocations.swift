import MartletCore
import Synchronization

/// Where the experiments' artifacts are, remembered: the place of an experiment never changes, and every answer
/// about a run holds it.
final class ExperimentLocations: Sendable {
    // A class, because copies of the dialect share what one of them learnt.
    private static let most = 10_000
    private let known = Mutex<[Experiment.ID: String]>([:])

    func location(
        of id: Experiment.ID,
        services: Services,
        as principal: Principal
    ) async throws(MartletError) -> String {
        if let location = known.withLock({ $0[id] }) { return location }
        let location = try await services.experiments.experiment(id, as: principal).artifactLocation
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[id] = location
        }
        return location
    }
}

/// MLflow's places of artifacts: `mlflow-artifacts:/<path>` is a path of this server.
enum MLflowArtifactURI {
    static func ofRun(_ id: Run.ID, in location: String) -> String {
        ArtifactLocation.appending("\(id)/artifacts", to: location)
    }

    /// Of a version of artifacts, whose files this server keeps wherever those of its experiment are.
    static func ofVersion(_ version: ArtifactVersion) -> String {
        "mlflow-artifacts:/\(version.experimentID)/versions/\(version.id)/artifacts"
    }

    /// The path that this server keeps for a URI; `nil` when the files are elsewhere.
    static func servedPath(of uri: String) -> String? {
        let scheme = "mlflow-artifacts:"
        guard uri.hasPrefix(scheme) else { return nil }
        var rest = uri.dropFirst(scheme.count)
        if rest.hasPrefix("//"), !rest.hasPrefix("///") {
            rest = rest.dropFirst(2).drop { $0 != "/" }
        }
        return String(rest.drop { $0 == "/" })
    }

    /// Whose file a path of the proxy is: `<experiment>/<run>/artifacts/…`, `<experiment>/models/<model>/artifacts/…`,
    /// `<experiment>/versions/<version>/artifacts/…`, or nobody's but the workspace's.
    static func place(
        of path: ArtifactPath,
        in workspace: Workspace.ID
    ) throws(MartletError) -> (owner: ArtifactOwner, path: ArtifactPath) {
        let names = path.names
        guard let first = names.first, Experiment.ID(first) != nil else { return (.workspace(workspace), path) }
        if names.count >= 3, names[2] == "artifacts", isRunID(names[1]) {
            return (.run(Run.ID(names[1])), try tail(names, from: 3))
        }
        if names.count >= 4, names[1] == "models", names[3] == "artifacts", names[2].hasPrefix("m-"),
            isRunID(names[2].dropFirst(2))
        {
            return (.loggedModel(LoggedModel.ID(names[2])), try tail(names, from: 4))
        }
        if names.count >= 4, names[1] == "versions", names[3] == "artifacts", isRunID(names[2]) {
            return (.version(ArtifactVersion.ID(names[2])), try tail(names, from: 4))
        }
        return (.workspace(workspace), path)
    }

    private static func tail(_ names: [String], from index: Int) throws(MartletError) -> ArtifactPath {
        try MLflowDialect.safePath(names[index...].joined(separator: "/"))
    }

    static func isRunID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
