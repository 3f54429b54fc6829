import Hummingbird
import MartletCore

/// Finds out which workspace a request is about: its dialect says, or `?workspace=` of the native API.
struct WorkspaceChoice: Sendable {
    let workspaces: WorkspaceService
    /// Made once: every request is looked up here.
    private let dialects: [(prefix: String, dialect: any Dialect)]

    init(workspaces: WorkspaceService, dialects: [any Dialect]) {
        self.workspaces = workspaces
        self.dialects = dialects.flatMap { dialect in dialect.pathPrefixes.map { ($0, dialect) } }
    }

    /// - Throws: `notFound` for a workspace that the principal has no business in.
    func confine(_ principal: Principal, _ request: Request) async throws(MartletError) -> Principal {
        let path = request.uri.path
        if path.hasPrefix("/api/v1/") {
            guard request.uri.query?.contains("workspace=") == true,
                let name = try request.queryItems.first("workspace")
            else { return principal }
            return try await workspaces.confine(principal, to: name)
        }
        let dialect = dialects.first { path.hasPrefix($0.prefix) }?.dialect
        return try await dialect?.confine(principal, request) ?? principal
    }
}
