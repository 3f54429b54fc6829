import AsyncHTTPClient
import Foundation
package import MartletCore
import NIOCore
import NIOHTTP1

/// A running server that speaks MLflow's REST API.
package struct MLflowServer: ImportSource {
    let calls: HTTPCalls
    private static let api = "/api/2.0/mlflow/"

    /// - Parameter authorization: the value of the field `Authorization`; `nil` for an open server.
    package init(address: String, authorization: String?) {
        var base = address
        while base.hasSuffix("/") { base.removeLast() }
        calls = HTTPCalls(base: base, authorization: authorization, what: "the MLflow server")
    }

    package var summary: String { "the MLflow server \(calls.base)" }

    // MARK: calls

    private func post(_ path: String, _ body: JSONValue) async throws(MartletError) -> JSONValue {
        var writer = JSONWriter()
        Self.write(body, to: &writer)
        return try await calls.json(.POST, Self.api + path, .json(writer.bytes))
    }

    func get(_ path: String, _ query: [(String, String)]) async throws(MartletError) -> JSONValue {
        try await calls.json(.GET, Self.api + path, query: query)
    }

    private static func write(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let flag): writer.bool(flag)
        case .integer(let number): writer.integer(number)
        case .number(let number): writer.double(number)
        case .string(let text): writer.string(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                write(member.value, to: &writer)
            }
            writer.endObject()
        }
    }

    private static func body(_ members: [(String, JSONValue)], page token: String?) -> JSONValue {
        .object(
            (members + (token.map { [("page_token", .string($0))] } ?? []))
                .map { JSONValue.Member(key: $0.0, value: $0.1) }
        )
    }

    // MARK: source

    package func experiments() async throws(MartletError) -> Found<[SourceExperiment]> {
        var all: [SourceExperiment] = []
        var token: String?
        repeat {
            let members: [(String, JSONValue)] = [("max_results", .integer(1_000)), ("view_type", .string("ALL"))]
            let answer = try await post("experiments/search", Self.body(members, page: token))
            for item in answer.list("experiments") {
                all.append(
                    MLflowExperimentParts(
                        id: item.text("experiment_id") ?? "",
                        name: item.text("name") ?? "",
                        location: item.text("artifact_location") ?? "",
                        stage: item.text("lifecycle_stage") ?? "active",
                        createdAt: item.number("creation_time"),
                        updatedAt: item.number("last_update_time"),
                        tags: Dictionary(item.pairs("tags"), uniquingKeysWith: { $1 })
                    ).sourceExperiment()
                )
            }
            token = answer.text("next_page_token")
        } while token?.isEmpty == false
        return Found(all.sorted { ($0.imported.createdAt, $0.id) < ($1.imported.createdAt, $1.id) })
    }

    package func runs(of experiment: SourceExperiment, after mark: String?) async throws(MartletError) -> SourcePage {
        let members: [(String, JSONValue)] = [
            ("experiment_ids", .array([.string(experiment.id)])), ("run_view_type", .string("ALL")),
            ("max_results", .integer(500)), ("order_by", .array([.string("attributes.start_time ASC")])),
        ]
        let answer = try await post("runs/search", Self.body(members, page: mark))
        let next = answer.text("next_page_token")
        var runs: [SourceRun] = []
        for item in answer.list("runs") {
            // A search of MLflow leaves out the models that a run read.
            let id = Self.parts(of: item).id
            let whole = try await get("runs/get", [("run_id", id)])
            runs.append(Self.parts(of: whole["run"] ?? item).sourceRun())
        }
        return SourcePage(runs: runs, problems: [], next: next?.isEmpty == false ? next : nil)
    }

    private static func parts(of item: JSONValue) -> MLflowRunParts {
        let (info, data, inputs) = (item["info"] ?? .null, item["data"] ?? .null, item["inputs"] ?? .null)
        var parts = MLflowRunParts(
            id: info.text("run_id") ?? info.text("run_uuid") ?? "",
            experiment: info.text("experiment_id") ?? "",
            name: info.text("run_name"),
            user: info.text("user_id"),
            status: info.text("status") ?? "",
            stage: info.text("lifecycle_stage") ?? "active",
            startedAt: info.number("start_time"),
            endedAt: info.number("end_time"),
            artifactURI: info.text("artifact_uri") ?? ""
        )
        parts.params = data.pairs("params").map { Param(key: $0.0, value: $0.1) }
        parts.tags = data.pairs("tags").map { Tag(key: $0.0, value: $0.1) }
        parts.metricKeys = data.list("metrics").compactMap { $0.text("key") }
        parts.marks = data.list("metrics").map { metric in
            "\(metric.text("key") ?? "") \(metric.number("timestamp") ?? 0) \(metric.number("step") ?? 0) "
                + "\(metric.real("value") ?? 0)"
        }
        parts.datasets = inputs.list("dataset_inputs").map { input in
            let dataset = input["dataset"] ?? .null
            return DatasetInput(
                name: dataset.text("name") ?? "",
                digest: dataset.text("digest") ?? "",
                sourceType: dataset.text("source_type") ?? "",
                source: dataset.text("source") ?? "",
                schema: dataset.text("schema"),
                profile: dataset.text("profile"),
                tags: input.pairs("tags").map { Tag(key: $0.0, value: $0.1) }
            )
        }
        parts.modelInputs = inputs.list("model_inputs").compactMap { $0.text("model_id") }
            .map { ModelInput(modelID: LoggedModel.ID($0)) }
        parts.modelOutputs = (item["outputs"] ?? .null).list("model_outputs").map {
            ModelOutput(modelID: LoggedModel.ID($0.text("model_id") ?? ""), step: $0.number("step") ?? 0)
        }
        return parts
    }

    package func points(of run: SourceRun) async throws(MartletError) -> any PointReader {
        MLflowServerPoints(calls: calls, path: Self.api + "metrics/get-history", run: run.run.id, keys: run.metricKeys)
    }

    package func models(of experiment: SourceExperiment) async throws(MartletError) -> Found<[SourceModel]> {
        var all: [SourceModel] = []
        var token: String?
        repeat {
            let members: [(String, JSONValue)] = [
                ("experiment_ids", .array([.string(experiment.id)])), ("max_results", .integer(50)),
            ]
            let answer: JSONValue
            do throws(MartletError) {
                answer = try await post("logged-models/search", Self.body(members, page: token))
            } catch {
                // Servers before MLflow 3 have none.
                guard error.code == .notFound, token == nil else { throw error }
                return Found([])
            }
            all += answer.list("models").map { Self.model($0, of: experiment.id) }
            token = answer.text("next_page_token")
        } while token?.isEmpty == false
        return Found(all)
    }

    private static func model(_ item: JSONValue, of experiment: String) -> SourceModel {
        let (info, data) = (item["info"] ?? .null, item["data"] ?? .null)
        let id = LoggedModel.ID(info.text("model_id") ?? "")
        let created = info.number("creation_timestamp_ms") ?? 0
        let status = LoggedModel.Status(mlflow: info.text("status") ?? "")
        let model = LoggedModel(
            id: id,
            experimentID: Experiment.ID(0),
            name: info.text("name") ?? "",
            modelType: info.text("model_type") ?? "",
            status: status,
            statusMessage: info.text("status_message") ?? "",
            sourceRunID: info.text("source_run_id").flatMap { $0.isEmpty ? nil : Run.ID($0) },
            artifactURI: "",
            createdAt: created,
            updatedAt: info.number("last_updated_timestamp_ms") ?? created,
            params: data.pairs("params").map { Param(key: $0.0, value: $0.1) },
            tags: info.pairs("tags").map { Tag(key: $0.0, value: $0.1) },
            metrics: data.list("metrics").map { metric in
                LoggedModelMetric(
                    modelID: id,
                    key: metric.text("key") ?? "",
                    value: metric.real("value") ?? .nan,
                    step: metric.number("step") ?? 0,
                    time: metric.number("timestamp") ?? 0,
                    runID: metric.text("run_id").map { Run.ID($0) },
                    datasetName: metric.text("dataset_name"),
                    datasetDigest: metric.text("dataset_digest")
                )
            }
        )
        return SourceModel(
            imported: ImportedModel(model: model, stage: .active),
            artifacts: SourceFiles(
                owner: .loggedModel(id),
                location: info.text("artifact_uri") ?? "",
                experiment: experiment,
                isExpected: status == .ready
            ),
            problems: []
        )
    }

    package func leftovers() async throws(MartletError) -> [String: Int] { [:] }

    // MARK: files

    package func files(of owner: SourceFiles) async throws(MartletError) -> Found<[SourceFile]> {
        var found = Found<[SourceFile]>([])
        var folders = [""]
        while let folder = folders.popLast() {
            let answer: JSONValue
            do throws(MartletError) {
                answer = try await list(folder, of: owner)
            } catch {
                guard [.notFound, .internal, .invalidArgument].contains(error.code) else { throw error }
                found.problems.append(ImportProblem(.missing, of: Self.name(owner), "its artifacts: \(error.message)"))
                continue
            }
            for item in answer.list("files") {
                let text = item.text("path") ?? ""
                do throws(MartletError) {
                    let path = try ArtifactPath(text)
                    // A server that names a folder above or beside would be walked for ever.
                    guard folder.isEmpty || text.hasPrefix(folder + "/"), text != folder else {
                        throw MartletError(.invalidArgument, "it is not inside '\(folder)'")
                    }
                    if item["is_dir"] == .bool(true) {
                        folders.append(text)
                    } else {
                        found.value.append(SourceFile(path: path, size: item.number("file_size")))
                    }
                } catch {
                    let what = "the artifact '\(text.prefix(200))': \(error.message)"
                    found.problems.append(ImportProblem(.refused, of: Self.name(owner), what))
                }
            }
        }
        return found
    }

    private static func name(_ files: SourceFiles) -> String {
        switch files.owner {
        case .run(let id): "run \(id)"
        case .loggedModel(let id): "model \(id)"
        case .workspace, .version, .draft: "the store"
        }
    }

    private func list(_ folder: String, of owner: SourceFiles) async throws(MartletError) -> JSONValue {
        switch owner.owner {
        case .run(let id): try await get("artifacts/list", [("run_id", id.rawValue), ("path", folder)])
        case .loggedModel(let id):
            try await get("logged-models/\(id)/artifacts/directories", [("artifact_directory_path", folder)])
        case .workspace, .version, .draft: .object([])
        }
    }

    package func open(_ file: SourceFile, of owner: SourceFiles) async throws(MartletError) -> FileContent {
        let path: String
        let query: [(String, String)]
        switch owner.owner {
        case .loggedModel(let id):
            path = "/ajax-api/2.0/mlflow/logged-models/\(id)/artifacts/files"
            query = [("artifact_file_path", file.path.description)]
        case .run(let id):
            path = "/get-artifact"
            query = [("run_uuid", id.rawValue), ("path", file.path.description)]
        case .workspace, .version, .draft: throw MartletError(.internal, "no artifact of a workspace is imported")
        }
        let response = try await calls.answered(.GET, path, query: query, timeout: .hours(24)) { () in .none }
        let size = response.headers.first(name: "Content-Length").flatMap { Int64($0) }
        return FileContent(size: size, chunks: response.body)
    }
}

extension JSONValue {
    /// A text, or the text of a number; `nil` for anything else.
    func text(_ key: String) -> String? {
        switch self[key] {
        case .string(let text)?: text
        case .integer(let number)?: String(number)
        default: nil
        }
    }

    /// An integer, also as a text: some servers write 64-bit numbers so.
    func number(_ key: String) -> Int64? {
        switch self[key] {
        case .integer(let number)?: number
        case .number(let number)?: Int64(exactly: number)
        case .string(let text)?: Int64(text)
        default: nil
        }
    }

    func real(_ key: String) -> Double? {
        switch self[key] {
        case .integer(let number)?: Double(number)
        case .number(let number)?: number
        case .string("NaN")?: .nan
        case .string("Infinity")?: .infinity
        case .string("-Infinity")?: -.infinity
        case .string(let text)?: Double(text)
        default: nil
        }
    }

    func list(_ key: String) -> [JSONValue] {
        guard case .array(let elements)? = self[key] else { return [] }
        return elements
    }

    /// A list of objects with `key` and `value`.
    func pairs(_ key: String) -> [(String, String)] {
        list(key).map { ($0.text("key") ?? "", $0.text("value") ?? "") }
    }
}

/// Walks the histories of a run's metrics, one key after the other.
struct MLflowServerPoints: PointReader {
    let calls: HTTPCalls
    let path: String
    let run: Run.ID
    let keys: [String]
    private var place = 0
    private var token: String?

    init(calls: HTTPCalls, path: String, run: Run.ID, keys: [String]) {
        self.calls = calls
        self.path = path
        self.run = run
        self.keys = keys
    }

    private static let pageSize = 10_000

    mutating func next() async throws(MartletError) -> Found<LogBatch>? {
        guard place < keys.count else { return nil }
        var found = Found(LogBatch())
        while place < keys.count, found.value.pointCount + Self.pageSize <= PointLimits.most {
            let key = keys[place]
            var query = [("run_id", run.rawValue), ("metric_key", key), ("max_results", String(Self.pageSize))]
            if let token { query.append(("page_token", token)) }
            let answer = try await calls.json(.GET, path, query: query)
            var refused = 0
            for metric in answer.list("metrics") {
                guard let value = metric.real("value"), let time = metric.number("timestamp") else {
                    refused += 1
                    continue
                }
                found.value.append(key: key, step: metric.number("step") ?? 0, time: time, value: value)
            }
            if refused > 0 {
                let what = "\(refused) points of the metric '\(key.prefix(100))' are no numbers"
                found.problems.append(ImportProblem(.refused, of: "run \(run)", what))
            }
            token = answer.text("next_page_token").flatMap { $0.isEmpty ? nil : $0 }
            if token == nil { place += 1 }
        }
        return found
    }
}
