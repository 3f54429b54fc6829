import Foundation
package import MartletCore

/// Where an S3 store is: `s3://bucket/prefix?endpoint=http://127.0.0.1:8333&region=us-east-1&style=path`.
///
/// Holds no secret: credentials come from the environment, and an address that carries some is refused.
package struct S3Address: Sendable, Equatable {
    /// How a bucket stands in an address: `path` is `http://host/bucket/key`, `host` is `http://bucket.host/key`.
    package enum Style: String, Sendable { case path, host }

    package var bucket: String
    /// What all keys begin with: empty, or ends with a slash.
    package var prefix: String
    /// `http` or `https`.
    package var scheme: String
    /// Of the endpoint, without the bucket; in brackets for IPv6.
    package var host: String
    /// `nil` for the port of the scheme.
    package var port: Int?
    package var region: String
    package var style: Style

    /// - Throws: `invalidArgument` that says what is wrong with the text.
    package init(_ text: String) throws(MartletError) {
        guard let parts = URLComponents(string: text), parts.scheme == "s3", let bucket = parts.host else {
            throw Self.wrong("it must look like s3://bucket/prefix?endpoint=https://host&region=us-east-1")
        }
        guard parts.user == nil, parts.password == nil, parts.port == nil, parts.fragment == nil else {
            throw Self.wrong("it must hold neither credentials nor a port; those of the server are in 'endpoint'")
        }
        guard bucket.wholeMatch(of: /[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/) != nil else {
            throw Self.wrong("'\(bucket.prefix(80))' is no name of a bucket")
        }
        let options = try Self.options(parts.queryItems ?? [])
        self.bucket = bucket
        prefix = try Self.prefix(parts.path)
        region = options["region"] ?? "us-east-1"
        guard region.wholeMatch(of: /[a-z0-9-]+/) != nil else {
            throw Self.wrong("'\(region.prefix(80))' is no region")
        }
        let endpoint = options["endpoint"]
        (scheme, host, port) = try Self.endpoint(endpoint ?? "https://s3.\(region).amazonaws.com")
        let style = options["style"] ?? (endpoint == nil ? "host" : "path")
        guard let style = Style(rawValue: style) else { throw Self.wrong("'style' must be path or host") }
        self.style = style
    }

    private static func options(_ items: [URLQueryItem]) throws(MartletError) -> [String: String] {
        var options: [String: String] = [:]
        for item in items {
            guard ["endpoint", "region", "style"].contains(item.name), options[item.name] == nil else {
                throw wrong("'\(item.name.prefix(80))' is twice in it or unknown; endpoint, region and style are known")
            }
            options[item.name] = item.value ?? ""
        }
        return options
    }

    private static func prefix(_ path: String) throws(MartletError) -> String {
        let names = path.split(separator: "/", omittingEmptySubsequences: true)
        guard names.allSatisfy({ $0.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil && $0 != "." && $0 != ".." }) else {
            throw wrong("a prefix has letters, digits, '.', '_' and '-' between its slashes")
        }
        return names.map { $0 + "/" }.joined()
    }

    private static func endpoint(_ text: String) throws(MartletError) -> (String, String, Int?) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            let host = parts.encodedHost, !host.isEmpty, parts.user == nil, parts.query == nil, parts.fragment == nil,
            ["", "/"].contains(parts.path)
        else {
            throw wrong("'endpoint' must look like https://host or http://host:port")
        }
        return (scheme, host, parts.port == (scheme == "http" ? 80 : 443) ? nil : parts.port)
    }

    private static func wrong(_ reason: String) -> MartletError {
        MartletError(.invalidArgument, "the address of the S3 store cannot be used: \(reason)")
    }

    /// What stands before the path: scheme, host and port.
    var origin: String { "\(scheme)://\(authority)" }

    /// The `Host` of requests.
    var authority: String {
        let host = style == .host ? "\(bucket).\(host)" : host
        return port.map { "\(host):\($0)" } ?? host
    }

    /// The percent-encoded path of a key below the prefix; of the bucket for `nil`.
    func path(of key: String?) -> String {
        let bucket = style == .path ? "/" + SignatureV4.encode(bucket, slashes: true) : ""
        guard let key else { return bucket.isEmpty ? "/" : bucket }
        return bucket + "/" + SignatureV4.encode(prefix + key, slashes: false)
    }
}

extension S3Address: CustomStringConvertible {
    package var description: String { "s3://\(bucket)/\(prefix) at \(scheme)://\(host)\(port.map { ":\($0)" } ?? "")" }
}
