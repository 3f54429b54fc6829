import HTTPTypes
package import Hummingbird
package import MartletCore
import NIOCore

/// The answer that carries a stored file: ranges, entity tags, and nothing that a browser would run.
package enum FileAnswer {
    /// The file, a part of it (206), "not modified" (304) or "no such range" (416).
    ///
    /// Always sandboxed and never sniffed: a stored page cannot act in the name of the person who looks at it.
    /// - Parameter isInline: shown in the browser where its type is harmless; else a download.
    /// - Throws: `notFound` for a folder; what `content` throws.
    package static func response(
        to request: Request,
        entry: ArtifactEntry,
        isInline: Bool,
        content: (Range<Int64>?) async throws(MartletError) -> BlobContent
    ) async throws(MartletError) -> Response {
        guard !entry.isFolder, let size = entry.size else {
            throw MartletError(.notFound, "'\(entry.path)' is a folder; list it instead")
        }
        var headers = commonHeaders(entry, isInline: isInline)
        let tag = headers[.eTag]
        if EntityTag.matches(request.headers[.ifNoneMatch], tag) {
            return Response(status: .notModified, headers: headers)
        }
        switch range(of: request, size: size, tag: tag) {
        case .whole:
            headers[.contentLength] = String(size)
            return Response(status: .ok, headers: headers, body: body(try await content(nil), size))
        case .part(let part):
            headers[.contentLength] = String(part.upperBound - part.lowerBound)
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"
            let bytes = try await content(part)
            return Response(
                status: .partialContent,
                headers: headers,
                body: body(bytes, part.upperBound - part.lowerBound)
            )
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
    }

    private static func commonHeaders(_ entry: ArtifactEntry, isInline: Bool) -> HTTPFields {
        let type = isInline ? ContentType.ofSandboxed(named: entry.name) : ContentType.ofArtifact(named: entry.name)
        var headers: HTTPFields = [
            .acceptRanges: "bytes",
            .contentType: type,
            .contentSecurityPolicy: "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
            .cacheControl: "private, no-cache",
            .contentDisposition: isInline
                ? ContentDisposition.inline(entry.name) : ContentDisposition.attachment(entry.name),
        ]
        headers[.crossOriginResourcePolicy] = "same-origin"
        if let digest = entry.digest { headers[.eTag] = "\"\(digest.rawValue)\"" }
        return headers
    }

    private static func body(_ content: BlobContent, _ size: Int64) -> ResponseBody {
        ResponseBody(contentLength: Int(size)) { writer in
            for try await piece in content { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
    }

    // MARK: Ranges (RFC 9110, section 14)

    package enum Wanted: Equatable, Sendable {
        case whole
        case part(Range<Int64>)
        case unsatisfiable
    }

    private static func range(of request: Request, size: Int64, tag: String?) -> Wanted {
        guard let field = request.headers[.range] else { return .whole }
        // The part belongs to a version that the client has; of another version it gets the whole.
        if let version = request.headers[.ifRange], version != tag { return .whole }
        return range(field, size: size)
    }

    /// One range of bytes; several, or other units, are answered with the whole, as the standard allows.
    package static func range(_ field: String, size: Int64) -> Wanted {
        guard field.hasPrefix("bytes=") else { return .whole }
        let text = field.dropFirst(6)
        guard !text.contains(","), let dash = text.firstIndex(of: "-") else { return .whole }
        let first = text[..<dash].filter { $0 != " " }
        let last = text[text.index(after: dash)...].filter { $0 != " " }
        if first.isEmpty {
            guard let count = Int64(last), count >= 0 else { return .whole }
            guard count > 0, size > 0 else { return .unsatisfiable }
            return .part(max(0, size - count)..<size)
        }
        guard let start = Int64(first), start >= 0 else { return .whole }
        guard start < size else { return .unsatisfiable }
        if last.isEmpty { return .part(start..<size) }
        guard let end = Int64(last), end >= start else { return .whole }
        return .part(start..<(min(end, size - 1) + 1))
    }
}
