import Foundation
package import MartletCore
import Yams

/// MLflow's file store: a folder `mlruns` with a folder for each experiment.
package struct MLflowFolder: ImportSource {
    let root: String
    private let places: ArtifactPlaces

    /// - Throws: `notFound`; `unprocessable` for a folder without experiments.
    package init(path: String, artifacts: String?) async throws(MartletError) {
        root = URL(fileURLWithPath: path).standardizedFileURL.path
        places = ArtifactPlaces(base: root, given: artifacts)
        let root = root
        try await offPool { () throws(MartletError) in
            guard LocalFiles.isFolder(root) else { throw MartletError(.notFound, "there is no folder \(path)") }
            let folders = FolderText.folders(in: root) + FolderText.folders(in: root + "/.trash").map { ".trash/" + $0 }
            guard folders.contains(where: { FolderText.exists("\(root)/\($0)/meta.yaml") }) else {
                throw MartletError(
                    .unprocessable,
                    "\(path) is no file store of MLflow: no folder in it has a meta.yaml"
                )
            }
        }
    }

    package var summary: String { "MLflow's file store \(root)" }

    package func experiments() async throws(MartletError) -> Found<[SourceExperiment]> {
        let root = root
        return try await offPool { () throws(MartletError) in
            var found = Found<[SourceExperiment]>([])
            let active = FolderText.folders(in: root).filter { $0 != "models" && !$0.hasPrefix(".") }
            let deleted = FolderText.folders(in: root + "/.trash").map { ".trash/" + $0 }
            for folder in active + deleted where FolderText.exists("\(root)/\(folder)/meta.yaml") {
                do throws(MartletError) {
                    found.value.append(try Self.experiment(in: "\(root)/\(folder)"))
                } catch {
                    found.problems.append(ImportProblem(.failed, of: "experiment in \(folder)", error.message))
                }
            }
            found.value.sort { ($0.imported.createdAt, $0.id) < ($1.imported.createdAt, $1.id) }
            return found
        }
    }

    private static func experiment(in folder: String) throws(MartletError) -> SourceExperiment {
        let meta = try MetaFile(folder + "/meta.yaml")
        let tags = try FolderText.texts(below: folder + "/tags")
        return MLflowExperimentParts(
            id: meta.text("experiment_id") ?? URL(fileURLWithPath: folder).lastPathComponent,
            name: try meta.required("name"),
            location: meta.text("artifact_location") ?? "",
            stage: meta.text("lifecycle_stage") ?? "active",
            createdAt: meta.integer("creation_time"),
            updatedAt: meta.integer("last_update_time"),
            tags: Dictionary(tags, uniquingKeysWith: { $1 })
        ).sourceExperiment()
    }

    private func folder(of experiment: String) -> String {
        let folder = "\(root)/\(experiment)"
        return LocalFiles.isFolder(folder) ? folder : "\(root)/.trash/\(experiment)"
    }

    /// Names that are no runs, in the folder of an experiment.
    private static let reserved: Set<String> = ["tags", "datasets", "traces", "models"]
    private static let pageSize = 500

    package func runs(of experiment: SourceExperiment, after mark: String?) async throws(MartletError) -> SourcePage {
        let folder = folder(of: experiment.id)
        let id = experiment.id
        return try await offPool { () throws(MartletError) in
            let names = FolderText.folders(in: folder)
                .filter { !Self.reserved.contains($0) && FolderText.exists("\(folder)/\($0)/meta.yaml") }
                .sorted().drop { mark != nil && $0 <= mark ?? "" }
            var page = SourcePage(runs: [], problems: [], next: nil)
            for name in names.prefix(Self.pageSize) {
                do throws(MartletError) {
                    let run = MLflowFolderRun(folder: "\(folder)/\(name)", experiment: id)
                    page.runs.append(try run.parts().sourceRun())
                } catch {
                    page.problems.append(ImportProblem(.failed, of: "run \(name)", error.message))
                }
            }
            page.next = names.count > Self.pageSize ? names.prefix(Self.pageSize).last : nil
            return page
        }
    }

    package func points(of run: SourceRun) async throws(MartletError) -> any PointReader {
        let folder = "\(folder(of: run.artifacts.experiment))/\(run.run.id)"
        return MLflowFolderPoints(folder: folder + "/metrics", run: run.run.id)
    }

    package func models(of experiment: SourceExperiment) async throws(MartletError) -> Found<[SourceModel]> {
        let folder = folder(of: experiment.id) + "/models"
        let id = experiment.id
        return try await offPool { () throws(MartletError) in
            var found = Found<[SourceModel]>([])
            for name in FolderText.folders(in: folder).sorted() {
                do throws(MartletError) {
                    found.value.append(try Self.model(in: "\(folder)/\(name)", of: id))
                } catch {
                    found.problems.append(ImportProblem(.failed, of: "model \(name)", error.message))
                }
            }
            return found
        }
    }

    private static func model(in folder: String, of experiment: String) throws(MartletError) -> SourceModel {
        let meta = try MetaFile(folder + "/meta.yaml")
        let id = LoggedModel.ID(try meta.required("model_id"))
        let created = meta.integer("creation_timestamp") ?? 0
        let status = LoggedModel.Status(mlflow: meta.integer("status") ?? 0)
        var model = LoggedModel(
            id: id,
            experimentID: Experiment.ID(0),
            name: meta.text("name") ?? "",
            modelType: meta.text("model_type") ?? "",
            status: status,
            statusMessage: meta.text("status_message") ?? "",
            sourceRunID: meta.text("source_run_id").map { Run.ID($0) },
            artifactURI: "",
            createdAt: created,
            updatedAt: meta.integer("last_updated_timestamp") ?? created,
            params: try FolderText.texts(below: folder + "/params").map { Param(key: $0.0, value: $0.1) },
            tags: try FolderText.texts(below: folder + "/tags").map { Tag(key: $0.0, value: $0.1) },
            metrics: []
        )
        var problems: [ImportProblem] = []
        for (key, text) in try FolderText.texts(below: folder + "/metrics") {
            for line in text.split(separator: "\n") {
                if let metric = metric(line, key, of: id) {
                    model.metrics.append(metric)
                } else {
                    let what = "the score '\(line.prefix(80))' of '\(key.prefix(100))' is none"
                    problems.append(ImportProblem(.refused, of: "model \(id)", what))
                }
            }
        }
        return SourceModel(
            imported: ImportedModel(
                model: model,
                stage: meta.text("lifecycle_stage") == "deleted" ? .deleted : .active
            ),
            artifacts: SourceFiles(
                owner: .loggedModel(id),
                location: meta.text("artifact_location") ?? "",
                experiment: experiment,
                isExpected: status == .ready
            ),
            problems: problems
        )
    }

    /// `time value step run [dataset digest]`.
    private static func metric(_ line: Substring, _ key: String, of model: LoggedModel.ID) -> LoggedModelMetric? {
        let words = line.split(separator: " ")
        guard words.count >= 4, let time = Int64(words[0]), let value = Double(words[1]), let step = Int64(words[2])
        else { return nil }
        return LoggedModelMetric(
            modelID: model,
            key: key,
            value: value,
            step: step,
            time: time,
            runID: Run.ID(String(words[3])),
            datasetName: words.count > 5 ? String(words[4]) : nil,
            datasetDigest: words.count > 5 ? String(words[5]) : nil
        )
    }

    package func files(of owner: SourceFiles) async throws(MartletError) -> Found<[SourceFile]> {
        try await offPool { () throws(MartletError) in try places.list(owner) }
    }

    package func open(_ file: SourceFile, of owner: SourceFiles) async throws(MartletError) -> FileContent {
        try await places.open(file, of: owner)
    }

    package func leftovers() async throws(MartletError) -> [String: Int] {
        let root = root
        return try await offPool { () throws(MartletError) in
            var counts: [String: Int] = [:]
            let trash = FolderText.folders(in: root + "/.trash").map { ".trash/" + $0 }
            let experiments = FolderText.folders(in: root) + trash
            counts["traces"] = experiments.reduce(0) { $0 + FolderText.folders(in: "\(root)/\($1)/traces").count }
            return counts.filter { $0.value > 0 }
        }
    }
}

/// A `meta.yaml`: names and plain values.
struct MetaFile {
    private let node: Node
    private let path: String

    /// - Throws: `unprocessable` when it cannot be read or is no YAML.
    init(_ path: String) throws(MartletError) {
        self.path = path
        do {
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
            guard let node = try compose(yaml: text), node.mapping != nil else {
                throw MartletError(.unprocessable, "\(path) is empty")
            }
            self.node = node
        } catch {
            throw MartletError(.unprocessable, "\(path) cannot be read: \(error)")
        }
    }

    /// `nil` for what is absent or null.
    func text(_ key: String) -> String? { Self.text(node[key]) }
    func integer(_ key: String) -> Int64? { text(key).flatMap { Int64($0) } }

    func required(_ key: String) throws(MartletError) -> String {
        guard let text = text(key) else { throw MartletError(.unprocessable, "\(path) does not say its '\(key)'") }
        return text
    }

    /// A mapping of texts, e.g. tags; empty when it is absent.
    func texts(_ key: String) -> [(String, String)] {
        (node[key]?.mapping.map { Array($0) } ?? []).map { (Self.text($0.key) ?? "", Self.text($0.value) ?? "") }
    }

    private static func text(_ node: Node?) -> String? {
        guard let scalar = node?.scalar else { return nil }
        if scalar.style == .plain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return nil }
        return scalar.string
    }
}

/// Folders in which each file is a key, and its text the value.
enum FolderText {
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Names of the folders directly inside; empty when there is none.
    static func folders(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { LocalFiles.isFolder(folder + "/" + $0) }
    }

    /// Paths of the files below a folder, by name: keys with slashes are folders. Links are not followed.
    static func files(below folder: String) -> [String] {
        guard let all = FileManager.default.enumerator(atPath: folder) else { return [] }
        var paths: [String] = []
        while let path = all.nextObject() as? String {
            if all.fileAttributes?[.type] as? FileAttributeType == .typeRegular { paths.append(path) }
        }
        return paths.sorted()
    }

    static func texts(below folder: String) throws(MartletError) -> [(String, String)] {
        var texts: [(String, String)] = []
        for path in files(below: folder) {
            guard let data = FileManager.default.contents(atPath: folder + "/" + path) else {
                throw MartletError(.unprocessable, "\(folder)/\(path) cannot be read")
            }
            texts.append((path, String(decoding: data, as: UTF8.self)))
        }
        return texts
    }
}
