import MartletCore

import enum Crypto.Insecure
import struct Crypto.SHA256

/// The two names that content has: its SHA-256, and the MD5 that other tools know it by.
struct ContentHash: Sendable, Equatable {
    /// 32 bytes.
    var sha256: [UInt8]
    /// 16 bytes.
    var md5: [UInt8]

    init(sha256: [UInt8], md5: [UInt8]) {
        self.sha256 = sha256
        self.md5 = md5
    }

    init(of bytes: [UInt8]) {
        var md5 = Insecure.MD5()
        bytes.withUnsafeBytes { md5.update(bufferPointer: $0) }
        sha256 = Self.sha256(of: bytes[...])
        self.md5 = [UInt8](md5.finalize())
    }

    static func sha256(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        var sha256 = SHA256()
        bytes.withUnsafeBytes { sha256.update(bufferPointer: $0) }
        return [UInt8](sha256.finalize())
    }

    var digest: Digest { Digest(Self.hexadecimal(sha256)) }
    func blob(size: Int64) -> StoredBlob { StoredBlob(digest: digest, md5: Self.hexadecimal(md5), size: size) }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digit(byte >> 4)
                buffer[index * 2 + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    /// The bytes of a digest; `nil` unless it is 64 lower-case hexadecimal digits.
    static func bytes(of digest: Digest) -> [UInt8]? {
        let digits = Array(digest.rawValue.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        default: nil
        }
    }
}
