import Foundation
import HTTPTypes
import Hummingbird
import MartletCore
import Testing

@testable import MartletHTTP

/// The repository, three folders above this file.
private let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

@Suite("What is written down holds")
struct ContractTests {
    @Test("docs/openapi.json describes the routes of the native API, all and no others")
    func openAPI() async throws {
        let text = try Data(contentsOf: repository.appending(path: "docs/openapi.json"))
        guard case .object(let paths)? = try JSONParser.parse([UInt8](text))["paths"] else {
            Issue.record("no paths")
            return
        }
        let methods = ["get", "post", "put", "patch", "delete"]
        let described = paths.flatMap { path in
            methods.filter { path.value[$0] != nil }.map { "\($0.uppercased()) \(path.key)" }
        }
        let server = try await TestServer()
        let router = buildRouter(services: server.services, dialects: [], configuration: HTTPConfiguration())
        let registered = router.routes.filter { $0.path.description.hasPrefix("/api/v1/") }
            .map { "\($0.method.rawValue) \($0.path.description)" }
        #expect(Set(described) == Set(registered))
    }

    @Test("every file under web/ is built in, with its bytes; run scripts/embed-web when this fails")
    func embedded() throws {
        let web = repository.appending(path: "web")
        let found = FileManager.default.enumerator(atPath: web.path)?.compactMap { $0 as? String } ?? []
        let files = found.filter { name in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(
                atPath: web.appending(path: name).path,
                isDirectory: &isFolder
            )
            return exists && !isFolder.boolValue && !name.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        let assets = WebAssets(folder: nil, basePath: "")
        #expect(assets.embeddedPaths == files.sorted())
    }

    @Test("a run is written as its own Codable writes it")
    func run() throws {
        let summary = MetricSummary(
            key: "l",
            last: 1,
            lastStep: 2,
            lastTime: 3,
            min: nil,
            minStep: nil,
            max: 4.5,
            maxStep: 6,
            mean: 7,
            count: 8,
            nanCount: 9
        )
        let dataset = DatasetInput(
            name: "n",
            digest: "d",
            sourceType: "s",
            source: "{}",
            schema: nil,
            profile: "p",
            tags: [Tag(key: "a", value: "b")]
        )
        let run = Run(
            id: Run.ID("f"),
            experimentID: Experiment.ID(3),
            name: "näme \"quoted\"",
            status: .finished,
            user: "u",
            startedAt: 5,
            endedAt: nil,
            notes: "a\nb",
            params: [Param(key: "p", value: "v")],
            tags: [Tag(key: "t", value: "v")],
            metrics: [summary],
            datasets: [dataset],
            modelInputs: [ModelInput(modelID: LoggedModel.ID("m"))],
            modelOutputs: [ModelOutput(modelID: LoggedModel.ID("m"), step: 1)]
        )
        var json = JSONWriter()
        json.run(run, now: 0)
        let written = try JSONDecoder().decode(Run.self, from: Data(json.bytes))
        #expect(written == run)
        let own = try JSONSerialization.jsonObject(with: JSONEncoder().encode(run)) as? [String: Any]
        let ours = try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any]
        #expect(Set(own?.keys.map { $0 } ?? []).union(["isStalled", "summary"]) == Set(ours?.keys.map { $0 } ?? []))
    }

    @Test("a query is decoded once: escapes and plus signs")
    func query() throws {
        let items = try QueryItems("a=1+2&b=%2B%252F&a=%C3%A9&c")
        #expect(items.first("a") == "1 2")
        #expect(items.all("a") == ["1 2", "é"])
        #expect(items.first("b") == "+%2F")
        #expect(items.first("c")?.isEmpty == true)
        #expect(throws: MartletError.self) { try QueryItems("a=%00") }
        #expect(throws: MartletError.self) { try QueryItems("a=%ff") }
    }

    @Test(
        "ranges are those of RFC 9110",
        arguments: [
            ("bytes=0-3", FileAnswer.Wanted.part(0..<4)), ("bytes=8-", .part(8..<10)), ("bytes=-3", .part(7..<10)),
            ("bytes=5-99", .part(5..<10)), ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=3-1", .whole), ("bytes=0-1,3-4", .whole), ("lines=0-1", .whole), ("bytes=x-y", .whole),
        ]
    )
    func range(_ field: String, _ wanted: FileAnswer.Wanted) {
        #expect(FileAnswer.range(field, size: 10) == wanted)
    }
}
