import Testing

@testable import MartletGraphQL

@Suite("Reading documents")
struct ParserTests {
    @Test(
        "errors have the place and the words of graphql-js",
        arguments: [
            ("", "Unexpected <EOF>.", 1, 1),
            ("{", "Expected Name, found <EOF>.", 1, 2),
            ("{}", "Expected Name, found \"}\".", 1, 2),
            ("{ a(b) }", "Expected \":\", found \")\".", 1, 6),
            ("{ a() }", "Expected Name, found \")\".", 1, 5),
            ("{ a\n  b: }", "Expected Name, found \"}\".", 2, 6),
            ("notanoperation Foo { field }", "Unexpected Name \"notanoperation\".", 1, 1),
            ("fragment on on X { a }", "Unexpected Name \"on\".", 1, 10),
            ("fragment F X { a }", "Expected \"on\", found Name \"X\".", 1, 12),
            ("query Q", "Expected \"{\", found <EOF>.", 1, 8),
            ("query Q($a: Int = $b) { a }", "Unexpected variable \"$b\" in constant value.", 1, 19),
            ("query Q($a Int) { a }", "Expected \":\", found Name \"Int\".", 1, 12),
            ("query Q() { a }", "Expected \"$\", found \")\".", 1, 9),
            ("{ a(b: \"x) }", "Unterminated string.", 1, 13),
            ("{ a(b: \"x\ny\") }", "Unterminated string.", 1, 10),
            ("{ a(b: \"\"\"x\") }", "Unterminated string.", 1, 16),
            ("{ a(b: \"\\q\") }", "Invalid character escape sequence: \"\\q\".", 1, 9),
            ("{ a(b: \"\\u12x4\") }", "Invalid Unicode escape sequence: \"\\u12x4\".", 1, 9),
            ("{ a(b: \"\\ud800\") }", "Invalid Unicode escape sequence: \"\\ud800\".", 1, 9),
            ("{ a(b: \"\\u{110000}\") }", "Invalid Unicode escape sequence: \"\\u{110\".", 1, 9),
            ("{ a(b: 01) }", "Invalid number, unexpected digit after 0: \"1\".", 1, 9),
            ("{ a(b: 1.) }", "Invalid number, expected digit but got: \")\".", 1, 10),
            ("{ a(b: 1x) }", "Invalid number, expected digit but got: \"x\".", 1, 9),
            ("{ a(b: -) }", "Invalid number, expected digit but got: \")\".", 1, 9),
            ("{ a(b: 1e) }", "Invalid number, expected digit but got: \")\".", 1, 10),
            ("{ a(b: 'x') }", "Unexpected single quote character ('), did you mean to use a double quote (\")?", 1, 8),
            ("{ a . b }", "Unexpected character: \".\".", 1, 5),
            ("{ é }", "Unexpected character: U+00E9.", 1, 3),
            ("# é\r\n{ a ? }", "Unexpected character: \"?\".", 2, 5),
            ("{ a(b: {c}) }", "Expected \":\", found \"}\".", 1, 10),
            ("{ a(b: [1) }", "Unexpected \")\".", 1, 10),
            ("{ a } b", "Unexpected Name \"b\".", 1, 7),
            ("{ a(b: 1 2) }", "Expected Name, found Int \"2\".", 1, 10),
            ("{ \"x\" }", "Expected Name, found String \"x\".", 1, 3),
            ("type T { a: Int }", "Unexpected Name \"type\".", 1, 1),
        ]
    )
    func refuses(text: String, message: String, line: Int, column: Int) {
        let error = #expect(throws: GraphQLError.self) { try Parser.document(text) }
        #expect(error?.message == "Syntax Error: " + message)
        #expect(error?.locations == [GraphQLError.Location(line: line, column: column)])
        #expect(error?.kind == .syntax)
    }

    @Test(
        "directives and names that contradict the rules are validation errors",
        arguments: [
            ("{ a @foo }", "Unknown directive \"@foo\"."),
            ("query @skip(if: true) { a }", "Directive \"@skip\" may not be used on QUERY."),
            (
                "fragment F on T @include(if: true) { a }",
                "Directive \"@include\" may not be used on FRAGMENT_DEFINITION."
            ),
            (
                "{ a @skip }",
                "Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided."
            ),
            ("{ a @skip(if: 1) }", "Directive \"@skip\" argument \"if\" must be a boolean or a variable."),
            (
                "{ a @skip(if: true) @skip(if: true) }",
                "The directive \"@skip\" can only be used once at this location."
            ),
            ("{ a(b: 1, b: 2) }", "There can be only one argument named \"b\"."),
            ("query Q($a: Int, $a: Int) { a }", "There can be only one variable named \"$a\"."),
        ]
    )
    func invalid(text: String, message: String) {
        let error = #expect(throws: GraphQLError.self) { try Parser.document(text) }
        #expect(error?.message == message)
        #expect(error?.kind == .validation)
    }

    @Test(
        "values of every kind are read",
        arguments: [
            ("1", .int(1)), ("-0", .int(0)), ("9223372036854775807", .int(.max)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            ("1.5", .double(1.5)), ("-1.25e+2", .double(-125)), ("2E3", .double(2_000)),
            ("true", .bool(true)), ("false", .bool(false)), ("null", .null), ("INFO", .enumeration("INFO")),
            ("\"\"", .string("")), ("\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", .string("a\n\t\"\\/\u{8}\u{c}\r")),
            ("\"\\u00e9\\u{1F600}\\ud83d\\uDE00\"", .string("é😀😀")), ("\"ü # , \"", .string("ü # , ")),
            ("\"\"\"\n    a\n      b \\\"\"\" \"c\"\n\n  \"\"\"", .string("a\n  b \"\"\" \"c\"")),
            ("\"\"\" one \\n \"\"\"", .string(" one \\n ")), ("\"\"\"\"\"\"", .string("")),
            ("[]", .list([])), ("[1, [2] 3]", .list([.int(1), .list([.int(2)]), .int(3)])),
            ("{}", .object([])),
            (
                "{a: {b: [X]}}",
                .object([.init(key: "a", value: .object([.init(key: "b", value: .list([.enumeration("X")]))]))])
            ),
        ] as [(String, GraphQLValue)]
    )
    func value(text: String, value: GraphQLValue) throws {
        let document = try Parser.document("{ a(b: \(text)) }")
        guard case .field(let field)? = document.operations.first?.selections.first else {
            Issue.record("no field")
            return
        }
        #expect(field.arguments == [ArgumentNode(name: "b", value: .constant(value))])
    }

    @Test("a document has operations, variables with defaults, fragments, comments, commas and a byte order mark")
    func document() throws {
        let text = """
            \u{feff}#graphql
            query Q($a: [Int!]! = [1, 2,], $b: Level = INFO, $c: In = {x: null}, $d: ID,) { # comment
              x: a(b: {c: [$a]}) @include(if: $d) { ...F, ... on T @skip(if: true) { b } ... { c } }
            }
            fragment F on T { __typename }
            mutation M { on, fragment, query }
            """
        let document = try Parser.document(text)
        #expect(document.operations.map(\.name) == ["Q", "M"])
        #expect(document.operations.map(\.kind) == [.query, .mutation])
        let variables = document.operations[0].variables
        #expect(variables.map(\.type.description) == ["[Int!]!", "Level", "In", "ID"])
        #expect(variables[0].defaultValue == .list([.int(1), .int(2)]))
        #expect(variables[3].defaultValue == nil)
        #expect(document.fragments.map(\.typeCondition) == ["T"])
    }
}
