import MartletCore
import MartletTesting
import Testing

@Suite("Reading JSON")
struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test("values of every kind are read")
    func kinds() throws {
        let value = try parse(#" {"a": [1, -2.5, "x", true, false, null], "b": {}} "#)
        #expect(value["a"] == .array([.integer(1), .number(-2.5), .string("x"), .bool(true), .bool(false), .null]))
        #expect(value["b"] == .object([]))
    }

    @Test("of a key that occurs twice the last value counts")
    func duplicates() throws {
        #expect(try parse(#"{"a": 1, "a": 2}"#)["a"] == .integer(2))
    }

    @Test(
        "malformed text is refused",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "[1 2]", "01", "-", "1.", ".5", "1e", "+1", "tru", "nul",
            "NaN", "[Infinity]", "-Infinity", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00 \"", "\"a", "\"\n\"",
            "1 2", "{} x", "1e999", "'a'", "// x\n1",
        ]
    )
    func malformed(text: String) {
        #expect(throws: MartletError.self) { try parse(text) }
    }

    @Test("bytes that are no UTF-8 are refused")
    func badUTF8() {
        #expect(throws: MartletError.self) { try JSONParser.parse([0x22, 0xff, 0x22]) }
        #expect(throws: MartletError.self) { try JSONParser.parse([0x22, 0x5c, 0x6e, 0xc3, 0x22]) }
    }

    @Test("a bare NaN is named as what is wrong, with its place")
    func bareNaN() throws {
        let error = #expect(throws: MartletError.self) { try parse("{\"v\": NaN}") }
        #expect(error?.message.contains("send them as strings") == true)
        #expect(error?.message.contains("byte 6") == true)
    }

    @Test("escapes and surrogate pairs are undone")
    func escapes() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#) == .string("\"\\/\u{8}\u{c}\n\r\té😀"))
    }

    @Test("64 levels are followed, 65 are refused")
    func depth() throws {
        let deep = { (levels: Int) in String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        _ = try parse(deep(64))
        #expect(throws: MartletError.self) { try parse(deep(65)) }
        #expect(throws: MartletError.self) { try parse(String(repeating: "[", count: 100_000)) }
    }

    @Test("a small text of very many values is refused")
    func tooMany() {
        let text = "[" + String(repeating: "0,", count: 1_000_001) + "0]"
        #expect(throws: MartletError.self) { try parse(text) }
    }

    @Test("integers of 64 bits stay integers, larger ones become numbers")
    func integers() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("-9223372036854775808") == .integer(.min))
        #expect(try parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
    }

    @Test("numbers are rounded as the standard library rounds them")
    func rounding() throws {
        var random = SeededNumbers(seed: 7)
        for _ in 0..<50_000 {
            let digits = Int(random.next() % 19) + 1
            var text = (0..<digits).map { _ in String(random.next() % 10) }.joined()
            text = String(Int(text.prefix(1)) == 0 ? "1" + text.dropFirst() : Substring(text))
            let point = Int(random.next() % UInt64(digits))
            if point > 0 { text.insert(".", at: text.index(text.startIndex, offsetBy: point)) }
            text += "e\(Int(random.next() % 70) - 35)"
            guard case .number(let value) = try parse(text) else {
                Issue.record("\(text) is no number")
                return
            }
            #expect(value == Double(text), "\(text)")
        }
    }

    @Test(
        "numbers half way between two are rounded to even",
        arguments: [
            "9007199254740993.0", "9007199254740995.0", "9007199254740993.00000001", "1.7976931348623157e308", "5e-324",
            "0.000012345678901234567", "0.1e-1", "-0.0", "123456789012345678e-27", "9999999999999999999.0",
        ]
    )
    func ties(text: String) throws {
        #expect(try parse(text) == .number(try #require(Double(text))))
    }

    @Test("damaged texts are refused or read, and never crash")
    func damage() {
        let seed = Array(#"{"a": [1.5e-3, "x\u00e9\n", {"b": [true, null, -0.1]}], "c": "\ud83d\ude00"}"#.utf8)
        var random = SeededNumbers(seed: 11)
        for _ in 0..<20_000 { _ = try? JSONParser.parse(random.damaged(seed)) }
    }
}

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test("what is written reads back the same")
    func roundTrip() throws {
        let value = JSONValue.object([
            .init(key: "a\"b", value: .array([.integer(.min), .number(0.1), .null, .bool(false)])),
            .init(key: "t", value: .string("\u{0}\u{1f}\\\"é😀/\n")), .init(key: "e", value: .object([])),
        ])
        var writer = JSONWriter()
        writer.value(value)
        #expect(try JSONParser.parse(writer.bytes) == value)
    }

    @Test("numbers that JSON has not are strings")
    func notFinite() {
        var writer = JSONWriter()
        writer.beginArray()
        for value in [Double.nan, .infinity, -.infinity] { writer.double(value) }
        writer.endArray()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"["NaN","Infinity","-Infinity"]"#)
    }

    @Test("doubles are written so short that they still read back the same")
    func doubles() throws {
        var random = SeededNumbers(seed: 3)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            var writer = JSONWriter()
            writer.double(value)
            guard case .number(let read) = try JSONParser.parse(writer.bytes) else {
                Issue.record("\(value) was not written as a number")
                return
            }
            #expect(read.bitPattern == value.bitPattern)
        }
    }
}

extension SeededNumbers {
    /// The bytes with one to four of them changed, removed, doubled, or the end cut off.
    fileprivate mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...next() % 4 where !bytes.isEmpty {
            let place = Int(next() % UInt64(bytes.count))
            switch next() % 5 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(bytes[place], at: place)
            case 3: bytes[place] = Array("{}[]\",:0-.eEtfn\\".utf8)[Int(next() % 16)]
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }
}
