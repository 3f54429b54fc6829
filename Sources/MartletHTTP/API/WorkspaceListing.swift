import MartletCore

/// The workspace that a list is of, and those that one may choose instead.
struct WorkspaceListing {
    /// Who asks, in the workspace that the list is of.
    let principal: Principal
    private let workspaces: [Workspace]

    /// Who has no business in the default one and names none sees the first that there is for them.
    init(for principal: Principal, _ services: Services) async throws(MartletError) {
        workspaces = try await services.workspaces.workspaces(as: principal)
        var principal = principal
        if principal.workspace == nil, let first = workspaces.first { principal.workspace = first.id }
        self.principal = principal
    }

    /// Writes the fields `workspace` and, where there are several, `workspaces`.
    func write(to json: inout JSONWriter) {
        let current = workspaces.first { $0.id == principal.currentWorkspace }
        json.field("workspace", current?.name ?? Workspace.defaultName)
        guard workspaces.count > 1 else { return }
        json.key("workspaces")
        json.beginArray()
        for workspace in workspaces { json.string(workspace.name) }
        json.endArray()
    }
}
