import Foundation
import MartletCore

/// The folder of a run in MLflow's file store.
struct MLflowFolderRun {
    let folder: String
    let experiment: String

    /// Statuses by their number in `RunStatus` of `service.proto`.
    private static let statuses = ["1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"]

    func parts() throws(MartletError) -> MLflowRunParts {
        let meta = try MetaFile(folder + "/meta.yaml")
        var id = meta.text("run_id") ?? ""
        if id.isEmpty { id = try meta.required("run_uuid") }
        guard URL(fileURLWithPath: folder).lastPathComponent == id else {
            throw MartletError(.unprocessable, "\(folder)/meta.yaml is of another run, \(id.prefix(64))")
        }
        let status = meta.text("status") ?? ""
        var parts = MLflowRunParts(
            id: id,
            experiment: experiment,
            name: meta.text("run_name") ?? meta.text("name"),
            user: meta.text("user_id"),
            status: Self.statuses[status] ?? status,
            stage: meta.text("lifecycle_stage") ?? "active",
            startedAt: meta.integer("start_time"),
            endedAt: meta.integer("end_time"),
            artifactURI: meta.text("artifact_uri") ?? ""
        )
        parts.params = try FolderText.texts(below: folder + "/params").map { Param(key: $0.0, value: $0.1) }
        parts.tags = try FolderText.texts(below: folder + "/tags").map { Tag(key: $0.0, value: $0.1) }
        parts.marks = FolderText.files(below: folder + "/metrics").map { key in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/metrics/\(key)")
            return "\(key) \((attributes?[.size] as? NSNumber)?.int64Value ?? 0)"
        }
        try fillInputs(&parts)
        return parts
    }

    private func fillInputs(_ parts: inout MLflowRunParts) throws(MartletError) {
        let datasets = URL(fileURLWithPath: folder).deletingLastPathComponent().path + "/datasets"
        for name in FolderText.folders(in: folder + "/inputs").sorted() {
            let meta = try MetaFile("\(folder)/inputs/\(name)/meta.yaml")
            let source = try meta.required("source_id")
            guard meta.text("source_type") == "DATASET" else {
                parts.modelInputs.append(ModelInput(modelID: LoggedModel.ID(source)))
                continue
            }
            guard !source.contains("/"), FolderText.exists("\(datasets)/\(source)/meta.yaml") else {
                parts.problems.append(
                    ImportProblem(.missing, of: "run \(parts.id)", "the dataset '\(source.prefix(64))' that it read")
                )
                continue
            }
            let dataset = try MetaFile("\(datasets)/\(source)/meta.yaml")
            parts.datasets.append(
                DatasetInput(
                    name: dataset.text("name") ?? "",
                    digest: dataset.text("digest") ?? "",
                    sourceType: dataset.text("source_type") ?? "",
                    source: dataset.text("source") ?? "",
                    schema: dataset.text("schema"),
                    profile: dataset.text("profile"),
                    tags: meta.texts("tags").map { Tag(key: $0.0, value: $0.1) }
                )
            )
        }
        for name in FolderText.folders(in: folder + "/outputs").sorted() {
            let meta = try MetaFile("\(folder)/outputs/\(name)/meta.yaml")
            let model = LoggedModel.ID(try meta.required("source_id"))
            parts.modelOutputs.append(ModelOutput(modelID: model, step: meta.integer("step") ?? 0))
        }
    }
}

/// Walks the files of a run's metrics: one for each key, a line `time value step` for each point.
struct MLflowFolderPoints: PointReader {
    let folder: String
    let run: Run.ID
    /// `nil` before the first look.
    private var keys: [String]?
    private var place = 0
    /// Bytes of the file at `place` that were read.
    private var offset: UInt64 = 0

    init(folder: String, run: Run.ID) {
        self.folder = folder
        self.run = run
    }

    /// Bytes that are read at once; a line of a point has at least four.
    private static let pieceSize = 1 << 20

    mutating func next() async throws(MartletError) -> Found<LogBatch>? {
        var walk = self
        let (found, after) = try await offPool { [walk] () throws(MartletError) in
            var inner = walk
            let found = try inner.fill()
            return (found, inner)
        }
        walk = after
        self = walk
        return found
    }

    private mutating func fill() throws(MartletError) -> Found<LogBatch>? {
        let keys = keys ?? FolderText.files(below: folder)
        self.keys = keys
        var found = Found(LogBatch())
        while place < keys.count, found.value.pointCount < PointLimits.most / 2 {
            try readPiece(of: keys[place], &found)
        }
        return found.value.pointCount == 0 && found.problems.isEmpty && place == keys.count ? nil : found
    }

    private mutating func readPiece(of key: String, _ found: inout Found<LogBatch>) throws(MartletError) {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder + "/" + key))
            defer { try? file.close() }
            try file.seek(toOffset: offset)
            data = try file.read(upToCount: Self.pieceSize) ?? Data()
        } catch {
            throw MartletError(.unprocessable, "the metric '\(key)' of run \(run) cannot be read: \(error)")
        }
        let isLast = data.count < Self.pieceSize
        let newline = data.lastIndex(of: UInt8(ascii: "\n"))
        var whole = isLast ? data : data.prefix(through: newline ?? data.endIndex - 1)
        var refused = 0
        let room = PointLimits.most - found.value.pointCount
        whole = Self.prefix(of: whole, lines: room)
        for line in whole.split(separator: UInt8(ascii: "\n")) where !Self.add(line, key, to: &found.value) {
            refused += 1
        }
        if refused > 0 {
            let what = "\(refused) lines of the metric '\(key.prefix(100))' are no points"
            found.problems.append(ImportProblem(.refused, of: "run \(run)", what))
        }
        offset += UInt64(whole.count)
        if isLast, whole.count == data.count {
            place += 1
            offset = 0
        }
    }

    private static func prefix(of data: Data, lines: Int) -> Data {
        var rest = lines
        for index in data.indices where data[index] == UInt8(ascii: "\n") {
            rest -= 1
            if rest == 0 { return data[...index] }
        }
        return data
    }

    private static func add(_ line: Data, _ key: String, to batch: inout LogBatch) -> Bool {
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        if words.isEmpty { return true }
        guard [2, 3, 5].contains(words.count), let time = Int64(words[0]), let value = Double(words[1]),
            let step = words.count == 2 ? 0 : Int64(words[2])
        else { return false }
        batch.append(key: key, step: step, time: time, value: value)
        return true
    }
}
