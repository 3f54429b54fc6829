import Foundation
import Testing

@testable import MartletSweeps

@Suite("Bayesian search", .serialized)
struct BayesianSearchTests {
    struct Contest: Sendable {
        let function: TestFunction
        let runs: Int
        /// The median regret is at most this share of random search's.
        let share: Double
        var agents = 1
        var noise = 0.0
        /// In how many of the twelve races it must be ahead.
        var wins = 11
    }

    static let seeds = (1...12).map(UInt64.init)

    @Test(
        "finds better values than random search with as many runs",
        .enabled(if: isOptimised),
        arguments: [
            Contest(function: .branin, runs: 30, share: 0.1),
            Contest(function: .hartmann6, runs: 60, share: 0.2),
            Contest(function: .training, runs: 50, share: 0.2),
            Contest(function: .wide, runs: 60, share: 0.4, wins: 10),
            Contest(function: .branin, runs: 40, share: 0.1, agents: 4),
            Contest(function: .hartmann6, runs: 80, share: 0.3, agents: 8),
            Contest(function: .training, runs: 50, share: 0.7, agents: 4, noise: 0.1, wins: 8),
        ]
    )
    func beatsRandom(_ contest: Contest) throws {
        var pairs: [(bayes: Double, random: Double)] = []
        for seed in Self.seeds {
            func regret(_ method: SweepConfiguration.Method) throws -> Double {
                try contest.function.regret(
                    method,
                    runs: contest.runs,
                    seed: seed,
                    agents: contest.agents,
                    noise: contest.noise
                )
            }
            pairs.append((try regret(.bayes), try regret(.random)))
        }
        let bayes = pairs.map(\.bayes).sorted()
        let random = pairs.map(\.random).sorted()
        let wins = pairs.count { $0.bayes < $0.random }
        print(
            "sweeps \(contest.function.name) runs \(contest.runs) agents \(contest.agents) noise \(contest.noise):",
            "median regret \(bayes[6]) against \(random[6]), worst \(bayes[11]) against \(random[11]), wins \(wins)/12"
        )
        #expect(bayes[6] <= contest.share * random[6])
        #expect(wins >= contest.wins)
    }

    private func oneParameter(
        _ more: [String: SweepValue] = [:],
        goal: String = "minimize"
    ) throws -> SweepConfiguration {
        var metric = more
        metric["name"] = "loss"
        metric["goal"] = .string(goal)
        return try SweepConfiguration(.bayes, ["x": ["min": 0.0, "max": 1.0]], ["metric": .object(metric)])
    }

    private func run(_ x: Double, _ value: Double?, _ state: SweepRun.State = .finished) -> SweepRun {
        SweepRun(id: "\(x)", state: state, parameters: ["x": .double(x)], history: value.map { [$0] } ?? [])
    }

    @Test("the same runs and seed give the same suggestion")
    func repeats() throws {
        let configuration = try oneParameter()
        let runs = (0..<8).map { run(Double($0) / 8, pow(Double($0) / 8 - 0.4, 2)) }
        #expect(configuration.next(after: runs, seed: 5) == configuration.next(after: runs, seed: 5))
    }

    @Test("it goes where the goal is", arguments: ["minimize", "maximize"])
    func goal(_ goal: String) throws {
        let configuration = try oneParameter(goal: goal)
        let sign = goal == "minimize" ? 1.0 : -1.0
        var runs = [0, 0.2, 0.5, 0.7, 1].map { run($0, sign * pow($0 - 0.35, 2)) }
        for _ in 0..<4 {
            let x = try #require(configuration.next(after: runs).parameters?["x"]?.number)
            runs.append(run(x, sign * pow(x - 0.35, 2)))
        }
        #expect(runs.contains { abs(($0.parameters["x"]?.number ?? 0) - 0.35) < 0.03 })
    }

    @Test("parallel agents get different points, before and after there is a model", arguments: [0, 6])
    func parallel(_ finished: Int) throws {
        let configuration = try oneParameter()
        var runs = (0..<finished).map { run(Double($0) / 6, pow(Double($0) / 6 - 0.35, 2)) }
        var points: [Double] = []
        for _ in 0..<6 {
            // The worst case: each agent comes with the same seed.
            var generator = SweepGenerator(seed: 3)
            let step = configuration.next(after: runs, using: &generator)
            let x = try #require(step.parameters?["x"]?.number)
            points.append(x)
            runs.append(run(x, nil, .running))
        }
        let sorted = points.sorted()
        #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1 - $0 > 4e-3 }, "\(sorted)")
    }

    @Test("a small space is searched without giving a point twice")
    func finite() throws {
        let configuration = try SweepConfiguration(
            .bayes,
            ["a": ["values": ["x", "y", "z"]], "b": ["min": 1, "max": 4]],
            ["metric": ["name": "loss"]]
        )
        var runs: [SweepRun] = []
        for number in 0..<12 {
            let parameters = try #require(configuration.next(after: runs).parameters)
            let value = (parameters["b"]?.number ?? 0) + (parameters["a"] == "y" ? 0 : 1)
            runs.append(SweepRun(id: "\(number)", state: .finished, parameters: parameters, history: [value]))
        }
        // The first six are drawn at random, far from each other.
        #expect(Set(runs.map(\.parameters)).count >= 11)
        #expect(configuration.next(after: runs).parameters != nil)
    }

    @Test("a weighted choice of probability zero is never given out")
    func weighted() throws {
        let configuration = try SweepConfiguration(
            .bayes,
            ["a": ["values": ["x", "y", "z"], "probabilities": [0.5, 0, 0.5]], "b": ["min": 0.0, "max": 1.0]],
            ["metric": ["name": "loss"]]
        )
        var runs: [SweepRun] = []
        for number in 0..<20 {
            let parameters = try #require(configuration.next(after: runs).parameters)
            let value = parameters["b"]?.number ?? 0
            runs.append(SweepRun(id: "\(number)", state: .finished, parameters: parameters, history: [value]))
        }
        #expect(!runs.contains { $0.parameters["a"] == "y" })
    }

    @Test("runs that failed keep the search away, as the worst that was seen")
    func failed() throws {
        let configuration = try oneParameter()
        let search = BayesianSearch(space: SearchSpace(configuration.parameters), metric: configuration.metric)
        var early = run(0.6, 7, .killed)
        early.wasStoppedEarly = true
        let (observations, pending) = search.sorted([
            run(0.1, 1), run(0.2, 5), run(0.3, nil, .failed), run(0.4, 0, .crashed), run(0.5, .nan), early,
            run(0.7, 2, .running), run(0.8, nil, .pending), run(0.9, 3, .preempted),
        ])
        #expect(observations.map(\.value) == [1, 5, 7, 7, 7, 7])
        #expect(pending == [[0.7], [0.8], [0.9]])
        // A run that lacks the parameter, or has something else in its place, says nothing.
        let strangers = [SweepRun(id: "1", state: .finished, parameters: [:], history: [1])]
        #expect(search.sorted(strangers).observations.isEmpty)
    }

    @Test(
        "impute says what stands in for the metric of a run that failed or goes on",
        arguments: [
            (["impute": "best"], [1, 3, 1]), (["impute": "latest"], [1, 3, 2]), (["impute": "worst"], [1, 3, 3]),
            (["impute": "best", "impute_while_running": "latest"], [1, 3, 1, 6]),
            (["impute_while_running": "best"], [1, 3, 3, 4]), (["impute_while_running": false], [1, 3, 3]),
        ] as [([String: SweepValue], [Double])]
    )
    func imputation(_ metric: [String: SweepValue], _ values: [Double]) throws {
        let configuration = try oneParameter(metric)
        let search = BayesianSearch(space: SearchSpace(configuration.parameters), metric: configuration.metric)
        var failed = run(0.3, nil, .failed)
        failed.history = [3, 1, 2, .nan]
        var running = run(0.4, nil, .running)
        running.history = [4, 6]
        let observations = search.sorted([run(0.1, 1), run(0.2, 3), failed, running]).observations
        #expect(observations.map(\.value) == values)
    }

    @Test(
        "values that say nothing do not stop the search",
        arguments: [
            [], [nil], [.nan, .infinity], [1, 1, 1, 1, 1, 1, 1, 1], [1e308, -1e308, 0, 1, 2, 3, 4, 5],
            [.leastNonzeroMagnitude, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 1e300, 1e300, 1e300, 1e300],
        ] as [[Double?]]
    )
    func strangeValues(_ values: [Double?]) throws {
        let configuration = try oneParameter()
        let runs = values.enumerated().map { run(Double($0) / 10, $1) }
        let x = try #require(configuration.next(after: runs).parameters?["x"]?.number)
        #expect((0...1).contains(x))
        // All at one place: the covariance is singular but for the noise.
        let same = values.map { run(0.5, $0) }
        #expect(configuration.next(after: same).parameters != nil)
    }

    @Test("many runs are reduced to the best and a choice of the others")
    func representatives() {
        let observations = (0..<500).map { BayesianSearch.Observation(place: [], value: Double(($0 * 7) % 500)) }
        let chosen = BayesianSearch.representatives(observations, 160).map(\.value)
        #expect(chosen.count == 160)
        #expect(Array(chosen.prefix(80)) == (0..<80).map(Double.init))
        #expect(chosen.last == 499)
        #expect(Set(chosen).count == 160)
        #expect(BayesianSearch.spread(3, 5) == [0, 1, 2])
        #expect(BayesianSearch.spread(10, 1) == [0])
    }
}
