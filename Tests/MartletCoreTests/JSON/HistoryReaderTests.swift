import Testing

@testable import MartletCore

@Suite("Reading lines of a history")
struct HistoryReaderTests {
    private func read(_ lines: String..., prefix: String = "") throws -> HistoryReader {
        var reader = HistoryReader(prefix: prefix, now: 1_700_000_000_000)
        for (number, line) in lines.enumerated() { try reader.add(line, number: Int64(number)) }
        return reader
    }

    private func points(_ reader: HistoryReader) -> [String] {
        let batch = reader.batch
        return batch.values.indices.map { index in
            "\(batch.keys[Int(batch.keyIndexes[index])])@\(batch.steps[index]),\(batch.times[index])=\(batch.values[index])"
        }
    }

    @Test("numbers become points at the step and time of their line, wherever those stand in it")
    func numbers() throws {
        let reader = try read(#"{"loss":0.5,"n":3,"_step":7,"_timestamp":1700000000.25,"_runtime":2}"#)
        #expect(
            points(reader) == [
                "loss@7,1700000000250=0.5", "n@7,1700000000250=3.0",
                "_timestamp@7,1700000000250=1700000000.25", "_runtime@7,1700000000250=2.0",
            ]
        )
        #expect(reader.objects.isEmpty && reader.nested.isEmpty)
    }

    @Test("what is no number is kept as it was sent")
    func objects() throws {
        let image = #"{"_type":"image-file","path":"media/a.png","width":8}"#
        let reader = try read(
            #"{"img":\#(image),"text":"a\"b","list":[1, 2.50],"on":true,"none":null,"empty":{},"_step":1,"_timestamp":1}"#
        )
        #expect(reader.objects.map(\.key) == ["img", "text", "list", "on", "none", "empty"])
        #expect(reader.objects.map(\.json) == [image, #""a\"b""#, "[1, 2.50]", "true", "null", "{}"])
        #expect(reader.objects.allSatisfy { $0.step == 1 && $0.time == 1_000 })
        #expect(points(reader) == ["_timestamp@1,1000=1.0"])
    }

    @Test("numbers in objects become points of dotted keys; what stands beside them has such a key too")
    func nested() throws {
        let image = #"{"_type":"image-file","width":3}"#
        let reader = try read(
            #"{"d":{"a":1,"b":{"c":0.5}},"e":{"x":1,"y":"t","i":\#(image),"l":[1],"n":null,"o":{"p":"q"}},"_timestamp":1}"#
        )
        #expect(points(reader) == ["d.a@0,1000=1.0", "d.b.c@0,1000=0.5", "e.x@0,1000=1.0", "_timestamp@0,1000=1.0"])
        #expect(reader.nested == ["d", "e"])
        #expect(reader.objects.map(\.key) == ["e.y", "e.i", "e.l", "e.n", "e.o"])
        #expect(reader.objects.map(\.json) == [#""t""#, image, "[1]", "null", #"{"p":"q"}"#])
    }

    @Test(
        "an object without numbers is kept whole, and so is a media value, and one with dots in its names",
        arguments: [
            #"{"a":"b","c":[1]}"#, #"{"_type":"histogram","x":1}"#, #"{"a.b":1}"#, "{}", #"{"m":{"_type":"x","n":1}}"#,
        ]
    )
    func whole(object: String) throws {
        let reader = try read(#"{"d":\#(object)}"#)
        #expect(reader.objects.map(\.key) == ["d"] && reader.objects.map(\.json) == [object] && reader.nested.isEmpty)
    }

    @Test("a key that cannot be stored is changed into one of its own that can")
    func unusualKeys() throws {
        let (long, other) = (String(repeating: "k", count: 1_001), String(repeating: "k", count: 1_000) + "l")
        let whole = String(repeating: "日", count: 333)
        let reader = try read(
            #"{"\#(long)":1,"\#(other)":2,"\#(whole)":3,"":4,"a\u0000b":5,"\#(long)x":{"n":6},"t\u0000":"x","_timestamp":1}"#,
            #"{"\#(long)":7,"_timestamp":1}"#
        )
        let keys = reader.batch.keys
        #expect(Set(keys).count == 7 && keys.allSatisfy { $0.utf8.count <= HistoryReader.longestKey })
        #expect(keys[0].hasPrefix("kkk") && keys[0].contains("…") && keys[1] != keys[0] && keys[2] == whole)
        #expect(keys[3] == "(empty)" && keys[4] == "a\u{fffd}b" && keys[5].contains("…"))
        #expect(reader.batch.values == [1, 2, 3, 4, 5, 6, 1, 7, 1])
        #expect(reader.batch.keyIndexes[0] == reader.batch.keyIndexes[7])
        #expect(reader.objects.map(\.key) == ["t\u{fffd}"])
    }

    @Test("a value that readers would choke on is kept as a text of its JSON", arguments: ["[", #"{"a":"#])
    func deep(opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func value(_ depth: Int) -> String {
            String(repeating: opening, count: depth) + #""t""# + String(repeating: closing, count: depth)
        }
        let reader = try read(#"{"x":\#(value(64)),"y":\#(value(65)),"z":1,"_timestamp":1}"#)
        #expect(reader.objects.map(\.key) == ["x", "y"] && reader.objects[0].json == value(64))
        #expect(try JSONParser.parse(Array(reader.objects[1].json.utf8)) == .string(value(65)))
        #expect(reader.batch.keys == ["z", "_timestamp"])
        for wrong in [value(65) + closing, String(value(65).dropLast()), value(9_000).replacing("\"t\"", with: "x")] {
            #expect(throws: MartletError.self) { _ = try read(#"{"y":\#(wrong)}"#) }
        }
        let many = "[" + String(repeating: "0,", count: 1_000_000) + "0]"
        let long = try read(#"{"x":\#(many),"z":1}"#)
        #expect(long.objects.count == 1 && long.objects[0].json.first == "\"" && long.batch.values.first == 1)
    }

    @Test("an object is made one that can be read, and only what is deep in it changes")
    func readable() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        let readable = try JSONParser.readable(#" {"a": NaN, "d": \#(deep), "t": "ü", "o": {"x": [1, 2.50]}} "#)
        let json = try JSONParser.parse(Array(readable.utf8), takesBareNaN: true)
        #expect(json["d"] == .string(deep) && json["t"] == .string("ü") && readable.contains("[1, 2.50]"))
        // Each can be read, and both together not.
        let half = "[" + String(repeating: "0,", count: 600_000) + "0]"
        let both = try JSONParser.parse(Array(try JSONParser.readable(#"{"a": \#(half), "b": \#(half)}"#).utf8))
        #expect(both["b"] == .string(half) && both["a"] != .string(half))
        for wrong in ["[]", "1", "", "{", #"{"a"}"#, #"{"a":1,}"#] {
            #expect(throws: MartletError.self) { _ = try JSONParser.readable(wrong) }
        }
    }

    @Test("bare NaN and infinities, great and tiny numbers are numbers")
    func unusualNumbers() throws {
        let reader = try read(#"{"a":NaN,"b":Infinity,"c":-Infinity,"d":1e400,"e":1e-320,"f":9.223372036854776e+18}"#)
        let values = reader.batch.values
        #expect(values[0].isNaN && values[1] == .infinity && values[2] == -.infinity && values[3] == .infinity)
        #expect(values[4] == 1e-320 && values[5] == 9.223372036854776e18)
    }

    @Test("a line without step and time has its number and the time of the request")
    func withoutStep() throws {
        let reader = try read(#"{"a":1}"#, #"{"a":2}"#)
        #expect(
            points(reader) == [
                "a@0,1700000000000=1.0", "_timestamp@0,1700000000000=1700000000.0",
                "a@1,1700000000000=2.0", "_timestamp@1,1700000000000=1700000000.0",
            ]
        )
    }

    @Test("a step with a fraction is kept beside the whole one")
    func fractionOfStep() throws {
        let reader = try read(#"{"a":1,"_step":2.5,"_timestamp":1}"#)
        #expect(points(reader) == ["a@2,1000=1.0", "_step@2,1000=2.5", "_timestamp@2,1000=1.0"])
    }

    @Test("a prefix is put before keys that lack it")
    func prefix() throws {
        let reader = try read(#"{"system.cpu":3,"_runtime":1,"_timestamp":1,"_wandb":true}"#, prefix: "system.")
        #expect(reader.batch.keys == ["system.cpu", "system._runtime", "system._timestamp"])
    }

    @Test(
        "what is no line is refused, and what was read before it stays",
        arguments: [
            "", "[]", "1", #"{"a":}"#, #"{"a":1"#, #"{"a":1}x"#, #"{"a":nan}"#, #"{"a":Infinit}"#, #"{"a":1,}"#,
            #"{"a":-}"#, #"{a:1}"#, "{\"a\":\"\u{1}\"}", #"{"a":"\ud800"}"#,
            String(repeating: #"{"a":["#, count: 10_000),
        ]
    )
    func malformed(line: String) throws {
        var reader = HistoryReader(now: 0)
        try reader.add(#"{"a":1,"_timestamp":1}"#, number: 0)
        let error = #expect(throws: MartletError.self) { try reader.add(line, number: 1) }
        #expect(error?.code == .invalidArgument)
        #expect(reader.batch.values == [1, 1])
    }

    @Test("mutated lines never crash the reader")
    func fuzz() {
        let line =
            #"{"loss":0.5,"d":{"a":-1e-5,"b":[1,{"c":null}]},"t":"x\u00e9","n":NaN,"_step":7,"_timestamp":1.79e9}"#
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Array(line.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0x20...0x7e,
                    using: &generator
                )
            }
            var reader = HistoryReader(now: 0)
            try? reader.add(String(decoding: bytes, as: UTF8.self), number: 0)
        }
    }
}
