import MartletCore
import Testing

@testable import MartletSweepSearch

@Suite("Texts of sweep configurations")
struct ConfigurationTextTests {
    private let search = SweepConfigurations()

    private func refusal(_ text: String) -> String {
        do {
            _ = try search.plan(text)
            return ""
        } catch {
            #expect(error.code == .invalidArgument)
            return error.message
        }
    }

    @Test(
        "YAML and JSON say the same",
        arguments: [
            "method: grid\nmetric: {name: loss, goal: maximize}\nparameters:\n  x: {values: [1, 2.5, true, null, a]}\n",
            #"{"method": "grid", "metric": {"name": "loss", "goal": "maximize"},"#
                + #" "parameters": {"x": {"values": [1, 2.5, true, null, "a"]}}}"#,
        ]
    )
    func forms(_ text: String) throws {
        let plan = try search.plan(text)
        #expect(plan.outline.method == "grid")
        #expect(plan.outline.metric == "loss")
        #expect(!plan.outline.minimizes)
        #expect(plan.outline.expectedRuns == 5)
        #expect(plan.next(after: [], seed: 1, stream: 0) == .run(#"{"x":1}"#))
    }

    @Test(
        "what cannot be read or used is told with its place or its field",
        arguments: [
            ("", "empty"), ("method: [grid", "line 2"), ("a: 1\na: 2", "twice"), ("? [a]\n: 1", "no text"),
            ("just a text", "not an object"), ("method: greedy\nparameters: {x: {values: [1]}}", "`method`"),
            ("method: grid\nparameters: {x: {min: 0.5, max: 1.5}}", "parameter `x`"),
            ("method: bayes\nparameters: {x: {min: 0, max: 1}}", "`metric`"),
        ]
    )
    func refused(_ text: String, _ part: String) {
        #expect(refusal(text).contains(part))
    }

    @Test("a text that means billions of values is refused at once")
    func bomb() {
        var text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        for (one, other) in zip("bcdefghij", "abcdefghi") {
            text += "\(one): &\(one) [" + (0..<10).map { _ in "*\(other)" }.joined(separator: ", ") + "]\n"
        }
        #expect(refusal(text).contains("over 100000 values"))
        #expect(!refusal(String(repeating: "[", count: 5_000)).isEmpty)
        #expect(!refusal("a: &a [*a]").isEmpty)
    }
}
