import CLibPQ

/// A row of a result in binary form.
struct PostgresRow: SQLRow {
    let result: OpaquePointer
    let row: Int32

    func isNull(_ column: Int) -> Bool { PQgetisnull(result, row, Int32(column)) == 1 }

    func integer(_ column: Int) -> Int64 {
        withBytes(column) { bytes in
            switch PostgresType(PQftype(result, Int32(column))) {
            case .real, .single: Int64(exactly: real(column).rounded(.towardZero)) ?? 0
            case .numeric: Int64(exactly: Self.numeric(bytes)) ?? 0
            default: Self.integer(bytes)
            }
        }
    }

    func real(_ column: Int) -> Double {
        withBytes(column) { bytes in
            switch PostgresType(PQftype(result, Int32(column))) {
            case .real: Double(bitPattern: UInt64(bitPattern: Self.integer(bytes)))
            case .single: Double(Float(bitPattern: UInt32(truncatingIfNeeded: Self.integer(bytes))))
            case .numeric: Self.numeric(bytes)
            default: Double(Self.integer(bytes))
            }
        }
    }

    func text(_ column: Int) -> String { withBytes(column) { String(decoding: $0, as: UTF8.self) } }

    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let start = PQgetvalue(result, row, Int32(column))
        let count = Int(PQgetlength(result, row, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    /// Big-endian, of 1, 2, 4 or 8 bytes; 0 for none.
    private static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        guard let first = bytes.first else { return 0 }
        // A single byte is a boolean.
        if bytes.count == 1 { return Int64(first) }
        var value = Int64(Int8(bitPattern: first))
        for byte in bytes.dropFirst() { value = value << 8 | Int64(byte) }
        return value
    }

    /// `numeric_send` (PostgreSQL 15, utils/adt/numeric.c): count, weight, sign, scale, digits of base 10,000.
    private static func numeric(_ bytes: UnsafeRawBufferPointer) -> Double {
        guard bytes.count >= 8 else { return 0 }
        let word = { (index: Int) in UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1]) }
        let weight = Int(Int16(bitPattern: word(1)))
        guard word(2) != 0xc000 else { return .nan }
        var value = 0.0
        for index in 0..<min(Int(word(0)), bytes.count / 2 - 4) {
            var digit = Double(word(4 + index))
            var power = weight - index
            while power > 0 {
                digit *= 10_000
                power -= 1
            }
            while power < 0 {
                digit /= 10_000
                power += 1
            }
            value += digit
        }
        return word(2) == 0x4000 ? -value : value
    }
}

/// The types that parameters and columns have (PostgreSQL 15, catalog/pg_type.dat).
enum PostgresType: Oid {
    case bytes = 17
    case integer = 20
    case text = 25
    case single = 700
    case real = 701
    case numeric = 1700
    case other = 0

    init(_ number: Oid) { self = PostgresType(rawValue: number) ?? .other }
}
