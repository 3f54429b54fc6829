import Testing

@testable import MartletSweeps

@Suite("Grid search")
struct GridTests {
    /// All that the sweep gives out until it is exhausted, each as a finished run.
    private func all(_ configuration: SweepConfiguration, limit: Int = 1_000) -> [[String: SweepValue]] {
        var runs: [SweepRun] = []
        while runs.count < limit, let parameters = configuration.next(after: runs).parameters {
            runs.append(SweepRun(id: "\(runs.count)", state: .finished, parameters: parameters))
        }
        return runs.map(\.parameters)
    }

    @Test("every combination comes once, the last parameter by name changing fastest, then it is exhausted")
    func product() throws {
        let configuration = try SweepConfiguration(
            .grid,
            ["b": ["values": ["x", "y"]], "a": ["min": 1, "max": 2], "c": ["value": true]]
        )
        let found = all(configuration)
        #expect(
            found == [
                ["a": 1, "b": "x", "c": true], ["a": 1, "b": "y", "c": true],
                ["a": 2, "b": "x", "c": true], ["a": 2, "b": "y", "c": true],
            ]
        )
        let runs = found.map { SweepRun(id: "r", state: .failed, parameters: $0) }
        #expect(configuration.next(after: runs) == .exhausted(.allCombinationsTried))
    }

    @Test("nested parameters are combined like any others")
    func nested() throws {
        let configuration = try SweepConfiguration(
            .grid,
            [
                "optimizer": [
                    "parameters": [
                        "name": ["values": ["adam", "sgd"]],
                        "betas": ["parameters": ["first": ["values": [0.8, 0.9]]]],
                    ]
                ]
            ]
        )
        let found = all(configuration)
        #expect(configuration.runCountExpected == 4)
        #expect(found.count == 4)
        #expect(found.first == ["optimizer": ["name": "adam", "betas": ["first": 0.8]]])
        #expect(found.last == ["optimizer": ["name": "sgd", "betas": ["first": 0.9]]])
    }

    @Test(
        "a value that came back in another form is known again",
        arguments: [
            (["values": [3_000_000.0, 5]], 3_000_000), (["values": [1, 2]], 1.0), (["min": 1, "max": 2], 1.0),
            (["values": [[1, 2.0], [3]]], [1.0, 2]),
            (["values": [["k": 1.0], ["k": 2, "m": 3]]], ["k": 1, "added": "by the run"]),
            (["distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1], 0),
        ] as [(SweepValue, SweepValue)]
    )
    func equality(_ parameter: SweepValue, _ value: SweepValue) throws {
        let configuration = try SweepConfiguration(.grid, ["x": parameter])
        let untouched = try #require(configuration.next().parameters)
        let run = SweepRun(id: "r", state: .running, parameters: ["x": value])
        let next = try #require(configuration.next(after: [run]).parameters)
        #expect(next != untouched)
    }

    @Test("true, 1 and \"1\" are three values")
    func kinds() throws {
        let configuration = try SweepConfiguration(.grid, ["x": ["values": [true, 1, "1", 1.0]]])
        #expect(configuration.runCountExpected == 3)
        #expect(all(configuration).map { $0["x"] } == [true, 1, "1"])
    }

    @Test(
        "rounded distributions are enumerated",
        arguments: [
            (["distribution": "q_uniform", "min": 0, "max": 10, "q": 4], [0, 4, 8]),
            (["distribution": "q_uniform", "min": 0.1, "max": 0.4, "q": 0.1], [0.1, 0.2, 0.3]),
            (["distribution": "q_uniform", "min": 1, "max": 3], [1.0, 2.0]),
            (["distribution": "q_log_uniform_values", "min": 1, "max": 8, "q": 2], [0, 2, 4, 6, 8]),
            (["distribution": "q_beta", "q": 0.5], [0.0, 0.5, 1.0]),
        ] as [(SweepValue, [SweepValue])]
    )
    func rounded(_ parameter: SweepValue, _ values: [SweepValue]) throws {
        let configuration = try SweepConfiguration(.grid, ["x": parameter])
        #expect(configuration.runCountExpected == values.count)
        #expect(all(configuration).compactMap { $0["x"] } == values)
    }

    @Test("a grid of 10⁹ combinations and one of 10⁴⁰ are not listed", arguments: [3, 40])
    func huge(_ count: Int) throws {
        var parameters: [String: SweepValue] = [:]
        for number in 0..<count { parameters["p\(100 + number)"] = ["min": 0, "max": count == 3 ? 999 : 9] }
        let configuration = try SweepConfiguration(.grid, .object(parameters))
        #expect(configuration.runCountExpected == (count == 3 ? 1_000_000_000 : nil))
        let found = all(configuration, limit: 25)
        #expect(found.count == 25)
        #expect(Set(found).count == 25)
    }

    @Test("one integer axis may be as long as a double counts")
    func longAxis() throws {
        let configuration = try SweepConfiguration(.grid, ["x": ["min": 0, "max": 9_007_199_254_740_990]])
        #expect(configuration.runCountExpected == 9_007_199_254_740_991)
        #expect(all(configuration, limit: 3).compactMap { $0["x"] } == [0, 1, 2])
    }

    @Test("runs with parameters that are no combination do not count, flattened names do")
    func others() throws {
        let configuration = try SweepConfiguration(.grid, ["o": ["parameters": ["x": ["values": [1, 2]]]]])
        let runs = [
            SweepRun(id: "1", state: .finished, parameters: [:]),
            SweepRun(id: "2", state: .finished, parameters: ["o": ["x": 7]]),
            SweepRun(id: "3", state: .finished, parameters: ["o.x": 1]),
        ]
        #expect(configuration.next(after: runs).parameters == ["o": ["x": 2]])
    }

    @Test("run_cap and target end any sweep")
    func ends() throws {
        let grid = try SweepConfiguration(.grid, ["x": ["values": [1, 2, 3]]], ["run_cap": 1])
        let run = SweepRun(id: "1", state: .running, parameters: ["x": 1], history: [0.5, 0.7])
        #expect(grid.next(after: [run]) == .exhausted(.runCapReached))
        let metric: SweepValue = ["name": "acc", "goal": "maximize", "target": 0.7]
        let random = try SweepConfiguration(.random, ["x": ["values": [1, 2]]], ["metric": metric])
        #expect(random.next(after: [run]) == .exhausted(.targetReached))
        #expect(random.bestValue([run]) == 0.7)
        let less = SweepRun(id: "2", state: .running, parameters: ["x": 1], history: [.nan], best: .infinity, last: 0.6)
        #expect(random.next(after: [less]).parameters != nil)
        #expect(random.bestValue([less]) == 0.6)
    }

    @Test("probabilities are ignored with a warning")
    func weights() throws {
        let configuration = try SweepConfiguration(.grid, ["x": ["values": [1, 2], "probabilities": [0, 1]]])
        #expect(configuration.runCountExpected == 2)
        #expect(configuration.warnings.count == 1)
    }
}
