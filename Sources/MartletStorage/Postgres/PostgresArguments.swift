import CLibPQ
import MartletCore

/// Arguments of a statement in binary form, in one piece of memory.
struct PostgresArguments {
    /// Types, 0 where the value is NULL and any type will do.
    private(set) var types: [Oid] = []
    private var bytes: [UInt8] = []
    /// Where each value begins; -1 for NULL.
    private var starts: [Int] = []
    private var lengths: [Int32] = []

    /// - Throws: `invalidArgument` for U+0000, which PostgreSQL keeps in no text. What is stored was checked before;
    ///   what is only looked for comes here.
    init(_ values: [SQLValue]) throws(MartletError) {
        types.reserveCapacity(values.count)
        starts.reserveCapacity(values.count)
        lengths.reserveCapacity(values.count)
        for value in values { try append(value) }
    }

    private mutating func append(_ value: SQLValue) throws(MartletError) {
        let start = bytes.count
        var type = PostgresType.other
        switch value {
        case .null: break
        case .integer(let number):
            type = .integer
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        case .real(let number):
            type = .real
            withUnsafeBytes(of: number.bitPattern.bigEndian) { bytes.append(contentsOf: $0) }
        case .text(let text):
            type = .text
            guard !text.utf8.contains(0) else {
                throw MartletError(.invalidArgument, "a text contains U+0000, which is in no stored text; remove it")
            }
            bytes.append(contentsOf: text.utf8)
        case .blob(let content):
            type = .bytes
            bytes.append(contentsOf: content)
        }
        types.append(type.rawValue)
        starts.append(value == .null ? -1 : start)
        lengths.append(Int32(bytes.count - start))
    }

    /// Hands out what `PQsendQueryPrepared` takes.
    func withPointers<Result>(
        _ body: (_ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ formats: [Int32]) -> Result
    ) -> Result {
        let formats = [Int32](repeating: 1, count: starts.count)
        // One byte behind the end, so that an empty value has an address: no address means NULL.
        return (bytes + [0]).withUnsafeBytes { memory in
            let base = memory.baseAddress
            let values = starts.map { start in
                start < 0 ? nil : base.map { ($0 + start).assumingMemoryBound(to: CChar.self) }
            }
            return body(values, lengths, formats)
        }
    }
}
