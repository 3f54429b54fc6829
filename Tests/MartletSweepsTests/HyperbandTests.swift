import Testing

@testable import MartletSweeps

@Suite("Early termination by hyperband")
struct HyperbandTests {
    private func run(_ id: String, _ history: [Double], _ state: SweepRun.State = .running) -> SweepRun {
        SweepRun(id: id, state: state, parameters: [:], history: history)
    }

    @Test(
        "bands lie at min_iter · etaⁿ, or at max_iter / etaⁿ",
        arguments: [
            (HyperbandStopping(bracket: .first(3), eta: 3, isStrict: true), 100, [3, 9, 27, 81]),
            (HyperbandStopping(bracket: .first(2), eta: 1.5, isStrict: true), 10, [2, 3, 4, 6, 10]),
            (HyperbandStopping(bracket: .last(27, count: 2), eta: 3, isStrict: true), 1_000, [3, 9]),
            (HyperbandStopping(bracket: .last(27, count: 9), eta: 3, isStrict: true), 1_000, [1, 3, 9]),
            (HyperbandStopping(bracket: .last(5, count: 2), eta: 2, isStrict: true), 1_000, [1, 2]),
            (HyperbandStopping(bracket: .last(27, count: 3), eta: 3, isStrict: true), 5, [1, 3]),
            (HyperbandStopping(bracket: .first(.max), eta: 3, isStrict: true), .max, []),
        ] as [(HyperbandStopping, Int, [Int])]
    )
    func bands(_ stopping: HyperbandStopping, _ limit: Int, _ bands: [Int]) {
        #expect(stopping.bands(upTo: limit) == bands)
    }

    @Test("the example of the package sweeps stops the same run")
    func example() throws {
        // The docstring of `hyperband_stop_runs` in sweeps 0.3.0.
        let configuration = try SweepConfiguration(
            .grid,
            ["a": ["values": [1, 2, 3]]],
            [
                "metric": ["name": "loss", "goal": "minimize"],
                "early_terminate": ["type": "hyperband", "max_iter": 5, "eta": 2, "s": 2],
            ]
        )
        let stops = configuration.stops([
            run("a", [10, 9], .finished), run("b", [10, 10]), run("c", [10, 8, 8]), run("d", [10, 7, 7]),
            run("e", [10, 6, 6], .finished),
        ])
        #expect(stops == [HyperbandStopping.Verdict(runID: "b", band: 2, value: 10, threshold: 8)])
    }

    @Test("strict judges by the value at the band, otherwise by the best so far")
    func strict() {
        let runs = [
            run("a", [1, 1], .finished), run("b", [2, 2], .finished), run("c", [3, 3, 0.5]), run("d", [3, 3]),
        ]
        let strict = HyperbandStopping(bracket: .first(2), eta: 3, isStrict: true)
        #expect(strict.stops(runs, goal: .minimize).map(\.runID) == ["c", "d"])
        let lenient = HyperbandStopping(bracket: .first(2), eta: 3, isStrict: false)
        #expect(lenient.stops(runs, goal: .minimize).map(\.runID) == ["d"])
    }

    @Test("with the goal maximize the lowest stop, and the verdict is in the metric's units")
    func maximize() {
        let stopping = HyperbandStopping(bracket: .first(1), eta: 2, isStrict: true)
        let stops = stopping.stops(
            [run("a", [0.9]), run("b", [0.5]), run("c", [0.1]), run("d", [0.2])],
            goal: .maximize
        )
        #expect(stops.map(\.runID) == ["c"])
        #expect(stops.first == HyperbandStopping.Verdict(runID: "c", band: 1, value: 0.1, threshold: 0.2))
    }

    @Test("values that are not finite are not counted as logged")
    func finite() {
        let stopping = HyperbandStopping(bracket: .first(2), eta: 2, isStrict: true)
        let runs = [run("a", [1, 1]), run("b", [2, 2]), run("c", [9, .nan, .infinity]), run("d", [9, .nan, 9])]
        #expect(stopping.stops(runs, goal: .minimize).map(\.runID) == ["d"])
    }

    @Test("nobody stops before the first band, alone, or without early_terminate")
    func nobody() throws {
        let stopping = HyperbandStopping(bracket: .first(3), eta: 3, isStrict: true)
        #expect(stopping.stops([run("a", [1, 2]), run("b", [9, 9])], goal: .minimize).isEmpty)
        #expect(stopping.stops([run("a", [1, 2, 3])], goal: .minimize).isEmpty)
        #expect(stopping.stops([], goal: .minimize).isEmpty)
        let configuration = try SweepConfiguration(.random, ["x": ["value": 1]])
        #expect(configuration.stops([run("a", [1, 2, 3])]).isEmpty)
    }

    @Test("only running runs stop; the last band that a run reached decides")
    func lastBand() {
        let stopping = HyperbandStopping(bracket: .first(1), eta: 2, isStrict: true)
        let runs = [
            run("a", [1, 1, 1, 1], .finished), run("b", [1, 5, 1, 1]), run("late", [9, 9, 9, 0.5]),
            run("crashed", [9, 9, 9, 9], .crashed), run("bad", [0, 0, 0, 9]), run("even", [1, 1, 1, 1]),
        ]
        #expect(stopping.stops(runs, goal: .minimize).map(\.runID) == ["bad"])
    }
}
