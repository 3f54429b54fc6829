import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addRuns(to schema: inout Builder) {
        schema.object("Run", WandBRun.self) { run in
            run.field("id", "ID!") { .string($0.id) }
            run.field("name", \.name)
            run.field("displayName") { $0.run.name }
            run.field("description") { $0.tag(.description) ?? "" }
            run.field("notes") { $0.run.notes }
            run.field("state", \.state)
            run.field("failed") { $0.state == "failed" || $0.state == "crashed" }
            run.field("running") { $0.state == "running" }
            run.field("tags", \.labels)
            run.field("group", "String") { .value($0.tag(.group)) }
            run.field("jobType", "String") { .value($0.tag(.jobType)) }
            run.field("commit", "String") { .value($0.tag(.commit)) }
            run.field("host", "String") { .value($0.tag(.host)) }
            run.field("program", "String") { .value($0.tag(.program)) }
            run.field("sweepName", "String") { .value($0.tag(.sweep)) }
            run.field("readOnly", "Boolean") { _ in false }
            run.field("stopped") { $0.tag(.stop) == "1" }
            run.field("shouldStop") { $0.tag(.stop) == "1" }
            run.field("createdAt", "DateTime!") {
                .string(WandBTime.text(milliseconds: $0.run.startedAt ?? $0.run.createdAt))
            }
            run.field("heartbeatAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.run.heartbeatAt)) }
            run.field("updatedAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.run.heartbeatAt)) }
            run.field("computeSeconds", "Int") { .int((($0.run.endedAt ?? $0.now) - $0.run.createdAt) / 1_000) }
            run.field("user", "User") { run in
                let name = run.run.user.isEmpty ? run.project.principal.name : run.run.user
                return .object(WandBUser(named: name, in: run.project.entity))
            }
            run.field("project", "Project!") { .object($0.project) }
            run.field("projectId", "String!") { .string($0.project.experiment.id.description) }
            run.field("config", "JSONString") { run, call in .string(try await config(of: run, call)) }
            run.field("wandbConfig", "JSONString", arguments: ["keys: [String!]"]) { run, call in
                .string(try WandBConfig.own(try call.arguments.strings("keys"), of: run.documents[.config] ?? "{}"))
            }
            run.field("summaryMetrics", "JSONString") { run, call in .string(try await summary(of: run, call)) }
        }
    }

    private static func config(of run: WandBRun, _ call: Call) async throws -> String {
        let fields = RunFields(params: nil, metrics: [], tags: [], inputs: false)
        let whole = try await call.context.services.runs.run(run.run.id, fields: fields, as: run.project.principal)
        guard let document = run.documents[.config] else { return WandBConfig.document(of: whole.params) }
        // Another client may have added some.
        let known = Set(try WandBConfig.params(of: document).map(\.key))
        let more = whole.params.filter { !known.contains($0.key) }
        return more.isEmpty ? document : WandBConfig.document(of: more, after: document)
    }

    /// What the user wrote, and the latest values of what only other clients logged.
    private static func summary(of run: WandBRun, _ call: Call) async throws -> String {
        let fields = RunFields(params: [], metrics: nil, tags: [], inputs: false)
        let whole = try await call.context.services.runs.run(run.run.id, fields: fields, as: run.project.principal)
        var known = run.keys(.machineKeys)
        var json = JSONWriter()
        json.beginObject()
        if let document = run.documents[.summary], case .object(let members) = try JSONText.lenient(document) {
            for member in members { known.insert(member.key) }
            let isExact = whole.metrics.allSatisfy { isKnown($0.key, known) }
            if isExact { return document }
            known.formUnion(try await leftOut(whole.metrics.filter { !isKnown($0.key, known) }, of: run, call))
            for member in members {
                json.key(member.key)
                json.value(member.value)
            }
        }
        for metric in whole.metrics where !isKnown(metric.key, known) {
            json.key(metric.key)
            json.wandB(metric.last, .strict)
        }
        json.endObject()
        return json.text
    }

    /// Of metrics that a run's summary lacks, those that its program logged: it left them out. Several programs that write
    /// at once sum up what is theirs, a fork lacks what its source logged, and other clients sum up nothing.
    private static func leftOut(
        _ metrics: [MetricSummary],
        of run: WandBRun,
        _ call: Call
    ) async throws -> Set<String> {
        let (services, principal) = (call.context.services, run.project.principal)
        guard run.branchPoint == nil, !metrics.isEmpty,
            try await services.runStreams.state(of: run.run.id, writer: "", as: principal).historyLines > 0
        else { return [] }
        var found: Set<String> = []
        for metric in metrics.prefix(1_000) {
            // What the program logged stands at the step and time of one of its lines.
            let line = try await services.runs.history(
                of: run.run.id,
                key: StreamChunk.lineMark,
                after: HistoryCursor(time: metric.lastTime, step: metric.lastStep, valueKey: .min),
                limit: 1,
                as: principal
            )
            if line.times.first == metric.lastTime, line.steps.first == metric.lastStep { found.insert(metric.key) }
        }
        return found
    }

    private static func isKnown(_ key: String, _ known: Set<String>) -> Bool {
        known.contains(key) || WandBHistory.root(of: key, in: known) != nil
    }
}
