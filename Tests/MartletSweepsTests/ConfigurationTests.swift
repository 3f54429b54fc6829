import Testing

@testable import MartletSweeps

@Suite("Reading the configuration of a sweep")
struct ConfigurationTests {
    @Test("everything of a full configuration is taken over")
    func full() throws {
        let configuration = try SweepConfiguration([
            "method": "bayes", "name": "sweep 1", "description": "d", "program": "train.py", "run_cap": 20,
            "project": "p", "entity": "e",
            "command": ["${env}", "python3", "${program}", "${args}", "--epochs", 3],
            "metric": ["name": "val/loss", "goal": "minimize", "target": 0.1, "impute": "latest"],
            "early_terminate": ["type": "hyperband", "min_iter": 3, "eta": 2, "strict": false],
            "parameters": ["lr": ["min": 0.001, "max": 0.1], "seed": ["value": 7]],
        ])
        #expect(configuration.method == .bayes)
        #expect(configuration.name == "sweep 1")
        #expect(configuration.description == "d")
        #expect(configuration.program == "train.py")
        #expect(configuration.command == ["${env}", "python3", "${program}", "${args}", "--epochs", "3"])
        #expect(configuration.runCap == 20)
        #expect(configuration.metric?.name == "val/loss")
        #expect(configuration.metric?.goal == .minimize)
        #expect(configuration.metric?.target == 0.1)
        #expect(configuration.metric?.imputation == .latest)
        #expect(configuration.metric?.runningImputation == nil)
        #expect(configuration.earlyTermination == HyperbandStopping(bracket: .first(3), eta: 2, isStrict: false))
        #expect(configuration.parameters.map(\.name) == ["lr", "seed"])
        #expect(configuration.warnings.isEmpty)
        #expect(!configuration.hasLocalController)
    }

    @Test("goal is minimize, eta 3, strict true and impute worst where nothing is said")
    func defaults() throws {
        let configuration = try SweepConfiguration([
            "method": "random", "metric": ["name": "loss"],
            "early_terminate": ["type": "hyperband", "max_iter": 27, "s": 2],
            "parameters": ["x": ["values": [1]]],
        ])
        #expect(configuration.metric?.goal == .minimize)
        #expect(configuration.metric?.imputation == .worst)
        #expect(configuration.earlyTermination?.eta == 3)
        #expect(configuration.earlyTermination?.isStrict == true)
        #expect(configuration.earlyTermination?.bands(upTo: .max) == [3, 9])
    }

    @Test(
        "the distribution follows from the keys and from how the numbers are written",
        arguments: [
            (["min": 1, "max": 5], .integers(1...5)),
            (["min": 1, "max": 5.0], .continuous(.uniform(min: 1, max: 5), rounding: nil)),
            (["min": 0.5, "max": 5], .continuous(.uniform(min: 0.5, max: 5), rounding: nil)),
            (["min": 1.0, "max": 5.0, "distribution": "int_uniform"], .integers(1...5)),
            (["value": ["a": 1]], .constant(["a": 1])),
            (["value": .null], .constant(.null)),
            (["value": 3, "distribution": "constant"], .constant(3)),
            (["values": [1, "b", 2.5]], .categorical([1, "b", 2.5])),
            (
                ["values": ["a", "b"], "probabilities": [0.25, 0.75]],
                .weighted(["a", "b"], probabilities: [0.25, 0.75])
            ),
            (["values": ["a"], "distribution": "categorical"], .categorical(["a"])),
        ] as [(SweepValue, SweepDistribution)]
    )
    func inference(_ written: SweepValue, _ read: SweepDistribution) throws {
        let configuration = try SweepConfiguration(.random, ["x": written])
        #expect(configuration.parameters == [SweepParameter(path: ["x"], distribution: read)])
    }

    @Test(
        "every distribution of W&B is known by its name",
        arguments: [
            ("uniform", ["min": 0, "max": 1], .continuous(.uniform(min: 0, max: 1), rounding: nil)),
            ("q_uniform", ["min": 0, "max": 9, "q": 3], .continuous(.uniform(min: 0, max: 9), rounding: .int(3))),
            ("log_uniform", ["min": -2, "max": 1], .continuous(.logUniform(min: -2, max: 1), rounding: nil)),
            ("q_log_uniform", ["min": 0, "max": 3], .continuous(.logUniform(min: 0, max: 3), rounding: .double(1))),
            (
                "log_uniform_values", ["min": 1, "max": 1.5],
                .continuous(.logUniform(min: 0, max: log1p5), rounding: nil)
            ),
            (
                "q_log_uniform_values", ["min": 1, "max": 1.5, "q": 0.5],
                .continuous(.logUniform(min: 0, max: log1p5), rounding: .double(0.5))
            ),
            ("inv_log_uniform", ["min": -1, "max": 2], .continuous(.logUniform(min: -2, max: 1), rounding: nil)),
            (
                "inv_log_uniform_values", ["min": 1, "max": 1.5],
                .continuous(.logUniform(min: 0, max: log1p5), rounding: nil)
            ),
            ("normal", ["mu": 3, "sigma": 0.5], .continuous(.normal(mu: 3, sigma: 0.5), rounding: nil)),
            ("normal", [:], .continuous(.normal(mu: 0, sigma: 1), rounding: nil)),
            ("q_normal", ["q": 2], .continuous(.normal(mu: 0, sigma: 1), rounding: .int(2))),
            ("log_normal", ["mu": 1], .continuous(.logNormal(mu: 1, sigma: 1), rounding: nil)),
            ("q_log_normal", [:], .continuous(.logNormal(mu: 0, sigma: 1), rounding: .double(1))),
            ("beta", ["a": 2, "b": 5], .continuous(.beta(a: 2, b: 5), rounding: nil)),
            ("q_beta", ["q": 0.1], .continuous(.beta(a: 1, b: 1), rounding: .double(0.1))),
        ] as [(String, [String: SweepValue], SweepDistribution)]
    )
    func distributions(_ name: String, _ keys: [String: SweepValue], _ read: SweepDistribution) throws {
        var keys = keys
        keys["distribution"] = .string(name)
        let configuration = try SweepConfiguration(.random, ["x": .object(keys)])
        #expect(configuration.parameters.first?.distribution == read)
        // Ends that are exponents rarely mean what they say.
        #expect(configuration.warnings.isEmpty == !["log_uniform", "q_log_uniform", "inv_log_uniform"].contains(name))
    }

    @Test("nested parameters become leaves with a path, by name at every level")
    func nested() throws {
        let configuration = try SweepConfiguration(
            .random,
            [
                "z": ["value": 1],
                "optimizer": [
                    "parameters": [
                        "name": ["values": ["adam"]],
                        "betas": ["parameters": ["second": ["value": 0.99], "first": ["min": 0.8, "max": 0.9]]],
                    ]
                ],
            ]
        )
        #expect(
            configuration.parameters.map(\.path) == [
                ["optimizer", "betas", "first"], ["optimizer", "betas", "second"], ["optimizer", "name"], ["z"],
            ]
        )
    }

    @Test("unknown keys are warned of, with the key that was probably meant")
    func warnings() throws {
        let configuration = try SweepConfiguration([
            "method": "random", "metod": "x", "weird": 1,
            "metric": ["name": "loss", "gaol": "maximize"],
            "parameters": ["x": ["values": [1, 1.0], "vaules": [2]], "b c": ["value": 1]],
        ])
        #expect(configuration.warnings.count == 6)
        #expect(configuration.warnings.contains { $0.contains("`metod`") && $0.contains("did you mean `method`?") })
        #expect(configuration.warnings.contains { $0.contains("`weird`") && $0.contains("known are apiVersion") })
        #expect(configuration.warnings.contains { $0.contains("`gaol`") && $0.contains("`goal`") })
        #expect(configuration.warnings.contains { $0.contains("parameter `x`") && $0.contains("`values`") })
        #expect(configuration.warnings.contains { $0.contains("some of its `values` are the same") })
        #expect(configuration.warnings.contains { $0.contains("parameter `b c`") })
    }

    @Test("a local controller is seen, and chooses by itself")
    func controller() throws {
        let local = try SweepConfiguration(.random, ["x": ["value": 1]], ["controller": ["type": "local"]])
        #expect(local.hasLocalController)
        #expect(local.next() == .external)
        let custom = try SweepConfiguration(.custom, ["x": ["value": 1]])
        #expect(custom.next() == .external)
    }

    @Test(
        "the expected number of runs is that of the grid, or the cap",
        arguments: [
            (["method": "grid", "parameters": ["a": ["values": [1, 2, 3]], "b": ["min": 1, "max": 4]]], 12),
            (
                [
                    "method": "grid", "run_cap": 5,
                    "parameters": ["a": ["values": [1, 2, 3]], "b": ["min": 1, "max": 4]],
                ], 5
            ),
            (["method": "grid", "run_cap": 50, "parameters": ["a": ["values": [1, 1.0, 2]]]], 2),
            (["method": "grid", "parameters": ["a": ["value": 1]]], 1),
            (["method": "random", "run_cap": 9, "parameters": ["a": ["value": 1]]], 9),
            (["method": "random", "parameters": ["a": ["value": 1]]], nil),
        ] as [(SweepValue, Int?)]
    )
    func expectedCount(_ written: SweepValue, _ count: Int?) throws {
        #expect(try SweepConfiguration(written).runCountExpected == count)
    }
}

private let log1p5 = 0.4054651081081644
