import Foundation
import Hummingbird
import MartletCore

/// MLflow's workspaces (`server/handlers.py` and `store/workspace/abstract_store.py`, 3.18).
///
/// They are always on. Archival of traces is not offered, so nothing about it is kept.
extension MLflowDialect {
    func listWorkspaces(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let workspaces = try await services.workspaces.workspaces(as: context.principal)
        return Self.json { writer in
            writer.mlflowList("workspaces", workspaces) { writer, workspace in writer.mlflowWorkspace(workspace) }
        }
    }

    func createWorkspace(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.required("name")
        guard name != Workspace.defaultName else {
            throw MLflowErrors.invalid("The 'default' workspace is reserved and cannot be created")
        }
        try MLflowWorkspaceName.check(name)
        let fields = try Self.workspaceChanges(message)
        let workspace = try await services.workspaces.create(named: name, fields, as: context.principal)
        var response = Self.answer(workspace)
        response.status = .created
        return response
    }

    func workspace(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try Self.workspaceName(context)
        return Self.answer(try await services.workspaces.workspace(named: name, as: context.principal))
    }

    func updateWorkspace(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try Self.workspaceName(context)
        let message = try await MLflowMessage.read(request)
        try message.checkReadable()
        let changes = try Self.workspaceChanges(message)
        guard changes != WorkspaceChanges() else {
            throw MLflowErrors.invalid("Workspace update must have at least one key")
        }
        return Self.answer(try await services.workspaces.update(name, changes, as: context.principal))
    }

    /// `DELETE workspaces/<name>?mode=RESTRICT|SET_DEFAULT|CASCADE`.
    func deleteWorkspace(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try decodedParameter("workspace_name", context)
        guard name != Workspace.defaultName else {
            throw MLflowErrors.invalid("The 'default' workspace is reserved and cannot be deleted")
        }
        try MLflowWorkspaceName.check(name)
        let mode = try request.queryItems.first("mode") ?? "RESTRICT"
        let removal: WorkspaceRemoval
        switch mode {
        case "RESTRICT": removal = .onlyEmpty
        case "SET_DEFAULT": removal = .keepExperiments
        case "CASCADE": removal = .deleteExperiments
        default:
            throw MLflowErrors.invalid(
                "Invalid deletion mode '\(mode.prefix(100))'. Must be one of: SET_DEFAULT, CASCADE, RESTRICT"
            )
        }
        try await services.workspaces.remove(name, removal, as: context.principal)
        return Response(status: .noContent)
    }

    private static func workspaceName(_ context: Context) throws(MartletError) -> String {
        let name = try decodedParameter("workspace_name", context)
        if name != Workspace.defaultName { try MLflowWorkspaceName.check(name) }
        return name
    }

    private static func workspaceChanges(_ message: MLflowMessage) throws(MartletError) -> WorkspaceChanges {
        guard try message.value("trace_archival_config") == nil else {
            throw MLflowErrors.invalid("trace_archival_config: this server does not archive traces; leave it out")
        }
        var changes = WorkspaceChanges(description: try message.string("description"))
        if let root = try message.string("default_artifact_root")?.trimmingCharacters(in: .whitespaces) {
            changes.artifactRoot = root.isEmpty ? .some(nil) : try artifactRoot(root)
        }
        return changes
    }

    /// A relative path would be another folder for each client.
    private static func artifactRoot(_ root: String) throws(MartletError) -> String {
        guard root.hasPrefix("/") || root.contains(":") else {
            throw MLflowErrors.invalid(
                "Invalid value for 'default_artifact_root'. Expected a URI (for example 's3://bucket/prefix' or "
                    + "'mlflow-artifacts:/prefix') or an absolute path, got '\(root.prefix(200))'."
            )
        }
        return try MLflowArtifactLocation.checked(root)
    }

    private static func answer(_ workspace: Workspace) -> Response {
        json { writer in
            writer.key("workspace")
            writer.mlflowWorkspace(workspace)
        }
    }
}

/// How MLflow lets a workspace be called.
enum MLflowWorkspaceName {
    private static let reserved: Set<String> = ["workspaces", "api", "ajax-api", "static-files"]

    /// - Throws: `invalidArgument` with MLflow's messages.
    static func check(_ name: String) throws(MartletError) {
        let shown = name.prefix(200)
        guard (2...63).contains(name.unicodeScalars.count) else {
            throw MLflowErrors.invalid("Workspace name '\(shown)' must be between 2 and 63 characters.")
        }
        let isLegal = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isLegal, !name.hasPrefix("-"), !name.hasSuffix("-") else {
            throw MLflowErrors.invalid(
                "Workspace name '\(shown)' must match the pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ "
                    + "(lowercase alphanumeric with optional internal hyphens)."
            )
        }
        guard !reserved.contains(name) else {
            throw MLflowErrors.invalid("Workspace name '\(shown)' is reserved and cannot be used.")
        }
    }
}

extension JSONWriter {
    fileprivate mutating func mlflowWorkspace(_ workspace: Workspace) {
        beginObject()
        mlflowField("name", workspace.name)
        if !workspace.description.isEmpty { mlflowField("description", workspace.description) }
        if let root = workspace.artifactRoot { mlflowField("default_artifact_root", root) }
        endObject()
    }
}
