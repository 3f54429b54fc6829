import MartletCore

/// The format of packs. See docs/blob-layout.md.
///
/// A pack begins with 16 bytes; records follow without gaps. A record is a header of 64 bytes and the content:
///
///     0  4  "MBR1"
///     4  4  size of the content, little-endian
///     8  32 SHA-256 of the content
///     40 16 MD5 of the content
///     56 4  zero
///     60 4  CRC-32C of the 60 bytes before, little-endian
enum PackRecord {
    static let headerSize = 64
    static let packHeader: [UInt8] = Array("MARTLET PACK 1\n\0".utf8)
    /// Content above this gets a file of its own.
    static let largest = 65_536

    private static let magic: [UInt8] = Array("MBR1".utf8)

    /// What a header says.
    struct Header: Equatable {
        var size: Int
        var hash: ContentHash
    }

    /// A whole record.
    static func encode(_ content: [UInt8], hash: ContentHash) -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(headerSize + content.count)
        record += magic
        append(UInt32(content.count), to: &record)
        record += hash.sha256
        record += hash.md5
        append(0, to: &record)
        append(crc32c(record[...]), to: &record)
        record += content
        return record
    }

    /// `nil` unless the bytes are a header that was written whole.
    static func header(_ bytes: ArraySlice<UInt8>) -> Header? {
        guard bytes.count >= headerSize else { return nil }
        let start = bytes.startIndex
        guard bytes.prefix(4).elementsEqual(magic),
            number(bytes, at: start + 60) == crc32c(bytes[start..<start + 60])
        else { return nil }
        let size = Int(number(bytes, at: start + 4))
        guard size <= largest else { return nil }
        return Header(
            size: size,
            hash: ContentHash(
                sha256: [UInt8](bytes[start + 8..<start + 40]),
                md5: [UInt8](bytes[start + 40..<start + 56])
            )
        )
    }

    /// The content of a whole record. `nil` when it is not what its header promises.
    static func content(of record: [UInt8], digest: Digest) -> ArraySlice<UInt8>? {
        guard let header = header(record[...]), record.count == headerSize + header.size,
            header.hash.digest == digest
        else { return nil }
        let content = record[headerSize...]
        return ContentHash.sha256(of: content) == header.hash.sha256 ? content : nil
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
    }

    /// Castagnoli's polynomial (RFC 3720, B.4), byte by byte: headers are short.
    static func crc32c(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes { crc = crcTable[Int((crc ^ UInt32(byte)) & 0xff)] ^ (crc >> 8) }
        return ~crc
    }

    private static let crcTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
    }
}

/// Reads a pack without the database.
enum PackScanner {
    /// Hands out the records from an offset on, each verified, until the first that is not whole.
    ///
    /// - Returns: the offset just behind the last whole record. O(bytes from `start` on).
    static func scan(
        _ file: OpenFile,
        from start: Int64,
        _ body: (Int64, PackRecord.Header) throws -> Void
    ) throws -> Int64 {
        let size = try file.size()
        var offset = start
        while offset + Int64(PackRecord.headerSize) <= size {
            let head = try file.bytes(PackRecord.headerSize, at: offset)
            guard let header = PackRecord.header(head[...]) else { break }
            let contentOffset = offset + Int64(PackRecord.headerSize)
            guard contentOffset + Int64(header.size) <= size else { break }
            let content = try file.bytes(header.size, at: contentOffset)
            guard ContentHash.sha256(of: content[...]) == header.hash.sha256 else { break }
            try body(offset, header)
            offset = contentOffset + Int64(header.size)
        }
        return offset
    }

    /// Whether nothing but the zeros that were written ahead stands behind the records. O(bytes from `end` on).
    static func isSpare(_ file: OpenFile, from end: Int64) throws -> Bool {
        let size = try file.size()
        var offset = end
        while offset < size {
            let piece = try file.bytes(Int(min(size - offset, 1 << 20)), at: offset)
            guard piece.allSatisfy({ $0 == 0 }) else { return false }
            offset += Int64(piece.count)
        }
        return true
    }
}
