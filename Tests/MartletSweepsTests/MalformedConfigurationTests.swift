import Testing

@testable import MartletSweeps

@Suite("Refusing a configuration that cannot be used")
struct MalformedConfigurationTests {
    @Test(
        "a parameter: which one, what is wrong, what would do",
        arguments: [
            (0.1, "is 0.1, not an object; for a constant write `value"),
            (["min": 5, "max": 1], "min 5 is not less than max 1"),
            (["min": 1, "max": 1], "for one value use `value`"),
            (["min": 1], "has no `max`"),
            (["max": 1.5], "has no `min`"),
            (["min": "1e-3", "max": 1], "YAML reads 1e-3 as a text, write 1.0e-3"),
            (["min": "low", "max": 1], "`min` is \"low\", not a finite number"),
            (["min": true, "max": 3], "`min` is true"),
            (["min": .double(.nan), "max": 3], "not a finite number"),
            (["min": 0.0, "max": .double(.infinity)], "not a finite number"),
            (["values": []], "write a list of at least one"),
            (["values": 3], "`values` is 3"),
            (["values": [1, 2], "probabilities": [0.5, 0.6]], "add up to 1.1, not to 1"),
            (["values": [1, 2], "probabilities": [1]], "has 2 `values` but 1 `probabilities`"),
            (["values": [1, 2], "probabilities": [1.5, -0.5]], "numbers from 0 to 1"),
            (["values": [1, 2], "probabilities": "half"], "numbers from 0 to 1"),
            (["values": [1], "distribution": "categorical_w_probabilities"], "has no `probabilities`"),
            (["distribution": "constant"], "a constant needs `value`"),
            (["distribution": "gaussian"], "must be one of constant, categorical"),
            (["distribution": 7, "min": 1, "max": 2], "`distribution` is 7"),
            ([:], "says nothing about its values"),
            (["mu": 1, "sigma": 2], "has `mu` but no `distribution`"),
            (["min": 0, "max": 1, "q": 0.1], "write `distribution: q_uniform`"),
            (["distribution": "q_uniform", "min": 0, "max": 1, "q": 0], "must be greater than zero"),
            (["distribution": "q_uniform", "min": 0, "max": 1, "q": -0.1], "must be greater than zero"),
            (["distribution": "normal", "sigma": -1], "`sigma` is -1.0; it must not be negative"),
            (["distribution": "beta", "a": 0], "must be greater than zero"),
            (["distribution": "log_uniform_values", "min": 0, "max": 1], "needs one greater than zero"),
            (["distribution": "log_uniform", "min": 0, "max": 1000], "are exponents of e, and these are too large"),
            (["distribution": "int_uniform", "min": 0.5, "max": 3], "int_uniform needs integers"),
            (["min": .int(.min), "max": .int(.max)], "spans more than 2^53 integers"),
            (["parameters": [:]], "at least one parameter"),
            (["parameters": [1]], "at least one parameter"),
        ] as [(SweepValue, String)]
    )
    func parameter(_ written: SweepValue, _ complaint: String) {
        let found = problems(["method": "random", "parameters": ["lr": written]])
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains("parameter `lr`") == true)
        #expect(found.first?.contains(complaint) == true, "\(found)")
    }

    @Test(
        "the rest of the configuration",
        arguments: [
            ("text", "not an object"),
            ([], "not an object"),
            (.null, "not an object"),
            (["parameters": ["x": ["value": 1]]], "`method` is missing"),
            (["method": "annealing", "parameters": ["x": ["value": 1]]], "one of grid, random, bayes, custom"),
            (["method": 3, "parameters": ["x": ["value": 1]]], "`method` is 3"),
            (["method": "random"], "`parameters` is missing"),
            (["method": "random", "parameters": [:]], "at least one parameter"),
            (["method": "random", "parameters": ["x"]], "at least one parameter"),
            (["method": "bayes", "parameters": ["x": ["min": 0, "max": 1]]], "`method: bayes` needs `metric`"),
            (
                ["method": "bayes", "metric": ["name": "l"], "parameters": ["x": ["value": 1]]],
                "all of them are constants"
            ),
            (["method": "grid", "parameters": ["x": ["min": 0.0, "max": 1.0]]], "cannot try every value"),
            (
                ["method": "grid", "parameters": ["x": ["distribution": "q_normal"]]],
                "normal distribution, which has no end"
            ),
            (
                ["method": "grid", "parameters": ["x": ["distribution": "q_uniform", "min": 0, "max": 1e300]]],
                "more than 2^53 values"
            ),
            (
                ["method": "random", "metrics": [["name": "a"], ["name": "b"]], "parameters": ["x": ["value": 1]]],
                "`metrics` needs `method: custom`"
            ),
        ] as [(SweepValue, String)]
    )
    func whole(_ written: SweepValue, _ complaint: String) {
        let found = problems(written)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(complaint) == true, "\(found)")
    }

    @Test(
        "what stands beside method and parameters",
        arguments: [
            (["metric": "loss"], "`metric` is \"loss\", not an object"),
            (["metric": [:]], "`metric` has no `name`"),
            (["metric": ["name": 3]], "`metric` has no `name`"),
            (
                ["metric": ["name": "l", "goal": "minimise"]],
                "`metric.goal` is \"minimise\"; it must be one of minimize"
            ),
            (["metric": ["name": "l", "target": "low"]], "`metric.target` is \"low\""),
            (["metric": ["name": "l", "impute": "mean"]], "`metric.impute` is \"mean\""),
            (["run_cap": 0], "`run_cap` is 0, not a positive integer"),
            (["run_cap": "many"], "`run_cap` is \"many\""),
            (["run_cap": 2.5], "`run_cap` is 2.5"),
            (["command": "python"], "`command` is \"python\", not a list"),
            (["program": ["a"]], "`program` is [\"a\"], not a text"),
            (["controller": "local"], "`controller` is \"local\""),
            (["early_terminate": ["type": "hyperband", "min_iter": 1]], "`early_terminate` needs `metric`"),
            (["early_terminate": "hyperband"], "`early_terminate` is \"hyperband\""),
        ] as [(SweepValue, String)]
    )
    func beside(_ written: SweepValue, _ complaint: String) {
        var members = written.members ?? [:]
        members["method"] = "random"
        members["parameters"] = ["x": ["value": 1]]
        let found = problems(.object(members))
        #expect(found.contains { $0.contains(complaint) }, "\(found)")
    }

    @Test(
        "early termination",
        arguments: [
            (["min_iter": 3], "`early_terminate.type` is missing"),
            (["type": "median"], "it must be hyperband"),
            (["type": "hyperband"], "needs `min_iter`, or `max_iter` and `s`"),
            (["type": "hyperband", "max_iter": 27], "needs `s`"),
            (["type": "hyperband", "min_iter": 0], "`early_terminate.min_iter` is 0"),
            (["type": "hyperband", "min_iter": 1, "eta": 1], "must be greater than 1"),
            (["type": "hyperband", "min_iter": 1, "strict": "yes"], "not true or false"),
            (["type": "hyperband", "max_iter": 2, "s": 2], "compares runs nowhere"),
        ] as [(SweepValue, String)]
    )
    func stopping(_ written: SweepValue, _ complaint: String) {
        let found = problems([
            "method": "random", "metric": ["name": "l"], "early_terminate": written, "parameters": ["x": ["value": 1]],
        ])
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(complaint) == true, "\(found)")
    }

    @Test("all problems are told at once")
    func all() {
        let found = problems([
            "method": "best", "run_cap": -1, "parameters": ["a": 1, "b": ["min": 2, "max": 1], "c": ["value": 1]],
        ])
        #expect(found.count == 4, "\(found)")
    }

    @Test("a configuration that is nested too deep is refused, not followed")
    func deep() {
        var parameter: SweepValue = ["value": 1]
        for _ in 0..<300 { parameter = ["parameters": ["p": parameter]] }
        #expect(
            problems(["method": "random", "parameters": ["p": parameter]]).first?.contains("nested deeper") == true
        )
        var list: SweepValue = 1
        for _ in 0..<300 { list = [list] }
        let found = problems(["method": "random", "parameters": ["p": ["value": list]]])
        #expect(found == ["the configuration is nested deeper than 64 levels; flatten it"])
    }
}
