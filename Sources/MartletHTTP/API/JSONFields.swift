import MartletCore
import NIOCore

/// The members of a JSON object, read one by one with their types checked. `null` counts as absent.
struct JSONFields: Sendable {
    let object: JSONValue
    /// Where in the body it stands, for messages; empty for the body itself.
    private let place: String

    /// - Throws: `invalidArgument` for malformed JSON and for anything but an object. An empty body is `{}`.
    init(_ body: ByteBuffer) throws(MartletError) {
        place = ""
        guard body.readableBytes > 0 else {
            object = .object([])
            return
        }
        let result = body.withUnsafeReadableBytes { JSONParser.result(of: $0.bindMemory(to: UInt8.self)) }
        switch result {
        case .failure(let failure): throw failure.asMartletError
        case .success(let value): object = value
        }
        guard case .object = object else {
            throw MartletError(.invalidArgument, "the body must be a JSON object")
        }
    }

    private init(_ object: JSONValue, place: String) {
        self.object = object
        self.place = place
    }

    var names: [String] {
        guard case .object(let members) = object else { return [] }
        return members.map(\.key)
    }

    func has(_ key: String) -> Bool { object[key] != nil }
    func isNull(_ key: String) -> Bool { object[key]?.isNull == true }

    private func present(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    func string(_ key: String) throws(MartletError) -> String? {
        guard let value = present(key) else { return nil }
        guard case .string(let text) = value else { throw wrong(key, "a string") }
        return text
    }

    func requiredString(_ key: String) throws(MartletError) -> String {
        guard let text = try string(key) else { throw missing(key) }
        return text
    }

    func integer(_ key: String) throws(MartletError) -> Int64? {
        switch present(key) {
        case nil: return nil
        case .integer(let value)?: return value
        case .number(let value)?:
            guard let exact = Int64(exactly: value) else { throw wrong(key, "an integer") }
            return exact
        default: throw wrong(key, "an integer")
        }
    }

    func requiredInteger(_ key: String) throws(MartletError) -> Int64 {
        guard let number = try integer(key) else { throw missing(key) }
        return number
    }

    /// A number, or one of the strings `NaN`, `Infinity`, `-Infinity`.
    func number(_ key: String) throws(MartletError) -> Double? {
        switch present(key) {
        case nil: return nil
        case .integer(let value)?: return Double(value)
        case .number(let value)?: return value
        case .string("NaN")?: return .nan
        case .string("Infinity")?: return .infinity
        case .string("-Infinity")?: return -.infinity
        default: throw wrong(key, "a number (NaN and infinities as strings)")
        }
    }

    func bool(_ key: String) throws(MartletError) -> Bool? {
        guard let value = present(key) else { return nil }
        guard case .bool(let flag) = value else { throw wrong(key, "true or false") }
        return flag
    }

    func strings(_ key: String) throws(MartletError) -> [String]? {
        guard let value = present(key) else { return nil }
        guard case .array(let elements) = value else { throw wrong(key, "an array of strings") }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for element in elements {
            guard case .string(let text) = element else { throw wrong(key, "an array of strings") }
            texts.append(text)
        }
        return texts
    }

    func object(_ key: String) throws(MartletError) -> JSONFields? {
        guard let value = present(key) else { return nil }
        guard case .object = value else { throw wrong(key, "an object") }
        return JSONFields(value, place: path(key))
    }

    func objects(_ key: String) throws(MartletError) -> [JSONFields]? {
        guard let value = present(key) else { return nil }
        guard case .array(let elements) = value else { throw wrong(key, "an array of objects") }
        var all: [JSONFields] = []
        all.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .object = element else { throw wrong(key, "an array of objects") }
            all.append(JSONFields(element, place: "\(path(key))[\(index)]"))
        }
        return all
    }

    /// An object of texts, e.g. tags, in the order of the body; numbers and booleans become their texts.
    func texts(_ key: String) throws(MartletError) -> [(key: String, value: String)]? {
        guard let value = present(key) else { return nil }
        guard case .object(let members) = value else { throw wrong(key, "an object of strings") }
        var seen = Set<String>()
        var pairs: [(key: String, value: String)] = []
        for member in members {
            guard seen.insert(member.key).inserted else {
                throw MartletError(.invalidArgument, "'\(path(key))' has the key '\(member.key.prefix(100))' twice")
            }
            switch member.value {
            case .string(let text): pairs.append((member.key, text))
            case .integer(let number): pairs.append((member.key, String(number)))
            case .number(let number): pairs.append((member.key, number.description))
            case .bool(let flag): pairs.append((member.key, flag ? "true" : "false"))
            default: throw wrong(key, "an object of strings")
            }
        }
        return pairs
    }

    func tags(_ key: String) throws(MartletError) -> [Tag] {
        (try texts(key) ?? []).map { Tag(key: $0.key, value: $0.value) }
    }

    /// One of the raw values of an enumeration.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        of type: Choice.Type
    ) throws(MartletError) -> Choice? {
        guard let text = try string(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw wrong(key, "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// A number of rows between 1 and `most`.
    func count(_ key: String, most: Int) throws(MartletError) -> Int? {
        guard let value = try integer(key) else { return nil }
        guard (1...Int64(most)).contains(value) else { throw wrong(key, "between 1 and \(most)") }
        return Int(value)
    }

    func offset(_ key: String) throws(MartletError) -> Int {
        guard let value = try integer(key) else { return 0 }
        guard (0...1_000_000_000).contains(value) else { throw wrong(key, "between 0 and 1000000000") }
        return Int(value)
    }

    func missing(_ key: String) -> MartletError {
        MartletError(.invalidArgument, "the field '\(path(key))' is missing")
    }

    func wrong(_ key: String, _ expected: String) -> MartletError {
        MartletError(.invalidArgument, "the field '\(path(key))' must be \(expected)")
    }

    private func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }
}
