import Testing

@testable import MartletGraphQL

@Suite("Reading arguments")
struct ArgumentTests {
    let arguments = GraphQLArguments([
        .init(key: "text", value: .string("t")), .init(key: "word", value: .enumeration("W")),
        .init(key: "one", value: .int(1)), .init(key: "whole", value: .double(2)),
        .init(key: "half", value: .double(0.5)),
        .init(key: "yes", value: .bool(true)), .init(key: "nothing", value: .null),
        .init(key: "texts", value: .list([.string("a"), .enumeration("B")])),
        .init(key: "object", value: .object([.init(key: "inner", value: .string("i"))])),
    ])

    @Test("values are taken as the kind that is asked for")
    func accepts() throws {
        #expect(try arguments.string("text") == "t")
        #expect(try arguments.string("word") == "W")
        #expect(try arguments.id("one") == "1")
        #expect(try arguments.int("whole") == 2)
        #expect(try arguments.double("one") == 1)
        #expect(try arguments.bool("yes") == true)
        #expect(try arguments.strings("texts") == ["a", "B"])
        #expect(try arguments.strings("text") == ["t"])
        #expect(try arguments.requiredObject("object").requiredString("inner") == "i")
        #expect(try arguments.objects("object")?.count == 1)
        #expect(try arguments.string("nothing") == nil)
        #expect(try arguments.string("absent") == nil)
        #expect(arguments["nothing"] == .null)
        #expect(arguments["absent"] == nil)
        #expect(arguments.contains("nothing"))
    }

    @Test("what is of another kind, or missing, is an error that names it")
    func refuses() {
        func message(_ body: () throws -> Void) -> String? {
            #expect(throws: GraphQLError.self, performing: body)?.message
        }
        #expect(
            message { _ = try arguments.int("half") }
                == "Argument \"half\" has an invalid value: Int cannot represent non-integer value: 0.5"
        )
        #expect(
            message { _ = try arguments.string("one") }
                == "Argument \"one\" has an invalid value: String cannot represent a non string value: 1"
        )
        #expect(
            message { _ = try arguments.bool("text") }
                == "Argument \"text\" has an invalid value: Boolean cannot represent a non boolean value: \"t\""
        )
        #expect(
            message { _ = try arguments.requiredString("absent") }
                == "Argument \"absent\" of required type \"String!\" was not provided."
        )
        #expect(
            message { _ = try arguments.requiredInt("nothing") }
                == "Argument \"nothing\" of non-null type \"Int!\" must not be null."
        )
        #expect(
            message { _ = try arguments.requiredObject("object").requiredInt("inner") }
                == "Argument \"object.inner\" has an invalid value: Int cannot represent non-integer value: \"i\""
        )
    }

    @Test(
        "a page is a range of a list",
        arguments: [
            (10, false, nil, nil, 0..<3), (2, false, "1", nil, 1..<3), (2, true, nil, nil, 1..<3),
            (1, false, "7", nil, 3..<3),
            (5, false, nil, "3", 0..<2), (1, true, nil, "3", 1..<2), (0, false, nil, nil, 0..<0),
        ] as [(Int, Bool, String?, String?, Range<Int>)]
    )
    func page(size: Int, isFromEnd: Bool, after: String?, before: String?, range: Range<Int>) throws {
        #expect(try GraphQLPage(size: size, isFromEnd: isFromEnd, after: after, before: before).range(of: 3) == range)
    }
}
