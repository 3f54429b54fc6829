import Foundation
import HTTPTypes
import Hummingbird
import MartletCore
import MartletGraphQL

/// What the resolvers of one request share: who asks, and the ways to the services.
struct WandBContext: Sendable {
    let services: Services
    /// Not confined to a workspace: the client names an entity for each thing.
    let principal: Principal
    private let links: SignedLinks
    private let request: Request

    init(dialect: WandBDialect, principal: Principal, request: Request) {
        services = dialect.services
        links = dialect.links
        self.principal = principal
        self.request = request
    }

    var now: Int64 { services.environment.now() }

    // MARK: entities and projects

    /// Those that the client may name: the workspaces in which it has business.
    func entities() async throws(MartletError) -> [Workspace] {
        try await services.workspaces.workspaces(as: principal)
    }

    /// What stands for an entity that is not named.
    func defaultEntity() async throws(MartletError) -> String {
        try await entities().first?.name ?? Workspace.defaultName
    }

    /// The principal, confined to an entity; `nil` for one that is not there.
    func confined(to entity: String?) async throws(MartletError) -> Principal? {
        let name = if let entity, !entity.isEmpty { entity } else { try await defaultEntity() }
        do {
            return try await services.workspaces.confine(principal, to: name)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// As `confined`, and makes an entity that is not there where the principal may.
    func madeEntity(_ entity: String?) async throws(MartletError) -> Principal {
        if let known = try await confined(to: entity) { return known }
        let name = entity ?? ""
        guard principal.role == .admin else {
            let others = try await entities().map(\.name).joined(separator: ", ")
            throw MartletError(.notFound, "entity \(name) not found; those that you may use: \(others)")
        }
        do {
            try await makeEntity(named: name)
        } catch  where error.code == .alreadyExists {
            // Another process of the same program was faster.
        }
        return try await services.workspaces.confine(principal, to: name)
    }

    /// - Throws: `invalidArgument` for a name with which the addresses that clients print would lead elsewhere.
    func makeEntity(named name: String) async throws(MartletError) {
        guard !WebUIRoutes.isTaken(name) else {
            throw MartletError(
                .invalidArgument,
                "an entity cannot be named '\(name)': addresses that begin with it are this server's own; choose another name"
            )
        }
        _ = try await services.workspaces.create(named: name, WorkspaceChanges(), as: principal)
    }

    /// `nil` when there is no such entity or project.
    func project(_ name: String?, of entity: String?) async throws(MartletError) -> WandBProject? {
        guard let principal = try await confined(to: entity),
            let experiment = try await services.experiments.experiment(named: Self.projectName(name), as: principal),
            experiment.stage == .active
        else { return nil }
        return WandBProject(experiment: experiment, principal: principal)
    }

    /// Makes entity and project where they are not there.
    func madeProject(
        _ name: String?,
        of entity: String?,
        description: String = ""
    ) async throws(MartletError) -> (project: WandBProject, isNew: Bool) {
        let principal = try await madeEntity(entity)
        let wanted = Self.projectName(name)
        let known = try await services.experiments.experiment(named: wanted, as: principal)
        if let known {
            guard known.stage == .active else {
                // A client tries a conflict again for minutes.
                throw MartletError(
                    .failedPrecondition,
                    "project \(wanted) was deleted; restore it, or use another name"
                )
            }
            return (WandBProject(experiment: known, principal: principal), false)
        }
        // The client refuses such a name when a run begins; only one that is there already, another client's, has it.
        guard !wanted.contains(where: Self.forbidden.contains) else {
            throw MartletError(
                .invalidArgument,
                "invalid project name '\(wanted.prefix(100))': it cannot contain any of \(Self.forbidden)"
            )
        }
        do {
            let create = CreateExperiment(name: wanted, purpose: description)
            let made = try await services.experiments.create(create, as: principal)
            return (WandBProject(experiment: made, principal: principal), true)
        } catch  where error.code == .alreadyExists {
            guard let project = try await project(name, of: entity) else { throw error }
            return (project, false)
        }
    }

    private static let forbidden = "/\\#?%:"

    static func projectName(_ name: String?) -> String {
        if let name, !name.isEmpty { name } else { "uncategorized" }
    }

    // MARK: runs

    /// The run of a name in the project of a name, or in one that had that name: a program goes on by the names that it
    /// began with. `nil` for an unknown or deleted one.
    func run(_ name: String, inProject projectName: String?, of entity: String?) async throws(MartletError) -> WandBRun?
    {
        if let project = try await project(projectName, of: entity), let run = try await run(name, of: project) {
            return run
        }
        guard let principal = try await confined(to: entity),
            let id = try await services.runStreams.run(
                foreignID: name,
                formerly: Self.projectName(projectName),
                as: principal
            )
        else { return nil }
        return try await run(id)
    }

    /// `nil` for an unknown or deleted one. Runs of other clients are found by our id.
    func run(_ name: String, of project: WandBProject) async throws(MartletError) -> WandBRun? {
        let known = try await services.runStreams.run(
            foreignID: name,
            in: project.experiment.id,
            as: project.principal
        )
        return try await run(known ?? Run.ID(name), of: project)
    }

    /// `nil` for an unknown or deleted one, or one of another project.
    func run(_ id: Run.ID, of project: WandBProject? = nil) async throws(MartletError) -> WandBRun? {
        let run: Run
        do {
            run = try await services.runs.run(id, fields: WandBRun.fields, as: project?.principal ?? principal)
        } catch  where error.code == .notFound {
            return nil
        }
        guard run.stage == .active, project.map({ $0.experiment.id == run.experimentID }) ?? true else { return nil }
        let home: WandBProject
        if let project {
            home = project
        } else {
            let experiment = try await services.experiments.experiment(run.experimentID, as: principal)
            home = WandBProject(experiment: experiment, principal: principal)
        }
        return try await runs([run], of: home).first
    }

    /// With what they have beside their rows, by two questions for all.
    func runs(_ runs: [Run], of project: WandBProject) async throws(MartletError) -> [WandBRun] {
        let ids = runs.map(\.id)
        let names = try await services.runStreams.foreignIDs(of: ids, as: project.principal)
        let documents = try await services.runStreams.documents(of: ids, as: project.principal)
        return runs.map { run in
            WandBRun(
                run: run,
                name: names[run.id] ?? run.id.rawValue,
                project: project,
                documents: documents[run.id] ?? [:],
                now: now
            )
        }
    }

    // MARK: links

    /// A link does what it allows for whoever holds it: only who may write gets one to write.
    func requireEditor(of run: Run.ID) async throws(MartletError) {
        try await services.access.require(.editor, of: run, as: principal, to: "write artifacts")
    }

    /// A link that needs no login, valid for a day: a slow upload must come to its end.
    func fileURL(_ path: ArtifactPath, of run: Run.ID, for method: HTTPRequest.Method) -> String {
        link(method, ["wandb", "files", run.rawValue] + path.names)
    }

    /// As `fileURL`, for the path that is made of the names.
    func link(_ method: HTTPRequest.Method, _ names: [String]) -> String {
        links.url(for: method, path: "/" + SignedLinks.encoded(names), validFor: .seconds(24 * 3_600), request)
    }
}

/// A project, and who asks for it, confined to its entity.
struct WandBProject: Sendable {
    let experiment: Experiment
    let principal: Principal

    var entity: String { experiment.workspace }
}
