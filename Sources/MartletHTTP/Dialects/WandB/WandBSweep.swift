import MartletCore
import MartletGraphQL

/// A sweep as W&B sees one.
struct WandBSweep: Sendable {
    let sweep: Sweep
    let plan: any SweepPlan
    let project: WandBProject

    /// Opaque to clients.
    var id: String { WandBID.text("Sweep", sweep.id.rawValue) }

    var state: String { sweep.state == .cancelled ? "CANCELED" : sweep.state.rawValue.uppercased() }

    /// `nil` for one that nothing can be set to.
    static func state(of text: String) throws(MartletError) -> Sweep.State? {
        switch text.uppercased() {
        case "PENDING", "": nil
        case "RUNNING": .running
        case "PAUSED": .paused
        case "CANCELED", "CANCELLED": .cancelled
        case "FINISHED": .finished
        default: throw MartletError(.invalidArgument, "'\(text.prefix(100))' is no state of a sweep")
        }
    }
}

extension WandBSweep: WandBFilterable {
    static let title = "a sweep"
    static let fields: [String: @Sendable (WandBSweep) -> JSONValue?] = [
        "name": { .string($0.sweep.name) }, "id": { .string($0.sweep.name) }, "sweep": { .string($0.sweep.name) },
        "display_name": { .text($0.sweep.displayName) }, "displayName": { .text($0.sweep.displayName) },
        "description": { .text($0.sweep.description) }, "state": { .string($0.state) },
        "method": { .string($0.plan.outline.method) }, "config.method": { .string($0.plan.outline.method) },
        "user": { .string($0.sweep.user) }, "username": { .string($0.sweep.user) },
        "created_at": { .time($0.sweep.createdAt) }, "createdAt": { .time($0.sweep.createdAt) },
        "updated_at": { .time($0.sweep.updatedAt) }, "updatedAt": { .time($0.sweep.updatedAt) },
    ]
}

extension JSONValue? {
    /// Nothing for an empty text.
    fileprivate static func text(_ text: String) -> JSONValue? { text.isEmpty ? nil : .string(text) }
}

/// An agent as W&B sees one.
struct WandBAgent: Sendable {
    let agent: SweepAgent
    let sweep: WandBSweep

    /// Opaque to clients.
    var id: String { WandBID.text("Agent", agent.id.rawValue) }

    var state: String {
        switch agent.state {
        case .running: "RUNNING"
        case .exited: "FINISHED"
        case .silent: "CRASHED"
        }
    }

    /// From the text by which clients name one: its id or its name.
    static func id(_ text: String) -> SweepAgent.ID { SweepAgent.ID(WandBID.id(text, of: "Agent") ?? text) }
}

extension WandBContext {
    /// By its short name, or by the id that clients do not look into; `nil` for an unknown one.
    func sweep(_ name: String, of project: WandBProject) async throws(MartletError) -> WandBSweep? {
        let found: Sweep?
        if let id = WandBID.id(name, of: "Sweep") {
            found = try await sweep(Sweep.ID(id), as: project.principal)
        } else {
            found = try await services.sweeps.sweep(
                named: name,
                in: project.experiment.id,
                as: project.principal
            )
        }
        guard let found, found.experimentID == project.experiment.id else { return nil }
        return try sweep(found, of: project)
    }

    func sweep(_ sweep: Sweep, of project: WandBProject) throws(MartletError) -> WandBSweep {
        WandBSweep(sweep: sweep, plan: try services.sweeps.plan(of: sweep), project: project)
    }

    /// - Throws: `notFound`.
    func sweep(_ sweep: Sweep) async throws(MartletError) -> WandBSweep {
        let experiment = try await services.experiments.experiment(sweep.experimentID, as: principal)
        return try self.sweep(sweep, of: WandBProject(experiment: experiment, principal: principal))
    }

    private func sweep(_ id: Sweep.ID, as principal: Principal) async throws(MartletError) -> Sweep? {
        do {
            return try await services.sweeps.sweep(id, as: principal)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Runs of a project by the client's names for them, in the order of the names; deleted ones are left out.
    func runs(named names: [String], of project: WandBProject) async throws(MartletError) -> [WandBRun] {
        guard !names.isEmpty else { return [] }
        let parts = names.map { name in
            Filter.comparison(.init(field: .attribute(.foreignID), relation: .equal, value: .text(name)))
        }
        var search = SearchRuns(experiments: [project.experiment.id], filter: .any(parts), fields: WandBRun.fields)
        search.limit = names.count
        let found = try await services.runs.search(search, as: project.principal)
        let runs = try await runs(found.items, of: project)
        let places = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        return runs.sorted { places[$0.name] ?? 0 < places[$1.name] ?? 0 }
    }

    /// Makes a run that names its sweep one of it, where there is such a sweep.
    func join(_ run: Run.ID, _ name: String, to sweep: String, of project: WandBProject) async throws(MartletError) {
        guard let sweep = try await self.sweep(sweep, of: project) else { return }
        try await services.sweeps.join(run, name: name, sweep: sweep.sweep.id, as: project.principal)
    }
}
