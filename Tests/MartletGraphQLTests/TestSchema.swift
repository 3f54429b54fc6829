import Foundation
import Synchronization

@testable import MartletGraphQL

struct TestContext: Sendable {
    /// What resolvers note: that they were called, and what they saw.
    final class Log: Sendable {
        private let lines = Mutex<[String]>([])

        func note(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    var user = "ada"
    let log = Log()
}

struct TestRun: Sendable {
    var name: String
    var notes: String?
    var lineCount = 3
    var tags = ["a", "b"]
    var loss = 0.25
    var summary = Array(#"{"loss":0.25}"#.utf8)
}

struct TestProject: Sendable {
    var name: String
    var runs: [TestRun] = ["one", "two", "three"].map { TestRun(name: $0) }
}

struct TestCollection: Sendable {
    var name: String
}

enum TestSchema {
    static func make() throws -> GraphQLExecutor<TestContext> { try GraphQLExecutor(schema()) }

    static func schema() throws -> GraphQLSchema<TestContext> {
        var schema = GraphQLSchemaBuilder<TestContext>()
        schema.scalar("JSON", "JSONString", "DateTime")
        schema.record("User", ["id": "ID!", "username": "String", "teams": "[Entity!]"])
        schema.record("Entity", ["name": "String!", "id": "ID"])
        schema.enumeration("Severity", ["INFO", "WARN"])
        schema.interface("ArtifactCollection", of: ["ArtifactSequence", "ArtifactPortfolio"])
        schema.union("Creator", of: ["Run", "User"])
        schema.connection("VersionedRun", node: "Run", edgeFields: ["version": "String!"], fields: ["note": "String"])
        addRuns(to: &schema)
        addProjects(to: &schema)
        schema.query(addQueries)
        schema.mutation(addMutations)
        return try schema.build()
    }

    private static func addRuns(to schema: inout GraphQLSchemaBuilder<TestContext>) {
        schema.object("Run", TestRun.self) { run in
            run.field("name", \.name)
            run.field("notes", \.notes)
            run.field("id", "ID!") { "run-" + $0.name }
            run.field("historyLineCount", \.lineCount)
            run.field("tags", \.tags)
            run.field("loss", \.loss)
            run.field("summaryMetrics", "JSON") { .raw($0.summary) }
            run.field("broken", "String") { _ -> GraphQLOutput in throw GraphQLError("broken", status: 409, code: "B") }
            run.field("brokenRequired", "String!") { _ -> GraphQLOutput in throw GraphQLError("broken") }
            run.field("missingRequired", "String!") { _ in .null }
            run.field("line", "String", arguments: ["number: Int = 7"]) { run, call in
                .string("\(run.name):\(try call.arguments.requiredInt("number"))")
            }
            run.field("slow", "String") { run, call in
                await Task.yield()
                return .string("\(call.context.user)/\(run.name)")
            }
        }
    }

    private static func addProjects(to schema: inout GraphQLSchemaBuilder<TestContext>) {
        schema.object("Project", TestProject.self) { project in
            project.field("name", \.name)
            project.field("run", "Run", arguments: ["name: String!"]) { project, call in
                let name = try call.arguments.requiredString("name")
                call.context.log.note(call.selection.names.joined(separator: ","))
                return .object(project.runs.first { $0.name == name })
            }
            project.field("allRuns", "[Run!]") { .objects($0.runs) }
            project.field("looseRuns", "[Run]") { .objects($0.runs) }
            project.connection("runs", of: "Run", arguments: ["filters: JSONString"]) { project, call in
                let wantsLoss = call.selection.contains("edges", "node", "loss")
                call.context.log.note("loss \(wantsLoss), count \(call.selection.contains("totalCount"))")
                let page = try call.arguments.page(defaultSize: 2, mostSize: 10)
                return try GraphQLConnection(page, of: project.runs) { .object($0) }
            }
            project.field("versions", "VersionedRunConnection") { project in
                let edges = project.runs.enumerated().map { index, run in
                    GraphQLEdge(node: .object(run), cursor: "c\(index)", members: ["version": .string("v\(index)")])
                }
                return .object(GraphQLConnection(edges: edges, hasNextPage: false, members: ["note": "n"]))
            }
        }
        schema.objects(["ArtifactSequence", "ArtifactPortfolio"], TestCollection.self) { $0.field("name", \.name) }
        schema.object("ArtifactSequence", TestCollection.self) { $0.field("latest", "String") { _ in "v1" } }
    }

    private static func addQueries(to query: inout GraphQLRootBuilder<TestContext>) {
        query.field("viewer", "User") { call in
            .record([
                "id": "u1", "username": .string(call.context.user),
                "teams": [.record(["name": "t1"]), .record(["name": "t2"])],
            ])
        }
        query.field("project", "Project", arguments: ["name: String!", "entityName"]) { call in
            guard let name = try call.arguments.string("name") else { return .null }
            return .object(TestProject(name: name))
        }
        query.field("collections", "[ArtifactCollection!]!") { _ in
            [
                .object(TestCollection(name: "s"), as: "ArtifactSequence"),
                .object(TestCollection(name: "p"), as: "ArtifactPortfolio"),
            ]
        }
        query.field("creators", "[Creator]") { _ in
            [.object(TestRun(name: "r"), as: "Run"), .record(["username": "u"], as: "User")]
        }
        query.field("untyped", "Creator") { _ in .object(TestRun(name: "x")) }
        query.field("other", "Creator") { _ in .object(TestProject(name: "x"), as: "Project") }
        query.field("echo", "JSON", arguments: ["value: JSON"]) { call in
            guard let value = call.arguments["value"] else { return "absent" }
            return GraphQLOutput(value)
        }
        query.field("numbers", "[Float]") { _ in
            [.double(.nan), .double(.infinity), .double(-.infinity), 1.5, .int(-12)]
        }
        query.field("wrong", "Run") { _ in .object(TestProject(name: "p")) }
        query.field("scalarWrong", "Run") { _ in "text" }
        query.field("hidden", "String") { _ in throw CocoaError(.fileNoSuchFile) }
        query.field("required", "Project!") { _ in throw GraphQLError("gone", status: 404) }
        query.field("cancelled", "String") { _ in throw CancellationError() }
        query.field("severity", "String", arguments: ["level: Severity = INFO"]) {
            .value(try $0.arguments.string("level"))
        }
    }

    private static func addMutations(to mutation: inout GraphQLRootBuilder<TestContext>) {
        mutation.mutation(
            "upsertBucket",
            input: ["name: String!", "tags: [String!]", "id"],
            payload: ["bucket": "Run", "inserted": "Boolean"]
        ) { call, input in
            let name = try input.requiredString("name")
            call.context.log.note("begin \(name)")
            await Task.yield()
            call.context.log.note("end \(name)")
            let run = TestRun(name: name, tags: try input.strings("tags") ?? [])
            return .record(["bucket": .object(run), "inserted": true])
        }
    }
}

extension GraphQLExecutor {
    /// The body of an answer as text.
    func answer(
        _ query: String,
        _ variables: GraphQLValue = .null,
        for context: Context
    ) async throws -> String {
        let request = GraphQLRequest(query: query, variables: variables)
        return String(decoding: try await execute(request, context: context).body, as: UTF8.self)
    }
}

extension GraphQLValue {
    /// From JSON, for tests.
    init(json text: String) throws {
        self.init(try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed))
    }

    private init(_ any: Any) {
        switch any {
        case let text as String: self = .string(text)
        case let number as NSNumber where NumberKind.isBoolean(number): self = .bool(number.boolValue)
        case let number as NSNumber:
            self = Int64(exactly: number.doubleValue).map { .int($0) } ?? .double(number.doubleValue)
        case let elements as [Any]: self = .list(elements.map { GraphQLValue($0) })
        case let members as [String: Any]:
            self = .object(
                members.sorted { $0.key < $1.key }.map { Member(key: $0.key, value: GraphQLValue($0.value)) }
            )
        default: self = .null
        }
    }
}

private enum NumberKind {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
