import Foundation
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

/// A database in a scratch folder with helpers that log and read run 1.
final class MetricScratch: Sendable {
    let folder: ScratchFolder
    let database: any SQLDatabase
    let backlog = SealBacklog()
    let sealer: Sealer

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        sealer = Sealer(database: database, backlog: backlog)
    }

    @discardableResult
    func log(_ batch: LogBatch, now: Int64 = 0) async throws -> Int {
        try await database.write { [backlog] in
            try PointWriter.write(batch, run: 1, experiment: 1, now: now, noting: backlog, on: $0)
        }
    }

    func history(_ key: String, after: HistoryCursor? = nil, limit: Int = .max / 2) async throws -> PointColumns {
        try await database.read {
            try MetricReader.history(run: 1, key: key, after: after, limit: limit, on: $0)
        }
    }

    func series(
        _ key: String,
        _ axis: SeriesAxis,
        from: Int64? = nil,
        to: Int64? = nil,
        buckets: Int,
        halfLife: Double = 0
    ) async throws -> (buckets: [SeriesBucket], count: Int, smoothed: [Double]) {
        try await database.read {
            try MetricReader.series(
                run: 1,
                key: key,
                axis: axis,
                from: from,
                to: to,
                buckets: buckets,
                halfLife: halfLife,
                runStart: nil,
                on: $0
            )
        }
    }

    func summary(_ key: String) async throws -> MetricSummary? {
        try await database.read {
            try MetricReader.summaries(runs: [1], keys: [key], on: $0)[1]?.first
        }
    }
}

/// A point as the naive model keeps it.
struct ModelPoint: Hashable, Comparable {
    var time: Int64
    var step: Int64
    var value: Int64
    var bits: UInt64

    init(step: Int64, time: Int64, number: Double) {
        self.time = time
        self.step = step
        value = PointOrder.sortKey(of: number)
        bits = number.bitPattern
    }

    var number: Double { Double(bitPattern: bits) }

    static func < (left: Self, right: Self) -> Bool {
        (left.time, left.step, left.value) < (right.time, right.step, right.value)
    }
}

@Suite("The metric store against a naive model")
struct MetricStoreTests {
    /// Batches of one series: in order, shuffled, repeated, with what is not finite, negative steps and equal times.
    static func batches(_ seed: UInt64) -> [LogBatch] {
        var numbers = SeededNumbers(seed: seed)
        let isOrdered = seed % 3 == 0
        let sizes = (0..<Int.random(in: 3...12, using: &numbers)).map { _ in
            Int.random(in: 1...(seed % 2 == 0 ? 60 : 1_200), using: &numbers)
        }
        var clock: Int64 = 1_000
        var step: Int64 = -50
        var earlier: [(Int64, Int64, Double)] = []
        return sizes.map { size in
            var batch = LogBatch()
            for _ in 0..<size {
                clock += Int64.random(in: 0...2, using: &numbers)
                step += 1
                var point = (step, clock, value(seed, step, &numbers))
                if !isOrdered, Int.random(in: 0..<20, using: &numbers) == 0 {
                    point.0 = Int64.random(in: -100...step, using: &numbers)
                    point.1 = Int64.random(in: 900...clock, using: &numbers)
                }
                if Int.random(in: 0..<15, using: &numbers) == 0, let old = earlier.randomElement(using: &numbers) {
                    point = old
                }
                earlier.append(point)
                batch.append(key: "loss", step: point.0, time: point.1, value: point.2)
            }
            return batch
        }
    }

    private static func value(_ seed: UInt64, _ step: Int64, _ numbers: inout SeededNumbers) -> Double {
        switch Int.random(in: 0..<40, using: &numbers) {
        case 0: return .nan
        case 1: return .infinity
        case 2: return -.infinity
        case 3: return -0.0
        default: break
        }
        switch seed % 5 {
        case 0: return Double(Int.random(in: -5...5, using: &numbers))
        case 1: return Double(Float.random(in: -1...1, using: &numbers))
        case 2: return Double(Int.random(in: 0...10_000, using: &numbers)) / 10_000
        case 3: return 0.25
        default: return Double.random(in: -10...10, using: &numbers)
        }
    }

    @Test("histories, summaries and buckets hold whatever is sealed when", arguments: UInt64(0)..<10)
    func model(seed: UInt64) async throws {
        let scratch = try await MetricScratch()
        var numbers = SeededNumbers(seed: seed &+ 1_000)
        var model: Set<ModelPoint> = []
        for batch in Self.batches(seed) {
            let before = model.count
            for index in 0..<batch.pointCount {
                model.insert(
                    ModelPoint(
                        step: batch.steps[index],
                        time: batch.times[index],
                        number: batch.values[index].isNaN ? .nan : batch.values[index]
                    )
                )
            }
            #expect(try await scratch.log(batch) == model.count - before)
            if Bool.random(using: &numbers) { try await scratch.sealer.sealEverything() }
        }
        for _ in 0..<2 {
            try await Self.checkHistory(model.sorted(), scratch)
            try await Self.checkSummary(model.sorted(), scratch)
            for axis in [SeriesAxis.step, .time] {
                for number in [7, 300] { try await Self.checkBuckets(model.sorted(), axis, number, scratch) }
            }
            try await scratch.sealer.sealEverything()
        }
    }

    static func checkHistory(_ points: [ModelPoint], _ scratch: MetricScratch) async throws {
        let whole = try await scratch.history("loss")
        #expect(whole.times == points.map(\.time))
        #expect(whole.steps == points.map(\.step))
        #expect(whole.values.map(\.bitPattern) == points.map(\.bits))
        var paged: [UInt64] = []
        var cursor: HistoryCursor?
        while true {
            let page = try await scratch.history("loss", after: cursor, limit: 777)
            guard let time = page.times.last, let step = page.steps.last, let value = page.values.last else { break }
            paged += page.values.map(\.bitPattern)
            cursor = HistoryCursor(time: time, step: step, valueKey: PointOrder.sortKey(of: value))
        }
        #expect(paged == points.map(\.bits))
    }

    static func checkSummary(_ points: [ModelPoint], _ scratch: MetricScratch) async throws {
        let summary = try #require(try await scratch.summary("loss"))
        let finite = points.map(\.number).filter(\.isFinite)
        let known = points.map(\.number).filter { !$0.isNaN }
        #expect(summary.count == Int64(points.count))
        #expect(summary.nanCount == Int64(points.count - known.count))
        #expect(summary.min == known.min() && summary.max == known.max())
        let minStep = points.filter { $0.number == known.min() }.map(\.step).min()
        let maxStep = points.filter { $0.number == known.max() }.map(\.step).min()
        #expect(summary.minStep == minStep && summary.maxStep == maxStep)
        if let mean = summary.mean {
            #expect(abs(mean - finite.reduce(0, +) / Double(finite.count)) < 1e-9)
        }
        let top = points.map { ($0.step, $0.time, $0.number.isNaN ? 0 : $0.number) }.max { $0 < $1 }
        #expect(summary.lastStep == top?.0 && summary.lastTime == top?.1)
        #expect((summary.last.isNaN ? 0 : summary.last) == top?.2)
    }

    static func checkBuckets(
        _ points: [ModelPoint],
        _ axis: SeriesAxis,
        _ number: Int,
        _ scratch: MetricScratch
    ) async throws {
        let x: (ModelPoint) -> Int64 = { axis == .step ? $0.step : $0.time }
        let ordered = points.sorted { x($0) != x($1) ? x($0) < x($1) : $0 < $1 }
        let low = x(ordered[0]) + (number == 7 ? 13 : 0)
        let inside = ordered.filter { x($0) >= low }
        let read = try await scratch.series("loss", axis, from: low, buckets: number, halfLife: 0)
        #expect(read.count == inside.count && read.buckets.count <= number)
        var rest = inside[...]
        for bucket in read.buckets {
            // Points of equal x may be cut by a cell; so a bucket takes as many as it says.
            let taken = rest.prefix(bucket.count)
            rest = rest.dropFirst(bucket.count)
            let finite = taken.map(\.number).filter(\.isFinite)
            #expect(bucket.firstX == taken.first.map(x) && bucket.lastX == taken.last.map(x))
            #expect(bucket.nanCount == taken.count { $0.number.isNaN })
            #expect(bucket.infinityCount == taken.count { $0.number.isInfinite })
            guard let least = finite.min(), let greatest = finite.max() else { continue }
            #expect(bucket.min == least && bucket.max == greatest && bucket.last == finite.last)
            #expect(abs(bucket.mean - finite.reduce(0, +) / Double(finite.count)) < 1e-8)
        }
        #expect(rest.isEmpty)
    }

    @Test(
        "long series read from cells equal those read from points",
        arguments: [SeriesAxis.step, .time, .relativeTime]
    )
    func cells(axis: SeriesAxis) async throws {
        let scratch = try await MetricScratch()
        var numbers = SeededNumbers(seed: 5)
        let count = 60_000
        let values = (0..<count).map { _ in Double.random(in: -1...1, using: &numbers) }
        try await scratch.log(
            LogBatch(
                keys: ["loss"],
                keyIndexes: Array(repeating: 0, count: count),
                steps: (0..<count).map(Int64.init),
                times: (0..<count).map { 5_000 + 7 * Int64($0) },
                values: values
            )
        )
        try await scratch.sealer.sealEverything()
        for number in [3, 20, 100] {
            let read = try await scratch.series("loss", axis, buckets: number)
            #expect(read.count == count && read.buckets.count == number)
            var start = 0
            for bucket in read.buckets {
                let part = values[start..<(start + bucket.count)]
                let sum = part.reduce(0, +)
                #expect(bucket.min == part.min() && bucket.max == part.max() && bucket.last == part.last)
                #expect(abs(bucket.mean - sum / Double(part.count)) < 1e-9)
                start += bucket.count
            }
        }
    }

    @Test("smoothing is the same whatever the number of buckets, and that of a plain loop")
    func smoothing() async throws {
        let scratch = try await MetricScratch()
        var numbers = SeededNumbers(seed: 6)
        let values = (0..<20_000).map { _ in Double.random(in: 0...1, using: &numbers) }
        for half in [0..<10_000, 10_000..<20_000] {
            try await scratch.log(
                LogBatch(
                    keys: ["loss"],
                    keyIndexes: half.map { _ in 0 },
                    steps: half.map(Int64.init),
                    times: half.map(Int64.init),
                    values: Array(values[half])
                )
            )
            if half.lowerBound == 0 { try await scratch.sealer.sealEverything() }
        }
        let keep = exp2(-1.0 / 50)
        var (sum, weight) = (0.0, 0.0)
        let expected = values.map { value -> Double in
            sum = sum * keep + value
            weight = weight * keep + 1
            return sum / weight
        }
        for number in [10, 137, 1_000] {
            let read = try await scratch.series("loss", .step, buckets: number, halfLife: 50)
            for (bucket, value) in zip(read.buckets, read.smoothed) {
                #expect(abs(value - expected[Int(bucket.lastX)]) < 1e-6)
            }
            #expect(read.smoothed.count == read.buckets.count)
        }
    }

    /// Points of as many keys, of one step.
    private static func wide(_ step: Int64, keys: Int) -> LogBatch {
        var batch = LogBatch()
        for key in 0..<keys { batch.append(key: "m\(key)", step: step, time: step, value: 1 / Double(step + 1)) }
        return batch
    }

    @Test("a run is sealed once its oldest row is a minute old, and only then")
    func age() async throws {
        let scratch = try await MetricScratch()
        try await scratch.log(Self.wide(1, keys: 400), now: 1_000)
        #expect(try await scratch.sealer.sealDue(now: 61_000) == 0)
        #expect(try await scratch.sealer.sealDue(now: 61_001) == 1)
        #expect(try await scratch.sealer.sealDue(now: 99_000) == 0)
    }

    @Test("a short log stays as it is until it is no longer short")
    func shortLog() async throws {
        let scratch = try await MetricScratch()
        for step in 0..<16 { try await scratch.log(Self.wide(Int64(step), keys: 2), now: 1_000) }
        #expect(try await scratch.sealer.sealDue(now: 99_000) == 0)
        let before = try await scratch.history("m1")
        #expect(before.steps == Array(0..<16))
        try await scratch.log(Self.wide(16, keys: 2), now: 100_000)
        #expect(try await scratch.sealer.sealDue(now: 100_000) == 0)
        #expect(try await scratch.sealer.sealDue(now: 160_001) == 17)
        #expect(try await scratch.history("m1").steps == Array(0..<17))
    }

    @Test("what another process left in the log is found, but not what is short or too young")
    func discovery() async throws {
        let scratch = try await MetricScratch()
        let other = Sealer(database: scratch.database, backlog: SealBacklog())
        try await scratch.log(Self.wide(1, keys: 2), now: 1_000)
        try await other.discover()
        #expect(try await other.sealDue(now: 99_000) == 0)
        try await scratch.log(Self.wide(2, keys: 400), now: 2_000)
        try await other.discover(receivedBefore: 1_000)
        #expect(try await other.sealDue(now: 99_000) == 0)
        try await other.discover(receivedBefore: 1_001)
        #expect(try await other.sealDue(now: 99_000) == 2)
        #expect(try await scratch.sealer.sealDue(now: 99_000) == 0)
        #expect(try await scratch.history("m1").steps == [1, 2])
    }

    @Test("what could not be sealed stays in the backlog")
    func unsealed() async throws {
        let scratch = try await MetricScratch()
        try await scratch.log(Self.wide(1, keys: 400), now: 1_000)
        let broken = Sealer(database: BrokenWrites(database: scratch.database), backlog: scratch.backlog)
        await #expect(throws: MartletError.self) { try await broken.sealDue(now: 99_000) }
        #expect(try await scratch.sealer.sealDue(now: 159_000) == 0)
        #expect(try await scratch.sealer.sealDue(now: 159_001) == 1)
    }

    @Test("a run with a damaged row keeps no other from being sealed, and only it stays in the backlog")
    func damagedRun() async throws {
        let scratch = try await MetricScratch()
        try await scratch.log(Self.wide(1, keys: 400), now: 1_000)
        let batch = Self.wide(1, keys: 400)
        try await scratch.database.write { [backlog = scratch.backlog] connection in
            _ = try PointWriter.write(batch, run: 2, experiment: 1, now: 1_000, noting: backlog, on: connection)
            try connection.execute("UPDATE point_log SET data = $1 WHERE run = 2", [.blob([1, 2, 3])])
        }
        await #expect(throws: MartletError.self) { try await scratch.sealer.sealDue(now: 99_000) }
        let left = try await scratch.database.read { connection in
            try connection.rows("SELECT run FROM point_log") { $0.integer(0) }
        }
        #expect(left == [2])
        #expect(scratch.backlog.takeDue(now: 159_001).map(\.run) == [2])
    }

    @Test("a batch whose columns do not fit is refused and leaves nothing")
    func refusal() async throws {
        let scratch = try await MetricScratch()
        await #expect(throws: MartletError.self) {
            try await scratch.log(LogBatch(keys: ["a"], keyIndexes: [3], steps: [0], times: [0], values: [1]))
        }
        #expect(try await scratch.history("a").isEmpty)
    }
}
