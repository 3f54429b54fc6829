import MartletCore

/// Runs in MLflow's form (`service.proto`, messages `Run`, `RunInfo`, `RunData`).
extension JSONWriter {
    mutating func mlflowRun(_ run: Run, in location: String) {
        beginObject()
        key("info")
        mlflowRunInfo(run, in: location)
        key("data")
        beginObject()
        mlflowList("metrics", run.metrics) { writer, metric in
            writer.mlflowMetric(metric.key, metric.last, metric.lastTime, metric.lastStep)
        }
        mlflowPairs("params", run.params.map { ($0.key, $0.value) })
        mlflowPairs("tags", MLflowTranslation.tags(of: run))
        endObject()
        key("inputs")
        beginObject()
        mlflowList("dataset_inputs", run.datasets) { writer, dataset in writer.mlflowDataset(dataset) }
        mlflowList("model_inputs", run.modelInputs) { writer, model in
            writer.beginObject()
            writer.mlflowField("model_id", model.modelID.rawValue)
            writer.endObject()
        }
        endObject()
        key("outputs")
        beginObject()
        mlflowList("model_outputs", run.modelOutputs) { writer, model in
            writer.beginObject()
            writer.mlflowField("model_id", model.modelID.rawValue)
            writer.key("step")
            writer.integer(model.step)
            writer.endObject()
        }
        endObject()
        endObject()
    }

    mutating func mlflowRunInfo(_ run: Run, in location: String) {
        beginObject()
        mlflowField("run_uuid", run.id.rawValue)
        mlflowField("experiment_id", run.experimentID.description)
        mlflowField("user_id", run.user)
        key("status")
        string(MLflowTranslation.name(of: run.status))
        key("start_time")
        integer(run.startedAt ?? 0)
        if let end = run.endedAt {
            key("end_time")
            integer(end)
        }
        mlflowField("artifact_uri", MLflowArtifactURI.ofRun(run.id, in: location))
        mlflowField("lifecycle_stage", run.stage.rawValue)
        mlflowField("run_id", run.id.rawValue)
        mlflowField("run_name", run.name)
        endObject()
    }

    mutating func mlflowMetric(_ name: String, _ value: Double, _ time: Int64, _ step: Int64) {
        beginObject()
        mlflowMetricFields(name, value, time, step)
        endObject()
    }

    mutating func mlflowMetricFields(_ name: String, _ value: Double, _ time: Int64, _ step: Int64) {
        mlflowField("key", name)
        key("value")
        double(MLflowTranslation.sent(value))
        key("timestamp")
        integer(time)
        key("step")
        integer(step)
    }

    mutating func mlflowDataset(_ input: DatasetInput) {
        beginObject()
        mlflowPairs("tags", input.tags.map { ($0.key, $0.value) })
        key("dataset")
        beginObject()
        mlflowField("name", input.name)
        mlflowField("digest", input.digest)
        mlflowField("source_type", input.sourceType)
        mlflowField("source", input.source)
        if let schema = input.schema { mlflowField("schema", schema) }
        if let profile = input.profile { mlflowField("profile", profile) }
        endObject()
        endObject()
    }

    // MARK: pieces

    mutating func mlflowField(_ name: StaticString, _ text: String) {
        key(name)
        string(text)
    }

    /// A list; left out when it is empty, as protobuf's JSON does.
    mutating func mlflowList<Item>(
        _ name: StaticString,
        _ items: [Item],
        _ write: (inout JSONWriter, Item) -> Void
    ) {
        guard !items.isEmpty else { return }
        key(name)
        beginArray()
        for item in items { write(&self, item) }
        endArray()
    }

    /// A list of objects with `key` and `value`.
    mutating func mlflowPairs(_ name: StaticString, _ pairs: [(key: String, value: String)]) {
        mlflowList(name, pairs) { writer, pair in
            writer.beginObject()
            writer.mlflowField("key", pair.key)
            writer.mlflowField("value", pair.value)
            writer.endObject()
        }
    }
}

/// Between MLflow's words and the domain's.
enum MLflowTranslation {
    static func name(of status: RunStatus) -> String { status.rawValue.uppercased() }

    /// A status by its name, or by its number in `RunStatus` of `service.proto`.
    static func runStatus(_ value: JSONValue) -> RunStatus? {
        switch value {
        case .string(let name): RunStatus.allCases.first { self.name(of: $0) == name } ?? Int64(name).flatMap(runStatus)
        case .integer(let number): runStatus(number)
        default: nil
        }
    }

    private static func runStatus(_ number: Int64) -> RunStatus? {
        [1: RunStatus.running, 2: .scheduled, 3: .finished, 4: .failed, 5: .killed][number]
    }

    /// A view by its name, or by its number in `ViewType` of `service.proto`; the active ones when absent.
    static func view(_ message: MLflowMessage, _ name: String) throws(MartletError) -> LifecycleView {
        guard let value = try message.value(name) else { return .active }
        switch value {
        case .string("ACTIVE_ONLY"), .string("1"), .integer(1), .string(""): return .active
        case .string("DELETED_ONLY"), .string("2"), .integer(2): return .deleted
        case .string("ALL"), .string("3"), .integer(3): return .all
        default: throw MLflowErrors.wrongType(name, value)
        }
    }

    /// MLflow's database has no infinities: it stores and answers the greatest finite number.
    static func sent(_ value: Double) -> Double {
        value.isInfinite ? (value > 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude) : value
    }

    /// The tags of a run with those that are fields here, by key.
    static func tags(of run: Run) -> [(key: String, value: String)] {
        var tags = run.tags.map { (key: $0.key, value: $0.value) }
        tags.append((MLflowTags.runName, run.name))
        if !run.notes.isEmpty { tags.append((MLflowTags.notes, run.notes)) }
        return tags.sorted { $0.key < $1.key }
    }

    /// Tags as MLflow sends them, with those that are fields here taken out into `changes`.
    ///
    /// An empty name changes nothing, as in MLflow. The tag of the user also stays a tag: a run may have a user
    /// (`user_id`) and no such tag.
    static func split(_ tags: [Tag]) -> (tags: [Tag], changes: RunChanges) {
        var changes = RunChanges()
        var rest: [Tag] = []
        for tag in tags {
            switch tag.key {
            case MLflowTags.runName:
                if !tag.value.isEmpty { changes.name = tag.value }
            case MLflowTags.user:
                changes.user = MLflowRules.truncated(tag.value, to: Rules.longestKey)
                rest.append(tag)
            case MLflowTags.notes:
                changes.notes = tag.value
            default:
                rest.append(tag)
            }
        }
        return (rest, changes)
    }
}
