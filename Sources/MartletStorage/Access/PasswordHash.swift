import CryptoExtras
import Foundation
package import MartletCore
import Synchronization

import struct Crypto.SymmetricKey

/// Passwords as `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`: 32 MiB of memory for about a tenth of a second.
///
/// The parameters stand in the text, so that they can be raised later without making old hashes void.
/// Source: RFC 7914; parameters of the OWASP Password Storage Cheat Sheet (2024).
struct PasswordHash: Sendable {
    /// Two to the power of this is the cost.
    var logarithm: Int
    var blockSize = 8
    var parallelism = 3
    var salt: [UInt8]
    var hash: [UInt8]

    /// Hashes a password with a fresh salt.
    init(of password: String, logarithm: Int) throws {
        self.logarithm = logarithm
        salt = SecretHashing.random(16)
        hash = []
        hash = try derived(from: password)
    }

    /// `nil` for a text that is no such hash, or that would cost more than a server should pay.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt",
            let salt = Data(base64Encoded: String(parts[3])), let hash = Data(base64Encoded: String(parts[4])),
            hash.count == 32
        else { return nil }
        self.salt = [UInt8](salt)
        self.hash = [UInt8](hash)
        logarithm = 0
        for setting in parts[2].split(separator: ",") {
            let pair = setting.split(separator: "=")
            guard pair.count == 2, let number = Int(pair[1]) else { return nil }
            switch pair[0] {
            case "ln": logarithm = number
            case "r": blockSize = number
            case "p": parallelism = number
            default: return nil
            }
        }
        guard (10...18).contains(logarithm), (1...16).contains(blockSize), (1...8).contains(parallelism) else {
            return nil
        }
    }

    var text: String {
        let (salt, hash) = (Data(salt).base64EncodedString(), Data(hash).base64EncodedString())
        return "$scrypt$ln=\(logarithm),r=\(blockSize),p=\(parallelism)$\(salt)$\(hash)"
    }

    /// Takes as long for a wrong password as for the right one.
    func matches(_ password: String) throws -> Bool {
        let other = try derived(from: password)
        guard other.count == hash.count else { return false }
        return zip(other, hash).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func derived(from password: String) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            // The same characters may come composed or decomposed.
            from: Array(password.precomposedStringWithCanonicalMapping.utf8),
            salt: salt,
            outputByteCount: 32,
            rounds: 1 << logarithm,
            blockSize: blockSize,
            parallelism: parallelism
        )
        return key.withUnsafeBytes { [UInt8]($0) }
    }
}

extension SecretHashing {
    package static let live = scrypt(logarithm: 15)

    /// scrypt on threads of its own, two at a time: a flood of logins cannot take all cores or all memory.
    /// - Parameter logarithm: two to the power of this is the cost; every one less halves time and memory.
    package static func scrypt(logarithm: Int) -> SecretHashing {
        let threads = [DispatchQueue(label: "martlet.passwords.0"), DispatchQueue(label: "martlet.passwords.1")]
        let pick: @Sendable () -> DispatchQueue = { threads[Int.random(in: threads.indices)] }
        let waiting = Waiting()
        return SecretHashing(
            randomBytes: { random($0) },
            sha256: { Digest(ContentHash.hexadecimal(ContentHash.sha256(of: $0[...]))) },
            hash: { password async throws(MartletError) in
                try await waiting.run(on: pick()) { try PasswordHash(of: password, logarithm: logarithm).text }
            },
            matches: { password, text async throws(MartletError) in
                guard let hash = PasswordHash(text) else {
                    throw MartletError(.internal, "a stored password cannot be read; set a new one")
                }
                return try await waiting.run(on: pick()) { try hash.matches(password) }
            }
        )
    }

    /// From the system's generator.
    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// Passwords that wait for their turn, a bounded number of them.
private final class Waiting: Sendable {
    private static let most = 64
    private let count = Atomic<Int>(0)

    /// - Throws: `unavailable` when too many wait already.
    func run<Result: Sendable>(
        on thread: DispatchQueue,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws(MartletError) -> Result {
        let place = count.wrappingAdd(1, ordering: .relaxed).newValue
        defer { count.wrappingSubtract(1, ordering: .relaxed) }
        guard place <= Self.most else {
            throw MartletError(.unavailable, "too many logins at once; try again in a moment")
        }
        do {
            return try await withCheckedThrowingContinuation { continuation in
                thread.async { continuation.resume(with: .init(catching: body)) }
            }
        } catch {
            throw MartletError(.internal, "a password could not be hashed")
        }
    }
}
