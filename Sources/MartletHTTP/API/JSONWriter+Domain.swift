package import MartletCore

/// The domain types in the form of their own `Codable` (a test holds the two together), written without Foundation's
/// encoder. What is `nil` is left out.
extension JSONWriter {
    mutating func optional(_ key: StaticString, _ text: String?) {
        guard let text else { return }
        self.key(key)
        string(text)
    }

    mutating func optional(_ key: StaticString, _ number: Int64?) {
        guard let number else { return }
        self.key(key)
        integer(number)
    }

    mutating func optional(_ key: StaticString, _ number: Double?) {
        guard let number else { return }
        self.key(key)
        double(number)
    }

    mutating func field(_ key: StaticString, _ text: String) {
        self.key(key)
        string(text)
    }

    mutating func field(_ key: StaticString, _ number: Int64) {
        self.key(key)
        integer(number)
    }

    mutating func field(_ key: StaticString, _ flag: Bool) {
        self.key(key)
        bool(flag)
    }

    /// - Parameter statistics: stand beside the own fields; `nil` where they are not asked for.
    mutating func experiment(_ experiment: Experiment, statistics: ExperimentStatistics?) {
        beginObject()
        field("id", experiment.id.description)
        field("workspace", experiment.workspace)
        field("name", experiment.name)
        field("artifactLocation", experiment.artifactLocation)
        field("stage", experiment.stage.rawValue)
        if experiment.isRegistry { field("isRegistry", true) }
        field("createdAt", experiment.createdAt)
        field("updatedAt", experiment.updatedAt)
        field("purpose", experiment.purpose)
        goal(experiment.goal)
        key("tags")
        beginObject()
        for (name, value) in experiment.tags.sorted(by: { $0.key < $1.key }) {
            key(name)
            string(value)
        }
        endObject()
        if let statistics {
            key("statistics")
            self.statistics(statistics)
        }
        endObject()
    }

    private mutating func statistics(_ statistics: ExperimentStatistics) {
        beginObject()
        field("runs", Int64(statistics.runs))
        field("running", Int64(statistics.running))
        optional("lastActivityAt", statistics.lastActivityAt)
        key("metricKeys")
        beginArray()
        for name in statistics.metricKeys { string(name) }
        endArray()
        goal(statistics.goal)
        endObject()
    }

    private mutating func goal(_ goal: Goal?) {
        guard let goal else { return }
        key("goal")
        beginObject()
        field("metric", goal.metric)
        field("direction", goal.direction.rawValue)
        field("isInferred", goal.isInferred)
        endObject()
    }

    /// - Parameter now: decides `isStalled`, which stands beside the run's own fields.
    /// - Parameter metricCount: of all metrics, where those of the run are some of them.
    /// - Parameter foreignID: what its client calls it, where that is another name than ours.
    package mutating func run(_ run: Run, now: Int64, metricCount: Int? = nil, foreignID: String? = nil) {
        beginObject()
        field("id", run.id.rawValue)
        if let foreignID { field("foreignID", foreignID) }
        field("experimentID", run.experimentID.description)
        field("name", run.name)
        field("status", run.status.rawValue)
        field("stage", run.stage.rawValue)
        field("user", run.user)
        optional("startedAt", run.startedAt)
        optional("endedAt", run.endedAt)
        field("createdAt", run.createdAt)
        field("heartbeatAt", run.heartbeatAt)
        field("purpose", run.purpose)
        field("hypothesis", run.hypothesis)
        field("notes", run.notes)
        field("conclusion", run.conclusion)
        params(run.params)
        tags(run.tags)
        key("metrics")
        beginArray()
        for summary in run.metrics { self.summary(summary) }
        endArray()
        summary(run.summary)
        if let metricCount { field("metricCount", Int64(metricCount)) }
        inputs(of: run)
        field("isStalled", run.isStalled(now: now))
        endObject()
    }

    private mutating func inputs(of run: Run) {
        key("datasets")
        beginArray()
        for dataset in run.datasets { self.dataset(dataset) }
        endArray()
        key("modelInputs")
        beginArray()
        for input in run.modelInputs {
            beginObject()
            field("modelID", input.modelID.rawValue)
            endObject()
        }
        endArray()
        key("modelOutputs")
        beginArray()
        for output in run.modelOutputs {
            beginObject()
            field("modelID", output.modelID.rawValue)
            field("step", output.step)
            endObject()
        }
        endArray()
    }

    private mutating func params(_ params: [Param]) {
        key("params")
        beginArray()
        for param in params { pair(param.key, param.value) }
        endArray()
    }

    private mutating func tags(_ tags: [Tag]) {
        key("tags")
        beginArray()
        for tag in tags { pair(tag.key, tag.value) }
        endArray()
    }

    private mutating func summary(_ values: [SummaryValue]) {
        key("summary")
        beginArray()
        for value in values {
            beginObject()
            field("key", value.key)
            switch value.value {
            case .number(let number): optional("value", number)
            case .text(let text): field("value", text)
            }
            endObject()
        }
        endArray()
    }

    private mutating func pair(_ key: String, _ value: String) {
        beginObject()
        field("key", key)
        field("value", value)
        endObject()
    }

    mutating func summary(_ summary: MetricSummary) {
        beginObject()
        field("key", summary.key)
        optional("last", summary.last)
        field("lastStep", summary.lastStep)
        field("lastTime", summary.lastTime)
        optional("min", summary.min)
        optional("minStep", summary.minStep)
        optional("max", summary.max)
        optional("maxStep", summary.maxStep)
        optional("mean", summary.mean)
        field("count", summary.count)
        field("nanCount", summary.nanCount)
        endObject()
    }

    private mutating func dataset(_ dataset: DatasetInput) {
        beginObject()
        field("name", dataset.name)
        field("digest", dataset.digest)
        field("sourceType", dataset.sourceType)
        field("source", dataset.source)
        optional("schema", dataset.schema)
        optional("profile", dataset.profile)
        tags(dataset.tags)
        endObject()
    }

    mutating func loggedModel(_ model: LoggedModel) {
        beginObject()
        field("id", model.id.rawValue)
        field("experimentID", model.experimentID.description)
        field("name", model.name)
        field("modelType", model.modelType)
        field("status", model.status.rawValue)
        field("statusMessage", model.statusMessage)
        optional("sourceRunID", model.sourceRunID?.rawValue)
        field("artifactURI", model.artifactURI)
        field("createdAt", model.createdAt)
        field("updatedAt", model.updatedAt)
        params(model.params)
        tags(model.tags)
        key("metrics")
        beginArray()
        for metric in model.metrics {
            beginObject()
            field("modelID", metric.modelID.rawValue)
            field("key", metric.key)
            optional("value", metric.value)
            field("step", metric.step)
            field("time", metric.time)
            optional("runID", metric.runID?.rawValue)
            optional("datasetName", metric.datasetName)
            optional("datasetDigest", metric.datasetDigest)
            endObject()
        }
        endArray()
        endObject()
    }

    mutating func artifact(_ entry: ArtifactEntry) {
        beginObject()
        field("name", entry.name)
        field("path", entry.path)
        field("isFolder", entry.isFolder)
        optional("size", entry.size)
        optional("digest", entry.digest?.rawValue)
        optional("md5", entry.md5)
        field("modifiedAt", entry.modifiedAt)
        endObject()
    }
}

// MARK: lists

extension JSONWriter {
    /// `{<name>: [items]}`.
    mutating func list<Item>(
        _ key: StaticString,
        _ items: [Item],
        _ write: (inout JSONWriter, Item) -> Void
    ) {
        beginObject()
        self.key(key)
        beginArray()
        for item in items { write(&self, item) }
        endArray()
        endObject()
    }

    /// `{<name>: [items], "total", "hasMore"}`.
    mutating func page<Item>(
        _ name: StaticString,
        _ page: Page<Item>,
        _ write: (inout JSONWriter, Item) -> Void
    ) {
        beginObject()
        key(name)
        beginArray()
        for item in page.items { write(&self, item) }
        endArray()
        field("total", Int64(page.total ?? 0))
        field("hasMore", page.hasMore)
        endObject()
    }
}
