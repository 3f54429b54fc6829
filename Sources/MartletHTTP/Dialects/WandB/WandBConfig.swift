import MartletCore

/// The configuration of a run: `{"lr": {"value": 0.1}, "_wandb": {…}}`, between the client and our params.
enum WandBConfig {
    /// Deepest nesting of which the parts become params of their own.
    private static let deepest = 4
    private static let most = 2_000

    /// Values as params, with dotted keys for nested ones. What the client adds for itself is left out.
    /// - Throws: `invalidArgument` for what is no JSON object.
    static func params(of text: String) throws(MartletError) -> [Param] {
        guard case .object(let members) = try JSONText.lenient(text) else {
            throw MartletError(.invalidArgument, "config is no JSON object")
        }
        var params: [String: String] = [:]
        for member in members where member.key != "_wandb" {
            add(member.value["value"] ?? member.value, at: member.key, depth: 0, to: &params)
        }
        return params.sorted { $0.key < $1.key }.prefix(most).map { Param(key: $0.key, value: $0.value) }
    }

    private static func add(_ value: JSONValue, at key: String, depth: Int, to params: inout [String: String]) {
        if case .object(let members) = value, !members.isEmpty, depth < deepest {
            for member in members { add(member.value, at: "\(key).\(member.key)", depth: depth + 1, to: &params) }
            return
        }
        let text = JSONText.plain(value)
        // What a param cannot hold is in the document all the same.
        guard key.unicodeScalars.count <= Rules.longestKey, !key.isEmpty, !key.utf8.contains(0), !text.utf8.contains(0)
        else { return }
        params[key] = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Rules.longestParamValue)))
    }

    /// The document of a run that another client logged.
    /// - Parameter document: what comes before, which is an object.
    static func document(of params: [Param], after document: String? = nil) -> String {
        var json = JSONWriter()
        json.beginObject()
        if let document, case .object(let members)? = try? JSONText.lenient(document) {
            for member in members {
                json.key(member.key)
                json.value(member.value)
            }
        }
        for param in params {
            json.key(param.key)
            json.beginObject()
            json.key("value")
            if let number = JSONText.number(param.value) { json.json(number.utf8) } else { json.string(param.value) }
            json.endObject()
        }
        json.endObject()
        return json.text
    }

    /// A document with the members of both; the second says what one of both has.
    static func joined(_ first: String, _ second: String) throws(MartletError) -> String {
        guard case .object(let old) = try JSONText.lenient(first), case .object(let new) = try JSONText.lenient(second)
        else { return second }
        let names = Set(new.map(\.key))
        var json = JSONWriter()
        json.value(.object(old.filter { !names.contains($0.key) } + new))
        return json.text
    }

    /// Of what the client adds for itself, the named parts; as JSON.
    static func own(_ keys: [String]?, of text: String) throws(MartletError) -> String {
        let own = try JSONText.lenient(text)["_wandb"]?["value"]
        guard case .object(let members)? = own else { return "{}" }
        var json = JSONWriter()
        json.beginObject()
        for member in members where keys?.contains(member.key) ?? true {
            json.key(member.key)
            json.value(member.value)
        }
        json.endObject()
        return json.text
    }
}

/// JSON texts that clients keep with us.
enum JSONText {
    /// A text in which NaN and Infinity may stand bare.
    static func lenient(_ text: String) throws(MartletError) -> JSONValue {
        try JSONParser.parse(Array(text.utf8), takesBareNaN: true)
    }

    /// As Python shows a value: what another client would have logged for it. Texts stand as they are.
    static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .number(let value):
            return value.isNaN ? "nan" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : value.description
        case .string(let text): return text
        case .array, .object:
            var json = JSONWriter()
            json.value(value)
            return json.text
        }
    }

    /// A text that is a JSON number, as it is; `nil` for any other.
    static func number(_ text: String) -> String? {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || first &- 48 <= 9 else { return nil }
        switch text.utf8.withContiguousStorageIfAvailable({ JSONParser.result(of: $0) }) {
        case .success(.integer)?, .success(.number)?: return text
        default: return nil
        }
    }
}
