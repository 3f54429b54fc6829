import Foundation
import Testing

@testable import MartletSweeps

/// A function to be minimised, with the space in which it is searched.
struct TestFunction: Sendable, CustomTestStringConvertible {
    let name: String
    let least: Double
    let parameters: SweepValue
    let value: @Sendable ([String: SweepValue]) -> Double

    var testDescription: String { name }

    /// Source: Jamil and Yang, *A literature survey of benchmark functions*, 2013, no. 22 and 2.
    static let branin = TestFunction(
        name: "Branin",
        least: 0.397887,
        parameters: ["x": ["min": -5.0, "max": 10.0], "y": ["min": 0.0, "max": 15.0]]
    ) { parameters in
        let x = parameters["x"]?.number ?? .nan
        let y = parameters["y"]?.number ?? .nan
        let inner = y - 5.1 / (4 * .pi * .pi) * x * x + 5 / .pi * x - 6
        return inner * inner + 10 * (1 - 1 / (8 * .pi)) * cos(x) + 10
    }

    static let hartmann6 = TestFunction(
        name: "Hartmann6",
        least: -3.32237,
        parameters: .object(
            Dictionary(uniqueKeysWithValues: (0..<6).map { ("x\($0)", ["min": 0.0, "max": 1.0] as SweepValue) })
        )
    ) { parameters in
        let x = (0..<6).map { parameters["x\($0)"]?.number ?? .nan }
        let heights = [1, 1.2, 3, 3.2]
        let widths: [[Double]] = [
            [10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14],
        ]
        let centres: [[Double]] = [
            [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
            [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
        ]
        return (0..<4).reduce(0) { sum, hill in
            let distance = (0..<6).reduce(0.0) { $0 + widths[hill][$1] * pow(x[$1] - centres[hill][$1], 2) }
            return sum - heights[hill] * exp(-distance)
        }
    }

    /// What training looks like: the best learning rate depends on the optimizer, some parameters hardly matter.
    static let training = TestFunction(
        name: "mixed training",
        least: 0,
        parameters: [
            "lr": ["distribution": "log_uniform_values", "min": 1e-6, "max": 1.0],
            "layers": ["min": 1, "max": 10],
            "batch": ["values": [16, 32, 64, 128, 256]],
            "dropout": ["distribution": "q_uniform", "min": 0, "max": 0.8, "q": 0.05],
            "optimizer": ["parameters": ["name": ["values": ["sgd", "adam", "rmsprop", "lion"]]]],
            "augment": ["values": [true, false]],
        ]
    ) { parameters in
        let best = ["sgd": (-1.5, 0.3), "adam": (-3.0, 0.0), "rmsprop": (-3.5, 0.15), "lion": (-4.5, 0.4)]
        let (rate, loss) = best[parameters["optimizer"]?["name"]?.text ?? ""] ?? (0, .nan)
        let lr = log10(parameters["lr"]?.number ?? .nan) - rate
        let layers = ((parameters["layers"]?.number ?? .nan) - 6) / 5
        let batch = (log2(parameters["batch"]?.number ?? .nan) - 6) / 2
        let dropout = (parameters["dropout"]?.number ?? .nan) - 0.3
        let augment = parameters["augment"] == true ? 0 : 0.1
        return loss + 0.3 * lr * lr + 0.5 * layers * layers + 0.05 * batch * batch + dropout * dropout + augment
    }

    /// Twenty parameters of all kinds, six of which matter.
    static let wide = TestFunction(
        name: "wide",
        least: 0,
        parameters: .object(
            Dictionary(
                uniqueKeysWithValues: (10..<30).map { number in
                    let parameter: SweepValue =
                        switch number {
                        case 10..<20: ["distribution": "log_uniform_values", "min": 1e-4, "max": 1.0]
                        case 20..<25: ["min": 1, "max": 64]
                        default: ["values": ["a", "b", "c"]]
                        }
                    return ("p\(number)", parameter)
                }
            )
        )
    ) { parameters in
        func number(_ name: String) -> Double { parameters[name]?.number ?? .nan }
        let first = log10(number("p10")) + 3
        let second = log10(number("p11")) + 1 + 0.3 * first
        let sizes = [(number("p20") - 16) / 32, (number("p21") - 48) / 32]
        let choices = [parameters["p25"] == "b" ? 0 : 0.5, parameters["p26"] == "c" ? 0 : 0.3]
        return 0.5 * (first * first + second * second) + sizes.reduce(0) { $0 + $1 * $1 } + choices.reduce(0, +)
    }

    /// The least value found, less the least there is.
    /// - Parameters:
    ///   - agents: how many runs go on at the same time.
    ///   - noise: the deviation of what is added to each value.
    func regret(
        _ method: SweepConfiguration.Method,
        runs budget: Int,
        seed: UInt64,
        agents: Int = 1,
        noise: Double = 0
    ) throws -> Double {
        let metric: SweepValue = ["name": "loss"]
        let configuration = try SweepConfiguration(method, parameters, ["metric": metric])
        var weather = SweepGenerator(seed: seed &+ 1_000)
        var runs: [SweepRun] = []
        for number in 0..<budget {
            if number >= agents {
                runs[number - agents].state = .finished
                runs[number - agents].history = [value(runs[number - agents].parameters) + noise * weather.normal()]
            }
            guard let parameters = configuration.next(after: runs, seed: seed).parameters else { break }
            runs.append(SweepRun(id: "\(number)", state: .running, parameters: parameters))
        }
        return (runs.map { value($0.parameters) }.min() ?? .infinity) - least
    }
}
