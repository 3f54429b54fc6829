import Hummingbird
import MartletCore

/// The bodies of `runs/log-batch` and `runs/log-metric` as a checked `LogBatch`.
///
/// The scanner takes what clients send; this file says what is wrong with the rest, and is what a fuzz test holds
/// the scanner against.
enum MLflowLogBatch {
    struct Parsed: Sendable, Equatable {
        var runID: Run.ID
        var batch: LogBatch
    }

    // MARK: log-batch

    static func batch(in bytes: UnsafeBufferPointer<UInt8>) throws(MartletError) -> Parsed {
        guard let scanned = LogBatchScanner.batch(in: bytes, mostPoints: MLflowRules.mostMetrics) else {
            return try batchFromTree(MLflowMessage.parse(bytes))
        }
        return try checked(Run.ID(scanned.runID), scanned.batch, params: scanned.batch.params, tags: scanned.batch.tags)
    }

    /// The same by way of a tree of values.
    static func batchFromTree(_ message: MLflowMessage) throws(MartletError) -> Parsed {
        let id = Run.ID(try message.required("run_id"))
        let metrics = try message.messages("metrics")
        var batch = LogBatch()
        for (index, metric) in metrics.enumerated() {
            // More than these are refused below; no need to look at all of them.
            guard index < MLflowRules.mostMetrics else { break }
            let key = try metric.required("key")
            try checkMetricKey(key, path: "metrics[\(index)].name")
            try append(metric, key: key, of: id, to: &batch)
        }
        let params = try message.pairs("params").map { Param(key: $0.key, value: $0.value) }
        let tags = try message.pairs("tags").map { Tag(key: $0.key, value: $0.value) }
        return try checked(id, batch, params: params, tags: tags, metrics: metrics.count)
    }

    private static func checkMetricKey(_ key: String, path: String) throws(MartletError) {
        try MLflowRules.checkKey(key, path: path)
        try MLflowRules.checkLength(key, of: "Metric name", limit: Rules.longestKey)
    }

    private static func append(
        _ metric: MLflowMessage,
        key: String,
        of run: Run.ID,
        to batch: inout LogBatch
    ) throws(MartletError) {
        let value = try metric.requiredReal("value")
        let time = try metric.requiredInteger("timestamp")
        let step = try metric.integer("step") ?? 0
        guard time >= 0 else {
            throw metric.invalid(
                "timestamp",
                .integer(time),
                "metric '\(key)' (value=\(value)). Timestamp must be a nonnegative long (64-bit integer) "
            )
        }
        batch.append(key: key, step: step, time: time, value: value)
        let datasetName = try metric.string("dataset_name") ?? ""
        let datasetDigest = try metric.string("dataset_digest") ?? ""
        guard datasetName.isEmpty == datasetDigest.isEmpty else {
            throw MLflowErrors.invalid("Both dataset_name and dataset_digest must be provided if one is provided")
        }
        guard let model = try metric.string("model_id"), !model.isEmpty else { return }
        batch.modelMetrics.append(
            LoggedModelMetric(
                modelID: LoggedModel.ID(model),
                key: key,
                value: value,
                step: step,
                time: time,
                runID: run,
                datasetName: datasetName.isEmpty ? nil : datasetName,
                datasetDigest: datasetDigest.isEmpty ? nil : datasetDigest
            )
        )
    }

    private static func checked(
        _ id: Run.ID,
        _ batch: LogBatch,
        params: [Param],
        tags: [Tag],
        metrics: Int? = nil
    ) throws(MartletError) -> Parsed {
        var batch = batch
        batch.params = []
        for (index, param) in params.enumerated() {
            guard !param.key.isEmpty else { throw MLflowErrors.missing("params[\(index)].key") }
            batch.params.append(
                try MLflowRules.param(key: param.key, value: param.value, path: "params[\(index)].")
            )
        }
        var checkedTags: [Tag] = []
        for (index, tag) in tags.enumerated() {
            guard !tag.key.isEmpty else { throw MLflowErrors.missing("tags[\(index)].key") }
            checkedTags.append(try MLflowRules.tag(key: tag.key, value: tag.value, path: "tags[\(index)]."))
        }
        try MLflowRules.checkCounts(
            metrics: metrics ?? batch.pointCount,
            params: params.count,
            tags: tags.count
        )
        try MLflowRules.checkDistinct(batch.params)
        guard !checkedTags.isEmpty else {
            batch.tags = []
            return Parsed(runID: id, batch: batch)
        }
        let (rest, changes) = MLflowTranslation.split(checkedTags)
        batch.tags = MLflowDialect.lastOfEachKey(rest)
        batch.changes = changes
        return Parsed(runID: id, batch: batch)
    }

    // MARK: log-metric

    static func point(in bytes: UnsafeBufferPointer<UInt8>) throws(MartletError) -> Parsed {
        if let scanned = LogBatchScanner.point(in: bytes) {
            return Parsed(runID: Run.ID(scanned.runID), batch: scanned.batch)
        }
        return try pointFromTree(MLflowMessage.parse(bytes))
    }

    static func pointFromTree(_ message: MLflowMessage) throws(MartletError) -> Parsed {
        let id = try message.runID()
        let key = try message.required("key")
        var batch = LogBatch()
        try checkMetricKey(key, path: "name")
        try append(message, key: key, of: id, to: &batch)
        return Parsed(runID: id, batch: batch)
    }
}

extension MLflowDialect {
    func logBatch(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try MLflowMessage.checkContentType(request)
        let body = try await collectBody(request, upTo: MLflowMessage.longestBody)
        // `withUnsafeReadableBytes` does not pass on typed errors.
        let parsed = try body.withUnsafeReadableBytes { bytes in
            Result { () throws(MartletError) in try MLflowLogBatch.batch(in: bytes.bindMemory(to: UInt8.self)) }
        }.get()
        try await log(parsed.batch, to: parsed.runID, isBatch: true, context)
        return Self.emptyObject
    }

    func logMetric(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try MLflowMessage.checkContentType(request)
        let body = try await collectBody(request, upTo: MLflowMessage.longestBody)
        // `withUnsafeReadableBytes` does not pass on typed errors.
        let parsed = try body.withUnsafeReadableBytes { bytes in
            Result { () throws(MartletError) in try MLflowLogBatch.point(in: bytes.bindMemory(to: UInt8.self)) }
        }.get()
        try await log(parsed.batch, to: parsed.runID, isBatch: true, context)
        return Self.emptyObject
    }
}
