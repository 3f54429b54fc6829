import Foundation
import Testing

@testable import MartletSweeps

/// What W&B's own package `sweeps` 0.3.0 answers; `PackageAgreementFixture.swift` says how it was asked.
@Suite("Agreement with the Python package sweeps")
struct PackageAgreementTests {
    private let fixture: SweepValue

    init() throws {
        fixture = try JSONDecoder().decode(Plain.self, from: Data(packageAgreement.utf8)).value
    }

    @Test("the same place of the unit interval is the same value")
    func quantiles() throws {
        for item in try #require(fixture["quantiles"]?.items) {
            let configuration = try SweepConfiguration(.random, ["x": try #require(item["parameter"])])
            let distribution = try #require(configuration.parameters.first?.distribution)
            let units = try #require(item["units"]?.items)
            let values = try #require(item["values"]?.items)
            for (unit, value) in zip(units, values) {
                let found = distribution.value(at: try #require(unit.number))
                guard let expected = value.number else {
                    #expect(found == value, "\(item)")
                    continue
                }
                let error = abs(try #require(found.number) - expected)
                #expect(error <= 1e-9 * max(abs(expected), 1), "\(found) instead of \(value) at \(unit): \(item)")
            }
        }
    }

    @Test("the same runs stop")
    func hyperband() throws {
        for item in try #require(fixture["hyperband"]?.items) {
            let configuration = try SweepConfiguration(try #require(item["configuration"]))
            let runs = try #require(item["runs"]?.items).enumerated().map { index, run in
                SweepRun(
                    id: "\(index)",
                    state: try #require(SweepRun.State(rawValue: run["state"]?.text ?? "")),
                    parameters: [:],
                    history: run["history"]?.items?.compactMap(\.number) ?? []
                )
            }
            let stops = try #require(item["stops"]?.items).map(\.description)
            #expect(configuration.stops(runs).map(\.runID) == stops, "\(item)")
        }
    }

    @Test("a grid gives the same combinations in the same order and form")
    func grid() throws {
        let item = try #require(fixture["grid"])
        let configuration = try SweepConfiguration(try #require(item["configuration"]))
        let expected = try #require(item["configs"]?.items)
        #expect(configuration.runCountExpected == expected.count)
        var runs: [SweepRun] = []
        for config in expected {
            let parameters = try #require(configuration.next(after: runs).parameters)
            #expect(SweepArguments.agentForm(parameters).canonical == config.canonical)
            // The run reports what W&B's package gave out.
            let reported = SweepArguments.parameters(config)
            runs.append(SweepRun(id: "\(runs.count)", state: .finished, parameters: reported))
        }
        #expect(configuration.next(after: runs) == .exhausted(.allCombinationsTried))
    }
}

/// Any JSON value.
private struct Plain: Decodable {
    let value: SweepValue

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let bool = try? container.decode(Bool.self) {
            value = .bool(bool)
        } else if let int = try? container.decode(Int.self) {
            value = .int(int)
        } else if let double = try? container.decode(Double.self) {
            value = .double(double)
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else if let items = try? container.decode([Plain].self) {
            value = .list(items.map(\.value))
        } else {
            value = .object(try container.decode([String: Plain].self).mapValues(\.value))
        }
    }
}
