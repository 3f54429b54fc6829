/// A piece of SQL and the values of its placeholders, which `statement()` numbers.
///
/// Built by interpolation: `"x.key = \(value: .text(key))"`. Only names that stand in this module are interpolated as
/// text; what users write is always a value.
struct SQLText: ExpressibleByStringInterpolation {
    /// With `?` for each value, in order. No text of this module has another `?`.
    private(set) var text: String
    private(set) var values: [SQLValue]

    init(stringLiteral value: StaticString) {
        text = "\(value)"
        values = []
    }

    init(stringInterpolation: Interpolation) {
        text = stringInterpolation.text
        values = stringInterpolation.values
    }

    struct Interpolation: StringInterpolationProtocol {
        var text = ""
        var values: [SQLValue] = []

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: StaticString) { text += "\(literal)" }
        mutating func appendInterpolation(_ sql: SQLText) {
            text += sql.text
            values += sql.values
        }
        mutating func appendInterpolation(value: SQLValue) {
            text += "?"
            values.append(value)
        }
        /// A name or a text that this module wrote, with `?` for each of `values`.
        mutating func appendInterpolation(code: String, values: [SQLValue] = []) {
            text += code
            self.values += values
        }
        /// `(?, ?, …)`: filled up to a power of two with the last value, so that there are few texts.
        mutating func appendInterpolation(list: [SQLValue]) {
            var size = 1
            while size < list.count { size *= 2 }
            text += "(" + Array(repeating: "?", count: size).joined(separator: ", ") + ")"
            values += list
            if let last = list.last { values += Array(repeating: last, count: size - list.count) }
        }
    }

    static func joined(_ parts: [SQLText], _ separator: StaticString) -> SQLText {
        var result: SQLText = ""
        for (index, part) in parts.enumerated() {
            if index > 0 { result.text += "\(separator)" }
            result.text += part.text
            result.values += part.values
        }
        return result
    }

    static func += (left: inout SQLText, right: SQLText) {
        left.text += right.text
        left.values += right.values
    }

    /// With `$1 …` for the values, each number once, in order.
    func statement() -> String {
        var statement = ""
        statement.reserveCapacity(text.utf8.count + values.count * 3)
        var number = 0
        for character in text.utf8.split(separator: UInt8(ascii: "?"), omittingEmptySubsequences: false) {
            if number > 0 { statement += "$\(number)" }
            statement += String(decoding: character, as: UTF8.self)
            number += 1
        }
        return statement
    }
}

extension SQLConnection {
    func query(_ sql: SQLText, _ body: (any SQLRow) throws -> Void) throws {
        try query(sql.statement(), sql.values, body)
    }

    func rows<Result>(_ sql: SQLText, _ map: (any SQLRow) throws -> Result) throws -> [Result] {
        try rows(sql.statement(), sql.values, map)
    }

    func first<Result>(_ sql: SQLText, _ map: (any SQLRow) throws -> Result) throws -> Result? {
        try first(sql.statement(), sql.values, map)
    }

    /// Hands out rows until `body` returns false.
    func scan(_ sql: SQLText, _ body: (any SQLRow) throws -> Bool) throws {
        try scan(sql.statement(), sql.values, body)
    }
}
