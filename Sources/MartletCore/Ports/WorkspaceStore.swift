/// What becomes of the experiments of a workspace that is removed.
public enum WorkspaceRemoval: String, Sendable, CaseIterable {
    /// There must be none, deleted ones included.
    case onlyEmpty
    /// They go to the default workspace.
    case keepExperiments
    /// They go to the default workspace, deleted, under names that tell where they were. They can be restored there
    /// until they are purged.
    case deleteExperiments
}

/// Workspaces and the roles in them. Every method is one transaction, durable once it returns; what changes something
/// stores its line of the audit log with it, where there is one.
package protocol WorkspaceStore: Sendable {
    /// By name, the default one first.
    func workspaces() async throws(MartletError) -> [Workspace]
    /// `nil` when none has the name.
    func workspace(named name: String) async throws(MartletError) -> Workspace?
    /// - Throws: `alreadyExists`.
    func createWorkspace(
        named name: String,
        _ fields: WorkspaceChanges,
        _ entry: AuditEntry?
    ) async throws(MartletError) -> Workspace
    /// - Throws: `notFound`.
    func updateWorkspace(
        _ id: Workspace.ID,
        _ changes: WorkspaceChanges,
        _ entry: AuditEntry?
    ) async throws(MartletError) -> Workspace
    /// Forgets the roles in it and the files that belong to no experiment of it.
    /// - Throws: `notFound`; `failedPrecondition` when experiments are left, or one would take another's name.
    func removeWorkspace(
        _ id: Workspace.ID,
        _ removal: WorkspaceRemoval,
        _ entry: AuditEntry?
    ) async throws(MartletError)
    /// By name of the account. - Throws: `notFound`.
    func roles(in workspace: Workspace.ID) async throws(MartletError) -> [WorkspaceRole]
    /// - Parameter role: `nil` for none.
    /// - Throws: `notFound` for the workspace or the account.
    func setRole(
        _ role: Principal.Role?,
        of account: Account.ID,
        in workspace: Workspace.ID,
        _ entry: AuditEntry
    ) async throws(MartletError)
}
