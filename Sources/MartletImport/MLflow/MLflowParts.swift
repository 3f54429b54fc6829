import Crypto
import MartletCore

/// A run as MLflow describes it, from whatever form of its store.
struct MLflowRunParts {
    var id: String
    var experiment: String
    var name: String?
    var user: String?
    /// RUNNING, SCHEDULED, FINISHED, FAILED, KILLED.
    var status: String
    var stage: String
    var startedAt: Int64?
    var endedAt: Int64?
    var artifactURI: String
    var params: [Param] = []
    var tags: [Tag] = []
    var datasets: [DatasetInput] = []
    var modelInputs: [ModelInput] = []
    var modelOutputs: [ModelOutput] = []
    /// Keys of its metrics, where points are read one key at a time.
    var metricKeys: [String] = []
    /// One text for each metric that changes when a point is logged.
    var marks: [String] = []
    var problems: [ImportProblem] = []

    static let runName = "mlflow.runName"
    static let user = "mlflow.user"
    static let notes = "mlflow.note.content"
    /// Tags that are only there when the run has files.
    private static let signsOfFiles = ["mlflow.log-model.history", "mlflow.loggedArtifacts"]

    /// Name and notes are fields here and tags there, as in the MLflow dialect of the server.
    func sourceRun() -> SourceRun {
        let own = [Self.runName, Self.notes]
        func tag(_ key: String) -> String? { tags.first { $0.key == key }?.value }
        let tagged = tag(Self.runName) ?? ""
        var problems = problems
        if RunStatus(rawValue: status.lowercased()) == nil {
            let what = "the status '\(status.prefix(50))' is unknown; it counts as failed"
            problems.append(ImportProblem(.refused, of: "run \(id)", what))
        }
        let run = Run(
            id: Run.ID(id),
            experimentID: Experiment.ID(0),
            name: tagged.isEmpty ? name ?? "" : tagged,
            status: RunStatus(rawValue: status.lowercased()) ?? .failed,
            stage: stage == "deleted" ? .deleted : .active,
            user: user ?? tag(Self.user) ?? "",
            startedAt: startedAt,
            endedAt: endedAt,
            createdAt: startedAt ?? 0,
            notes: tag(Self.notes) ?? "",
            params: params,
            tags: tags.filter { !own.contains($0.key) },
            datasets: datasets,
            modelInputs: modelInputs,
            modelOutputs: modelOutputs
        )
        return SourceRun(
            run: run,
            revision: revision,
            metricKeys: metricKeys,
            artifacts: SourceFiles(
                owner: .run(run.id),
                location: artifactURI,
                experiment: experiment,
                isExpected: tags.contains { Self.signsOfFiles.contains($0.key) }
            ),
            problems: problems
        )
    }

    /// A SHA-256 over all that MLflow says of the run in one look.
    private var revision: String {
        var hash = SHA256()
        func add(_ text: String) {
            var text = text + "\u{1f}"
            text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        }
        add([name ?? "", user ?? "", status, stage].joined(separator: "\u{1e}"))
        add("\(startedAt ?? -1) \(endedAt ?? -1)")
        for param in params.sorted(by: { $0.key < $1.key }) { add("p\(param.key)\u{1e}\(param.value)") }
        for tag in tags.sorted(by: { $0.key < $1.key }) { add("t\(tag.key)\u{1e}\(tag.value)") }
        for text in marks.sorted() { add("m" + text) }
        for text in datasets.map({ "d\($0.name)\u{1e}\($0.digest)" }).sorted() { add(text) }
        for text in modelInputs.map(\.modelID.rawValue).sorted() { add("i" + text) }
        for text in modelOutputs.map(\.modelID.rawValue).sorted() { add("o" + text) }
        return hexadecimal(hash.finalize())
    }
}

/// An experiment as MLflow describes it.
struct MLflowExperimentParts {
    var id: String
    var name: String
    var location: String
    var stage: String
    var createdAt: Int64?
    var updatedAt: Int64?
    var tags: [String: String]

    func sourceExperiment() -> SourceExperiment {
        var tags = tags
        let purpose = tags.removeValue(forKey: MLflowRunParts.notes) ?? ""
        return SourceExperiment(
            id: id,
            imported: ImportedExperiment(
                id: Experiment.ID(id),
                name: name,
                stage: stage == "deleted" ? .deleted : .active,
                createdAt: createdAt ?? 0,
                updatedAt: updatedAt ?? createdAt ?? 0,
                purpose: purpose,
                tags: tags
            ),
            artifactLocation: location
        )
    }
}

extension LoggedModel.Status {
    /// As MLflow numbers them (`LoggedModelStatus` of `service.proto`); pending for anything else.
    init(mlflow number: Int64) {
        self = number == 2 ? .ready : number == 3 ? .failed : .pending
    }

    /// As MLflow names them: `LOGGED_MODEL_READY` and the like.
    init(mlflow name: String) {
        self = name.hasSuffix("READY") ? .ready : name.hasSuffix("FAILED") ? .failed : .pending
    }
}
