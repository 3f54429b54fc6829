import Testing

@testable import MartletSweeps

@Suite("What an agent gets")
struct ArgumentsTests {
    @Test("only the first level of nested parameters has the word value")
    func agentForm() {
        let parameters = SweepArguments.nested([
            ["lr"]: 0.1, ["optimizer", "name"]: "adam", ["optimizer", "betas", "first"]: 0.9, ["sizes"]: [1, 2],
        ])
        #expect(
            SweepArguments.agentForm(parameters) == [
                "lr": ["value": 0.1],
                "optimizer": ["value": ["name": "adam", "betas": ["first": 0.9]]],
                "sizes": ["value": [1, 2]],
            ]
        )
    }

    @Test("a run's configuration gives the parameters back")
    func reverse() {
        let written: SweepValue = [
            "lr": ["value": 0.1, "desc": .null], "optimizer": ["value": ["name": "adam"]],
            "_wandb": ["value": ["t": 1]], "broken": 3,
        ]
        #expect(SweepArguments.parameters(written) == ["lr": 0.1, "optimizer": ["name": "adam"]])
        #expect(SweepArguments.parameters("nothing").isEmpty)
    }

    @Test("values are written in messages as JSON")
    func descriptions() {
        let value: SweepValue = ["b": [1, 1.5, .null, true], "a": "x\"\\\n\u{1}"]
        #expect(value.description == #"{"a":"x\"\\\n\u0001","b":[1,1.5,null,true]}"#)
        #expect(SweepValue.string(String(repeating: "x", count: 100)).brief.count == 60)
    }
}
