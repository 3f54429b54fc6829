import Foundation
import MartletCore
import NIOCore
import NIOHTTP1

/// An object in a list.
struct S3Listed: Sendable, Equatable {
    /// Below the prefix of the address.
    var key: String
    /// Bytes.
    var size: Int64
    /// Milliseconds since 1970-01-01 UTC, by the store's clock.
    var changedAt: Int64
}

extension S3Client {
    /// Stores an object as a whole; once it returns the store has acknowledged these very bytes.
    ///
    /// The store checks the MD5 that is sent with them, and its answer must name the same MD5.
    func put(_ key: String, _ body: ByteBuffer, _ hash: ContentHash) async throws {
        let request = S3Request(
            method: .PUT,
            key: key,
            headers: [("content-md5", Data(hash.md5).base64EncodedString())],
            body: body,
            bodyHash: ContentHash.hexadecimal(hash.sha256)
        )
        let answer = try await answer(request)
        try Self.checkTag(answer.headers, hash, request)
    }

    /// - Throws: an `S3Failure` when the answer names another content than was sent.
    static func checkTag(_ headers: HTTPHeaders, _ hash: ContentHash, _ request: S3Request) throws(S3Failure) {
        // With keys of their own service, or of the customer, stores name no MD5; they have still checked ours.
        let encryption = headers.first(name: "x-amz-server-side-encryption") ?? ""
        if encryption.hasPrefix("aws:kms") { return }
        let tag = headers.first(name: "etag").map { $0.filter { $0 != "\"" } }
        guard tag?.lowercased() == ContentHash.hexadecimal(hash.md5) else {
            throw S3Failure(request: request.name, cause: .wrong("the ETag is not the MD5 of what was sent"))
        }
    }

    /// A small object as a whole; `nil` when there is none.
    func content(of key: String) async throws -> [UInt8]? {
        do {
            return try await answer(S3Request(method: .GET, key: key)).body
        } catch let failure as S3Failure where failure.isNotFound {
            return nil
        }
    }

    /// Bytes of an object; `nil` when there is none.
    func size(of key: String) async throws -> Int64? {
        let request = S3Request(method: .HEAD, key: key)
        do {
            let length = try await answer(request).headers.first(name: "content-length")
            guard let size = length.flatMap(Int64.init) else {
                throw S3Failure(request: request.name, cause: .wrong("no length"))
            }
            return size
        } catch let failure as S3Failure where failure.isNotFound {
            return nil
        }
    }

    /// Removes an object. One that is not there is removed as well.
    func delete(_ key: String) async throws {
        do {
            _ = try await answer(S3Request(method: .DELETE, key: key))
        } catch let failure as S3Failure where failure.isNotFound {
            return
        }
    }

    /// Removes objects, a thousand with each request.
    func delete(_ keys: [String]) async throws {
        for start in stride(from: 0, to: keys.count, by: 1_000) {
            try await deleteTogether(keys[start..<min(start + 1_000, keys.count)])
        }
    }

    private func deleteTogether(_ keys: ArraySlice<String>) async throws {
        let objects = keys.map { "<Object><Key>\(Self.escaped(address.prefix + $0))</Key></Object>" }.joined()
        var request = document("<Delete><Quiet>true</Quiet>\(objects)</Delete>", method: .POST)
        request.query = [("delete", "")]
        let failures = try await document(answering: request, "DeleteResult").all("Error").filter {
            $0["Code"] != "NoSuchKey"
        }
        guard let failure = failures.first else { return }
        let code = Self.plain(failure["Code"])
        throw S3Failure(request: request.name, cause: .status(code == "AccessDenied" ? 403 : 500, code: code))
    }

    /// One page of the keys that begin so, by key.
    /// - Parameter next: what the page before gave; `nil` for the first.
    func list(_ start: String, next: String?) async throws -> (objects: [S3Listed], next: String?) {
        var request = S3Request(method: .GET, key: nil)
        request.query = [("list-type", "2"), ("prefix", address.prefix + start)]
        if let next { request.query.append(("continuation-token", next)) }
        let page = try await document(answering: request, "ListBucketResult")
        let objects = page.all("Contents").compactMap { element -> S3Listed? in
            guard let key = below(element["Key"]), let time = Self.time(element["LastModified"]) else { return nil }
            return S3Listed(key: key, size: Int64(element["Size"]) ?? 0, changedAt: time)
        }
        let token = page["NextContinuationToken"]
        guard page["IsTruncated"] == "true" else { return (objects, nil) }
        guard !token.isEmpty, token != next else {
            throw S3Failure(request: request.name, cause: .wrong("a list that does not end"))
        }
        return (objects, token)
    }

    // MARK: Documents

    /// A request whose body is XML, with its MD5, which some stores insist on.
    func document(_ text: String, method: HTTPMethod, key: String? = nil) -> S3Request {
        let bytes = Array(text.utf8)
        let hash = ContentHash(of: bytes)
        return S3Request(
            method: method,
            key: key,
            headers: [
                ("content-type", "application/xml"), ("content-md5", Data(hash.md5).base64EncodedString()),
            ],
            body: ByteBuffer(bytes: bytes),
            bodyHash: ContentHash.hexadecimal(hash.sha256)
        )
    }

    /// A key without the prefix of the address; `nil` for one of others.
    func below(_ key: String) -> String? {
        key.hasPrefix(address.prefix) ? String(key.dropFirst(address.prefix.count)) : nil
    }

    static func time(_ text: String) -> Int64? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        guard let date = try? Date(text, strategy: style) else { return nil }
        return Int64(date.timeIntervalSince1970 * 1_000)
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
