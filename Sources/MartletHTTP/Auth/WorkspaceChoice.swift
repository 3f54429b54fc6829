import Hummingbird
import MartletCore

/// Finds out which workspace a request is about: its dialect says, or `?workspace=` of the native API.
struct WorkspaceChoice: Sendable {
    let workspaces: WorkspaceService
    let dialects: [any Dialect]

    /// - Throws: `notFound` for a workspace that the principal has no business in.
    func confine(_ principal: Principal, _ request: Request) async throws(MartletError) -> Principal {
        let path = request.uri.path
        if path.hasPrefix("/api/v1/") {
            guard request.uri.query?.contains("workspace=") == true,
                let name = try request.queryItems.first("workspace")
            else { return principal }
            return try await workspaces.confine(principal, to: name)
        }
        let dialect = dialects.first { dialect in dialect.pathPrefixes.contains { path.hasPrefix($0) } }
        return try await dialect?.confine(principal, request) ?? principal
    }
}
