import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Points by step")
struct StepTableTests {
    let scratch: MetricScratch

    init() async throws { scratch = try await MetricScratch() }

    /// How the points of a run come.
    enum Arrival: CaseIterable {
        case ascending
        /// Some below the series' mark.
        case late
        /// Steps go back where a program went on from a checkpoint.
        case rewound
        /// Several points at a step.
        case repeated
    }

    private func point(_ index: Int, _ arrival: Arrival, _ random: inout SeededNumbers) -> (step: Int64, time: Int64) {
        let place = Int64(index)
        return switch arrival {
        case .ascending: (place, 1_000 + place * 7)
        case .late: (place, 1_000 + place * 7 - (random.next() % 5 == 0 ? 300 : 0))
        case .rewound: (place % 400, 1_000 + place * 7)
        case .repeated: (place / 3, 1_000 + place * 7)
        }
    }

    @Test("as a model has them, sealed or not, in every order of arrival", arguments: Arrival.allCases, 0..<3)
    func agrees(arrival: Arrival, seed: Int) async throws {
        var random = SeededNumbers(seed: UInt64(seed))
        var model: [String: Set<ModelPoint>] = [:]
        for round in 0..<12 {
            var batch = LogBatch()
            for index in (round * 150)..<((round + 1) * 150) {
                for key in ["a", "b", "c"] where key != "c" || index % 2 == 0 {
                    let (step, time) = point(index, arrival, &random)
                    let value = Double(random.next() % 1_000) / (key == "a" ? 1 : 7)
                    batch.append(key: key, step: step, time: time, value: value)
                    model[key, default: []].insert(ModelPoint(step: step, time: time, number: value))
                }
            }
            try await scratch.log(batch)
            if round % 4 == 1 { _ = try await scratch.sealer.sealEverything() }
        }
        for steps in [Int64.min ... .max, 100...500, 137...137, 5_000...6_000] {
            let found = try await scratch.database.read {
                try MetricReader.series(run: 1, keys: nil, steps: steps, on: $0)
            }
            let expected = model.mapValues { Self.byStep($0, steps) }.filter { !$0.value.isEmpty }
            #expect(found.map(\.key) == expected.keys.sorted())
            for series in found {
                let wanted = expected[series.key] ?? []
                #expect(series.steps == wanted.map(\.step), "\(series.key) \(steps)")
                #expect(series.values == wanted.map(\.number), "\(series.key) \(steps)")
            }
        }
    }

    private static func byStep(_ points: Set<ModelPoint>, _ steps: ClosedRange<Int64>) -> [ModelPoint] {
        points.sorted().filter { steps.contains($0.step) }.enumerated()
            .sorted { ($0.element.step, $0.offset) < ($1.element.step, $1.offset) }.map(\.element)
    }

    @Test("a chunk with fewer points than its row says is damage, not other points")
    func damaged() async throws {
        var batch = LogBatch()
        for index in 0..<100 { batch.append(key: "a", step: Int64(index), time: Int64(index), value: Double(index)) }
        try await scratch.log(batch)
        _ = try await scratch.sealer.sealEverything()
        try await scratch.database.write { try $0.execute("UPDATE metric_chunk SET points = points + 1") }
        await #expect(throws: MartletError.self) {
            _ = try await scratch.database.read {
                try MetricReader.series(run: 1, keys: nil, steps: .min ... .max, on: $0)
            }
        }
    }

    @Test("log rows that an older build counted beside us keep their numbers to themselves")
    func numbers() async throws {
        for index in 0..<3 {
            var batch = LogBatch()
            batch.append(key: "a", step: Int64(index), time: Int64(index), value: Double(index))
            try await scratch.log(batch)
            // The next after the greatest, as older builds count.
            try await scratch.database.write {
                try $0.execute("UPDATE point_log SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM point_log)")
            }
        }
        let numbers = try await scratch.database.read {
            try $0.rows("SELECT seq FROM point_log ORDER BY received_at, first_time") { $0.integer(0) }
        }
        #expect(numbers.count == 3 && numbers == numbers.sorted() && Set(numbers).count == 3)
        _ = try await scratch.sealer.sealEverything()
        #expect(try await scratch.history("a").values == [0, 1, 2])
    }
}
