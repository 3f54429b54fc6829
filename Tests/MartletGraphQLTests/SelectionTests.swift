import Testing

@testable import MartletGraphQL

@Suite("Asking what is selected")
struct SelectionTests {
    /// The selection below the first field of a query.
    private func selection(_ query: String) throws -> GraphQLSelection {
        let document = try Parser.document(query)
        var compiler = PlanCompiler(
            document.operations[0],
            of: document,
            catalog: try TestSchema.schema().catalog,
            limits: GraphQLLimits(),
            decisions: [:]
        )
        return GraphQLSelection(plans: try compiler.plan().root.fields[0].children)
    }

    @Test("paths are of the schema's names, through fragments and aliases")
    func paths() throws {
        let selection = try selection(
            """
            { project(name: "p") { x: runs { edges { node { ...R l: line(number: 1) line } } } name @skip(if: true) } }
            fragment R on Run { y: tags }
            """
        )
        #expect(selection.contains("runs"))
        #expect(selection.contains("runs", "edges", "node", "tags"))
        #expect(!selection.contains("runs", "edges", "node", "loss"))
        #expect(!selection.contains("x"))
        #expect(!selection.contains("name"))
        #expect(selection.contains(anyOf: ["loss", "runs"]))
        #expect(selection.names == ["runs"])
        #expect(selection["runs"]["edges"]["node"].names == ["tags", "line"])
        #expect(selection["name"].isEmpty)
    }

    @Test("below an interface are the fields of all its types")
    func abstract() throws {
        let selection = try selection("{ collections { name ... on ArtifactSequence { latest } } }")
        #expect(selection.names == ["name", "latest"])
    }
}
