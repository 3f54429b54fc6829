import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addRunMutations(to schema: inout Builder) {
        schema.mutation { mutation in
            mutation.mutation(
                "upsertBucket",
                input: [
                    "id: String", "name: String", "modelName: String", "entityName: String", "groupName: String",
                    "description: String", "displayName: String", "notes: String", "config: JSONString",
                    "commit: String", "host: String", "debug: Boolean", "jobProgram: String", "jobRepo: String",
                    "jobType: String", "state: String", "sweep: String", "tags: [String!]",
                    "summaryMetrics: JSONString",
                ],
                payload: ["bucket": "Run", "inserted": "Boolean", "serverSettings": "ServerSettings"],
                upsertRun
            )
            mutation.mutation(
                "deleteRun",
                input: ["id: ID!", "deleteArtifacts: Boolean"],
                payload: ["success": "Boolean"]
            ) { call, input in
                let run = try await call.context.run(id: try input.requiredID("id"))
                let (services, principal) = (call.context.services, call.context.principal)
                if try input.bool("deleteArtifacts") == true {
                    for version in try await services.versions.versions(.output, of: run.run.id, as: principal) {
                        try await services.versions.delete(version.id, withAliases: true, as: principal)
                    }
                }
                try await services.runs.move([run.run.id], to: .deleted, as: principal)
                return .record(["success": true])
            }
            mutation.mutation("stopRun", input: ["id: ID!"], payload: ["success": "Boolean"]) { call, input in
                let run = try await call.context.run(id: try input.requiredID("id"))
                // Nobody is there to be stopped, and the next program would be.
                guard !run.hasEnded else { return .record(["success": true]) }
                let tag = Tag(key: WandBTag.stop.key, value: "1")
                try await call.context.services.runs.tag(
                    [run.run.id],
                    set: [tag],
                    delete: [],
                    as: call.context.principal
                )
                return .record(["success": true])
            }
            mutation.mutation(
                "updateRunState",
                input: ["id: ID!", "state: String!"],
                payload: ["success": "Boolean"],
                updateRunState
            )
            mutation.mutation(
                "rewindRun",
                input: [
                    "runName: String!", "entityName: String", "projectName: String", "metricName: String!",
                    "metricValue: Float!",
                ],
                payload: ["rewoundRun": "Run"],
                rewind
            )
        }
    }

    // MARK: state

    /// From which states a run is set to another: to wait again, or to be given up by who knows that its program is gone.
    private static let settable: [String: Set<String>] = [
        "pending": ["running", "failed", "crashed", "preempting", "preempted"],
        "failed": ["pending", "running", "crashed", "preempting", "preempted"],
    ]

    private static func updateRunState(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let run = try await call.context.run(id: try input.requiredID("id"))
        let state = try input.requiredString("state")
        let status = try WandBRun.status(of: state)
        guard run.tag(.sweep) == nil else {
            throw MartletError(.failedPrecondition, "run \(run.name) belongs to a sweep, which sets its state")
        }
        guard settable[state]?.contains(run.state) == true else {
            throw MartletError(
                .failedPrecondition,
                "run \(run.name) is \(run.state) and cannot become \(state): a run becomes pending from running, failed, "
                    + "crashed or preempted, and failed from pending, running, crashed or preempted"
            )
        }
        let (runs, principal) = (call.context.services.runs, call.context.principal)
        let changes = RunChanges(status: status, endedAt: status == .failed ? call.context.now : nil)
        _ = try await runs.update(run.run.id, changes, as: principal)
        if run.tag(.preempting) != nil {
            try await runs.tag([run.run.id], set: [], delete: [WandBTag.preempting.key], as: principal)
        }
        return .record(["success": true])
    }

    // MARK: upsert

    private static func upsertRun(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let (run, isNew) = try await target(context, input)
        let id = run.run.id
        try await setFields(of: run, context, input)
        if let given = try input.string("config") {
            let config = isNew ? given : try await shared(given, of: run, context)
            let params = try WandBConfig.params(of: config)
            if let point = WandBRun.BranchPoint(config), run.branchPoint == nil {
                try await fork(run, from: point, context)
            }
            try await context.services.runStreams.setConfig(config, params: params, of: id, as: run.project.principal)
        }
        if let summary = try input.string("summaryMetrics") {
            guard case .object = try JSONText.lenient(summary) else {
                throw MartletError(.invalidArgument, "summaryMetrics is no JSON object")
            }
            let chunk = StreamChunk(documents: [.summary: summary])
            try await context.services.runStreams.append(chunk, to: id, as: run.project.principal)
        }
        if let sweep = try input.string("sweep"), !sweep.isEmpty, sweep != run.tag(.sweep) {
            try await context.join(id, run.name, to: sweep, of: run.project)
        }
        return .record([
            "bucket": .object(try await context.run(id, of: run.project)), "inserted": .bool(isNew),
            "serverSettings": .record(["serverMessages": []]),
        ])
    }

    /// Programs that write to one run at once know only what each was given: none takes the others' out.
    private static func shared(_ config: String, of run: WandBRun, _ context: WandBContext) async throws -> String {
        guard let known = run.documents[.config] else { return config }
        let (streams, principal) = (context.services.runStreams, run.project.principal)
        let all = try await streams.state(of: run.run.id, writer: nil, as: principal)
        let own = try await streams.state(of: run.run.id, writer: "", as: principal)
        guard all.historyLines > own.historyLines || all.eventLines > own.eventLines else { return config }
        return try WandBConfig.joined(known, config)
    }

    /// Gives a fork what its source logged up to the step that it goes on from.
    private static func fork(_ run: WandBRun, from point: WandBRun.BranchPoint, _ context: WandBContext) async throws {
        guard let source = try await context.run(point.run, of: run.project) else {
            throw MartletError(.notFound, "the run '\(point.run.prefix(100))' to fork from is not in this project")
        }
        try await context.services.runStreams.copyHistory(
            of: source.run.id,
            upTo: point.step,
            besides: source.keys(.machineKeys),
            to: run.run.id,
            as: run.project.principal
        )
        let origin = Tag(key: WandBTag.forkedFrom.key, value: "\(source.name) at step \(point.step)")
        try await context.services.runs.tag([run.run.id], set: [origin], delete: [], as: run.project.principal)
        let (streams, principal) = (context.services.runStreams, run.project.principal)
        let keys = try await streams.objectKeys(of: run.run.id, as: principal).map(\.key)
        guard !keys.isEmpty else { return }
        var paths: Set<String> = []
        for object in try await streams.table(of: run.run.id, keys: keys, as: principal).objects {
            if let value = try? JSONText.lenient(object.json) { addFiles(of: value, to: &paths) }
        }
        try await context.services.artifacts.copy(
            paths.sorted().compactMap { try? WandBDialect.path($0) },
            of: .run(source.run.id),
            to: .run(run.run.id),
            as: principal
        )
    }

    /// The paths of files that an image, a table or another object of the media names.
    private static func addFiles(of value: JSONValue, to paths: inout Set<String>) {
        switch value {
        case .object(let members):
            if value["_type"] != nil, case .string(let path)? = value["path"] { paths.insert(path) }
            for member in members { addFiles(of: member.value, to: &paths) }
        case .array(let elements): for element in elements { addFiles(of: element, to: &paths) }
        default: break
        }
    }

    /// The run that is meant, made where it is not there.
    private static func target(
        _ context: WandBContext,
        _ input: GraphQLArguments
    ) async throws -> (run: WandBRun, isNew: Bool) {
        if let id = try input.id("id"), !id.isEmpty {
            let known = try await context.run(id: id)
            return (known, false)
        }
        let (projectName, entity) = (try input.string("modelName"), try input.string("entityName"))
        let given = try input.string("name") ?? ""
        let name = given.isEmpty ? WandBRunName.random() : given
        try WandBRunName.check(name)
        if !given.isEmpty, let known = try await context.run(name, inProject: projectName, of: entity) {
            // By a former name of its project only while its program goes on: who begins anew does so in a new project.
            let isHere = known.project.experiment.name == WandBContext.projectName(projectName)
            if isHere || known.run.status == .running && !known.run.isStalled(now: context.now) {
                return (known, false)
            }
        }
        let made = try await context.madeProject(projectName, of: entity)
        let create = CreateRun(
            experimentID: made.project.experiment.id,
            foreignID: name,
            name: try input.string("displayName"),
            user: made.project.principal.name,
            startedAt: context.now
        )
        return try await context.madeRun(create, name, of: made.project)
    }

    private static func setFields(
        of run: WandBRun,
        _ context: WandBContext,
        _ input: GraphQLArguments
    ) async throws {
        var changes = RunChanges(notes: try input.string("notes"))
        if let name = try input.string("displayName"), !name.isEmpty, name != run.run.name { changes.name = name }
        if let state = try input.string("state") { changes.status = try WandBRun.status(of: state) }
        // A run that was chosen for an agent begins when its program says so; others change it by its id.
        if run.run.status == .scheduled, changes.status == nil, try input.id("id") == nil { changes.status = .running }
        if changes != RunChanges() {
            _ = try await context.services.runs.update(run.run.id, changes, as: run.project.principal)
        }
        var set: [Tag] = []
        var deleted: [String] = []
        let fields: [(WandBTag, String)] = [
            (.group, "groupName"), (.jobType, "jobType"), (.description, "description"), (.commit, "commit"),
            (.host, "host"), (.program, "jobProgram"), (.repository, "jobRepo"), (.sweep, "sweep"),
        ]
        for (tag, name) in fields {
            guard let value = try input.string(name), value != run.tag(tag) else { continue }
            if value.isEmpty { deleted.append(tag.key) } else { set.append(Tag(key: tag.key, value: value)) }
        }
        if let labels = try input.strings("tags") { try setLabels(labels, of: run, &set, &deleted) }
        // Who was asked to stop and has ended, or is silent, has stopped: what begins now is another program.
        let isSilent = context.now - run.run.heartbeatAt > 60_000
        if run.tag(.stop) == "1", isSilent || run.hasEnded, try input.id("id") == nil {
            deleted.append(WandBTag.stop.key)
        }
        // Who changes it from outside names it by its id, and does not begin it.
        if run.tag(.preempting) == "1", isSilent, try input.id("id") == nil { deleted.append(WandBTag.preempting.key) }
        deleted.removeAll { key in !run.run.tags.contains { $0.key == key } }
        guard !set.isEmpty || !deleted.isEmpty else { return }
        try await context.services.runs.tag([run.run.id], set: set, delete: deleted, as: run.project.principal)
    }

    private static func setLabels(
        _ labels: [String],
        of run: WandBRun,
        _ set: inout [Tag],
        _ deleted: inout [String]
    ) throws(MartletError) {
        for label in labels where label.isEmpty || label.utf8.contains(0) || label.unicodeScalars.count > 256 {
            throw MartletError(.invalidArgument, "a tag has 1 to 256 characters: '\(label.prefix(100))'")
        }
        let isKey = { (label: String) in Rules.isWellFormed(label) && !label.hasPrefix(WandBTag.prefix) }
        let (plain, other) = (Set(labels.filter(isKey)), Set(labels.filter { !isKey($0) }))
        let known = Set(run.labels.filter(isKey))
        set += plain.subtracting(known).sorted().map { Tag(key: $0, value: "") }
        deleted += known.subtracting(plain).sorted()
        guard other != Set(run.otherLabels) else { return }
        var json = JSONWriter()
        json.value(.array(other.sorted().map { .string($0) }))
        if other.isEmpty {
            deleted.append(WandBTag.labels.key)
        } else {
            set.append(Tag(key: WandBTag.labels.key, value: json.text))
        }
    }

    // MARK: rewind

    /// Takes a run back to a step: what is after it goes.
    private static func rewind(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let run = try await call.context.writableRun(input)
        guard try input.requiredString("metricName") == "_step" else {
            throw MartletError(.invalidArgument, "a run is rewound to a value of _step")
        }
        let value = try input.requiredDouble("metricValue")
        guard value >= 0, value < 9e15 else {
            throw MartletError(.invalidArgument, "metricValue is no step: \(value)")
        }
        let principal = run.project.principal
        _ = try await call.context.services.runs.truncateMetrics(
            of: run.run.id,
            from: Int64(value) + 1,
            as: principal
        )
        _ = try await call.context.services.runs.update(run.run.id, RunChanges(status: .running), as: principal)
        return .record(["rewoundRun": .object(try await call.context.run(run.run.id, of: run.project))])
    }
}

extension WandBContext {
    /// Several processes may begin one run at once: all but one find it there.
    func madeRun(
        _ create: CreateRun,
        _ name: String,
        of project: WandBProject
    ) async throws(MartletError) -> (run: WandBRun, isNew: Bool) {
        do {
            let made = try await services.runs.create(create, as: project.principal)
            let runs = try await runs([made], of: project)
            return (runs[0], true)
        } catch {
            guard error.code == .alreadyExists else { throw error }
            if let known = try await run(name, of: project) { return (known, false) }
            // A conflict would be tried again for minutes.
            throw MartletError(.failedPrecondition, "the run '\(name)' was deleted; use another id, or restore it")
        }
    }

    /// - Throws: `notFound`.
    func run(id text: String) async throws(MartletError) -> WandBRun {
        guard let id = WandBID.id(text, of: "Run"), let run = try await run(Run.ID(id)) else {
            throw MartletError(.notFound, "run \(text.prefix(100)) not found")
        }
        return run
    }

    /// The run that `entityName`, `projectName` and `runName` mean.
    /// - Throws: `notFound`.
    func writableRun(_ input: GraphQLArguments) async throws -> WandBRun {
        let (entity, name) = (try input.string("entityName"), try input.requiredString("runName"))
        let projectName = try input.string("projectName")
        guard let run = try await run(name, inProject: projectName, of: entity) else {
            throw MartletError(.notFound, "run \(projectName ?? "uncategorized")/\(name) not found")
        }
        return run
    }
}

/// Names of runs, which clients call ids.
enum WandBRunName {
    private static let longest = 128

    /// Eight letters and digits, as the client makes them.
    static func random() -> String {
        String((0..<8).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() ?? "0" })
    }

    /// - Throws: `invalidArgument`.
    static func check(_ name: String) throws(MartletError) {
        let isLegal = name.unicodeScalars.allSatisfy { !":;,#?/'\\%".unicodeScalars.contains($0) && $0.value >= 0x20 }
        guard isLegal, name.unicodeScalars.count <= longest else {
            throw MartletError(
                .invalidArgument,
                "invalid run ID '\(name.prefix(100))': at most \(longest) characters, none of : ; , # ? / % ' \\"
            )
        }
    }
}
