import Foundation
import Testing

@testable import MartletSweeps

@Suite("Which parameters matter")
struct ImportanceTests {
    private func importance(
        _ parameters: [[String: SweepValue]],
        _ metric: [Double],
        seed: UInt64 = 1
    ) -> ParameterImportance {
        var generator = SweepGenerator(seed: seed)
        return ParameterImportance(parameters: parameters, metric: metric, using: &generator)
    }

    /// Runs of the mixed training function, found by random search.
    private func training(_ count: Int) throws -> (parameters: [[String: SweepValue]], metric: [Double]) {
        let configuration = try SweepConfiguration(.random, TestFunction.training.parameters)
        let parameters = (0..<count).compactMap { configuration.next(seed: UInt64($0)).parameters }
        return (parameters, parameters.map(TestFunction.training.value))
    }

    @Test("what moves the metric comes first, what does not comes last")
    func order() throws {
        let runs = try training(300)
        let found = importance(runs.parameters, runs.metric)
        #expect(found.parameters.map(\.name).first == "lr")
        #expect(Set(found.parameters.map(\.name).prefix(2)) == ["lr", "optimizer.name"])
        #expect(abs(found.parameters.reduce(0) { $0 + $1.importance } - 1) < 1e-12)
        let share = Dictionary(uniqueKeysWithValues: found.parameters.map { ($0.name, $0.importance) })
        #expect(try #require(share["batch"]) < 0.05)
        #expect(try #require(share["augment"]) < 0.05)
        #expect(try #require(found.explained) > 0.5)
        #expect(found.runs == 300)
    }

    @Test("the same runs and seed give the same answer")
    func repeats() throws {
        let runs = try training(80)
        #expect(importance(runs.parameters, runs.metric) == importance(runs.parameters, runs.metric))
    }

    @Test("constants are left out; categories have no correlation of their own")
    func columns() throws {
        let parameters: [[String: SweepValue]] = (0..<40).map {
            [
                "x": .int($0), "same": 3, "null": .null, "name": $0 % 2 == 0 ? "a" : "b", "flag": .bool($0 % 4 == 0),
                "list": [1, .int($0 % 3)], "group": ["y": .double(Double(-$0))],
            ]
        }
        let found = importance(parameters, (0..<40).map { Double($0) })
        #expect(Set(found.parameters.map(\.name)) == ["flag", "group.y", "list", "name", "x"])
        let byName = Dictionary(uniqueKeysWithValues: found.parameters.map { ($0.name, $0) })
        #expect(abs(try #require(byName["x"]?.correlation) - 1) < 1e-12)
        #expect(abs(try #require(byName["group.y"]?.rankCorrelation) + 1) < 1e-12)
        #expect(byName["name"]?.correlation == nil)
        #expect(byName["name"]?.categories.map(\.value) == ["a", "b"])
        #expect(byName["list"]?.categories.count == 3)
        #expect(byName["flag"]?.correlation != nil)
    }

    @Test("missing parameters and metrics are bridged")
    func missing() {
        var parameters: [[String: SweepValue]] = (0..<60).map { ["x": .int($0), "z": .int($0 * 7 % 11)] }
        for index in stride(from: 0, to: 60, by: 5) { parameters[index]["x"] = nil }
        parameters[1]["x"] = .double(.nan)
        var metric = (0..<60).map { Double($0) }
        metric[7] = .nan
        metric[8] = .infinity
        let found = importance(parameters, metric)
        #expect(found.runs == 58)
        #expect(found.parameters.first?.name == "x")
        #expect(abs((found.parameters.first?.correlation ?? 0) - 1) < 1e-12)
    }

    @Test("one exploded run does not decide alone")
    func outlier() throws {
        var runs = try training(200)
        runs.metric[17] = 1e250
        let found = importance(runs.parameters, runs.metric)
        #expect(Set(found.parameters.map(\.name).prefix(2)) == ["lr", "optimizer.name"])
    }

    @Test("a metric that nothing explains is told by what is explained")
    func noise() {
        var generator = SweepGenerator(seed: 8)
        let parameters: [[String: SweepValue]] = (0..<200).map { _ in
            ["a": .double(generator.unit()), "b": .double(generator.unit())]
        }
        let found = importance(parameters, (0..<200).map { _ in generator.unit() })
        #expect((found.explained ?? 1) < 0.1)
    }

    @Test("too few runs, no parameters, or one value of the metric give an answer without importances")
    func few() {
        #expect(importance([], []).parameters.isEmpty)
        #expect(importance([[:], [:]], [1, 2]).parameters.isEmpty)
        let five = importance((0..<5).map { ["x": .int($0)] }, [1, 2, 3, 4, 5])
        #expect(five.parameters.first?.importance == 0)
        #expect(five.explained == nil)
        #expect(abs((five.parameters.first?.correlation ?? 0) - 1) < 1e-12)
        let flat = importance((0..<50).map { ["x": .int($0)] }, Array(repeating: 2, count: 50))
        #expect(flat.parameters.first?.importance == 0)
        #expect(flat.parameters.first?.correlation == nil)
    }

    @Test("a parameter with a new text in each run is one parameter of few columns")
    func manyCategories() {
        let rows: [[String: SweepValue]] = (0..<200).map { ["id": .string("run \($0)"), "x": .int($0 % 10)] }
        let table = FeatureTable(rows)
        #expect(table.names == ["id", "x"])
        #expect(table.columns.count == FeatureTable.greatestCategories + 1)
        #expect(table.columns.contains { $0.category == FeatureTable.others })
    }

    @Test(
        "correlations are those of the textbook",
        arguments: [
            ([1, 2, 3, 4], [2, 4, 6, 8], 1, 1), ([1, 2, 3, 4], [1, 10, 100, 1000], 0.8241, 1),
            ([1, 2, 3], [1, 1, 1], nil, nil), ([1], [1], nil, nil), ([], [], nil, nil),
            ([1, 2, .nan, 3, 4], [4, 3, 9, 2, 1], -1, -1), ([1, 2, 2, 3], [1, 2, 3, 4], 0.9487, 0.9487),
            ([-1e308, 1e308], [0, 1e-300], 1, 1),
        ] as [([Double], [Double], Double?, Double?)]
    )
    func correlation(_ a: [Double], _ b: [Double], _ pearson: Double?, _ spearman: Double?) {
        func isNear(_ a: Double?, _ b: Double?) -> Bool {
            guard let a, let b else { return a == nil && b == nil }
            return abs(a - b) < 1e-4
        }
        #expect(isNear(Correlation.pearson(a, b), pearson))
        #expect(isNear(Correlation.spearman(a, b), spearman))
    }
}
