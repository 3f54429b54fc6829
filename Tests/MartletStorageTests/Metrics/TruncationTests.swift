import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Truncation of a run")
struct TruncationTests {
    private func truncate(_ scratch: MetricScratch, from step: Int64) async throws -> Int {
        try await scratch.database.write {
            try Truncation.truncate(run: 1, experiment: 1, from: step, on: $0)
        }
    }

    private func model(of batch: LogBatch) -> [ModelPoint] {
        (0..<batch.pointCount).map { index in
            let value = batch.values[index]
            return ModelPoint(
                step: batch.steps[index],
                time: batch.times[index],
                number: value.isNaN ? .nan : value
            )
        }
    }

    @Test("what is before the step stays, sealed or not, and logging goes on", arguments: UInt64(0)..<6)
    func keepsWhatIsBefore(seed: UInt64) async throws {
        let scratch = try await MetricScratch()
        var numbers = SeededNumbers(seed: seed &+ 77)
        var model: Set<ModelPoint> = []
        let batches = MetricStoreTests.batches(seed)
        for batch in batches {
            model.formUnion(self.model(of: batch))
            try await scratch.log(batch)
            if Bool.random(using: &numbers) { try await scratch.sealer.sealEverything() }
        }
        let steps = model.map(\.step).sorted()
        let step = steps[steps.count / 2]
        let kept = model.filter { $0.step < step }
        #expect(try await truncate(scratch, from: step) == model.count - kept.count)
        #expect(try await truncate(scratch, from: step) == 0)
        try await MetricStoreTests.checkHistory(kept.sorted(), scratch)
        try await MetricStoreTests.checkSummary(kept.sorted(), scratch)
        try await MetricStoreTests.checkBuckets(kept.sorted(), .step, 7, scratch)
        for batch in batches { try await scratch.log(batch) }
        try await MetricStoreTests.checkHistory(model.sorted(), scratch)
        try await scratch.sealer.sealEverything()
        try await MetricStoreTests.checkHistory(model.sorted(), scratch)
        try await MetricStoreTests.checkSummary(model.sorted(), scratch)
    }

    @Test("a series without points is gone, the others of the row stay")
    func removesWholeSeries() async throws {
        let scratch = try await MetricScratch()
        var batch = LogBatch()
        batch.append(key: "early", step: 1, time: 1, value: 1)
        batch.append(key: "loss", step: 9, time: 2, value: 2)
        try await scratch.log(batch)
        #expect(try await truncate(scratch, from: 5) == 1)
        #expect(try await scratch.summary("loss") == nil)
        #expect(try await scratch.history("loss").values.isEmpty)
        #expect(try await scratch.history("early").values == [1])
        #expect(try await scratch.log(batch) == 1)
        try await scratch.sealer.sealEverything()
        #expect(try await truncate(scratch, from: 0) == 2)
        #expect(try await scratch.history("early").values.isEmpty)
    }
}
