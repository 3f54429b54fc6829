import MartletCore

import struct Crypto.SHA256

/// A table as both engines have it: its columns, what they hold, and its primary key.
///
/// Read from SQLite, which one side of every copy is.
struct TableShape: Sendable {
    enum Kind: Sendable {
        case integer
        case real
        case text
        case bytes
    }

    struct Column: Sendable {
        var name: String
        var kind: Kind
        /// From 1 in the primary key; 0 outside.
        var keyPlace: Int
    }

    var name: String
    var columns: [Column]

    /// All tables but that of the migrations, by name.
    static func all(of connection: any SQLConnection) throws -> [TableShape] {
        let names = try connection.rows(
            """
            SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
            AND name <> 'schema_migration' ORDER BY name
            """
        ) { $0.text(0) }
        return try names.map { name in
            let columns = try connection.rows(
                "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid",
                [.text(name)]
            ) { Column(name: $0.text(0), kind: Kind(declared: $0.text(1)), keyPlace: Int($0.integer(2))) }
            return TableShape(name: name, columns: columns)
        }
    }

    /// Indexes of the columns that order the rows; all of them where there is no primary key.
    var key: [Int] {
        let key = columns.indices.filter { columns[$0].keyPlace > 0 }
            .sorted { columns[$0].keyPlace < columns[$1].keyPlace }
        return key.isEmpty ? Array(columns.indices) : key
    }

    private var names: String { columns.map { "\"\($0.name)\"" }.joined(separator: ", ") }
    private var keyNames: [String] { key.map { "\"\(columns[$0].name)\"" } }

    var insert: String {
        let places = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        return "INSERT INTO \(name) (\(names)) VALUES (\(places))"
    }

    private func select(isAfter: Bool) -> String {
        let places = key.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let condition = isAfter ? " WHERE (\(keyNames.joined(separator: ", "))) > (\(places))" : ""
        return "SELECT \(names) FROM \(name)\(condition) ORDER BY \(keyNames.joined(separator: ", "))"
    }

    // MARK: Rows

    /// Bytes and rows that are handed out at once.
    private static let mostBytes = 4 << 20
    private static let mostRows = 2_000

    /// Hands out all rows behind a key in the order of the key, in batches.
    func copy(
        from connection: any SQLConnection,
        after key: [SQLValue]?,
        _ body: ([[SQLValue]]) throws -> Void
    ) throws {
        var (batch, size) = ([[SQLValue]](), 0)
        try connection.scan(select(isAfter: key != nil), key ?? []) { row in
            let values = columns.indices.map { value($0, of: row) }
            size += values.reduce(0) { $0 + Self.size($1) }
            batch.append(values)
            if batch.count >= Self.mostRows || size >= Self.mostBytes {
                try body(batch)
                (batch, size) = ([], 0)
            }
            return true
        }
        if !batch.isEmpty { try body(batch) }
    }

    /// The key of the last row; `nil` when there is none.
    func lastKey(_ connection: any SQLConnection) throws -> [SQLValue]? {
        let order = keyNames.map { $0 + " DESC" }.joined(separator: ", ")
        let sql = "SELECT \(keyNames.joined(separator: ", ")) FROM \(name) ORDER BY \(order) LIMIT 1"
        return try connection.first(sql) { row in
            key.indices.map { Self.value($0, columns[key[$0]].kind, of: row) }
        }
    }

    /// How many rows there are, and one SHA-256 over all of their values in the order of the key.
    func digest(_ connection: any SQLConnection) throws -> (rows: Int64, digest: String) {
        var (hash, rows) = (SHA256(), Int64(0))
        try copy(from: connection, after: nil) { batch in
            var bytes: [UInt8] = []
            for row in batch { for value in row { Self.append(value, to: &bytes) } }
            bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            rows += Int64(batch.count)
        }
        return (rows, DurableFile.hexadecimal(hash))
    }

    private func value(_ index: Int, of row: any SQLRow) -> SQLValue { Self.value(index, columns[index].kind, of: row) }

    private static func value(_ index: Int, _ kind: Kind, of row: any SQLRow) -> SQLValue {
        if row.isNull(index) { return .null }
        return switch kind {
        case .integer: .integer(row.integer(index))
        // SQLite keeps −0.0 as the integer 0.
        case .real: .real(row.real(index) == 0 ? 0 : row.real(index))
        case .text: .text(row.text(index))
        case .bytes: .blob(row.blob(index))
        }
    }

    private static func size(_ value: SQLValue) -> Int {
        switch value {
        case .text(let text): text.utf8.count
        case .blob(let bytes): bytes.count
        default: 8
        }
    }

    /// A value so that no two rows have the same bytes: a tag, the length where it varies, the value.
    private static func append(_ value: SQLValue, to bytes: inout [UInt8]) {
        func number(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        switch value {
        case .null: bytes.append(0)
        case .integer(let value):
            bytes.append(1)
            number(UInt64(bitPattern: value))
        case .real(let value):
            bytes.append(2)
            number(value.bitPattern)
        case .text(let text):
            bytes.append(3)
            number(UInt64(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        case .blob(let content):
            bytes.append(4)
            number(UInt64(content.count))
            bytes.append(contentsOf: content)
        }
    }
}

extension TableShape.Kind {
    init(declared: String) {
        let type = declared.uppercased()
        if type.contains("INT") {
            self = .integer
        } else if type.contains("REAL") || type.contains("DOUBLE") {
            self = .real
        } else if type.contains("BLOB") || type.contains("BYTEA") {
            self = .bytes
        } else {
            self = .text
        }
    }
}
