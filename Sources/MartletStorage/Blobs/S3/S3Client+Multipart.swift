import Foundation
import MartletCore
import NIOCore
import NIOHTTP1

/// An upload of one object in many parts, as the store knows it.
struct S3Upload: Sendable, Equatable {
    var key: String
    var id: String
}

extension S3Client {
    /// Parts that the protocol allows for one object.
    static let mostParts = 10_000

    func beginUpload(of key: String) async throws -> S3Upload {
        let request = S3Request(method: .POST, key: key, query: [("uploads", "")])
        let id = try await document(answering: request, "InitiateMultipartUploadResult")["UploadId"]
        guard !id.isEmpty else { throw S3Failure(request: request.name, cause: .wrong("an upload without an id")) }
        return S3Upload(key: key, id: id)
    }

    /// - Parameter number: from 1.
    func put(_ part: ByteBuffer, _ hash: ContentHash, as number: Int, of upload: S3Upload) async throws {
        let request = S3Request(
            method: .PUT,
            key: upload.key,
            query: [("partNumber", String(number)), ("uploadId", upload.id)],
            headers: [("content-md5", Data(hash.md5).base64EncodedString())],
            body: part,
            bodyHash: ContentHash.hexadecimal(hash.sha256)
        )
        try Self.checkTag(try await answer(request).headers, hash, request)
    }

    /// Makes the object of its parts, and sees that it has their length.
    /// - Parameter parts: MD5 of each, in order.
    func complete(_ upload: S3Upload, parts: [[UInt8]], size: Int64) async throws {
        let list = parts.enumerated().map { index, md5 in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>&quot;\(ContentHash.hexadecimal(md5))&quot;</ETag></Part>"
        }.joined()
        var request = document(
            "<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>",
            method: .POST,
            key: upload.key
        )
        request.query = [("uploadId", upload.id)]
        do {
            _ = try await document(answering: request, "CompleteMultipartUploadResult")
        } catch let failure as S3Failure where failure.isNotFound {
            // Either the upload is gone, or an attempt whose answer was lost has succeeded: the object tells.
        }
        let stored = try await self.size(of: upload.key)
        guard stored == size else {
            throw S3Failure(request: request.name, cause: .wrong("\(stored ?? 0) bytes instead of \(size)"))
        }
    }

    /// Forgets an upload with its parts. One that is not there is forgotten as well.
    func abort(_ upload: S3Upload) async throws {
        do {
            _ = try await answer(S3Request(method: .DELETE, key: upload.key, query: [("uploadId", upload.id)]))
        } catch let failure as S3Failure where failure.isNotFound {
            return
        }
    }

    /// Uploads that are not completed and were begun before a time, in milliseconds since 1970-01-01 UTC.
    /// At most a thousand: the next collection finds the rest.
    func uploads(_ start: String, begunBefore time: Int64) async throws -> [S3Upload] {
        let request = S3Request(
            method: .GET,
            key: nil,
            query: [("uploads", ""), ("prefix", address.prefix + start)]
        )
        return try await document(answering: request, "ListMultipartUploadsResult").all("Upload").compactMap {
            element in
            guard let key = below(element["Key"]), let begun = Self.time(element["Initiated"]), begun < time else {
                return nil
            }
            return S3Upload(key: key, id: element["UploadId"])
        }
    }
}
