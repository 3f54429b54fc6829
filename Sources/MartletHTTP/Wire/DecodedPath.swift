package import Hummingbird
package import MartletCore

/// What follows `prefix` in the path of a request, percent-decoded once; `+` stays. Empty when nothing follows.
///
/// - Parameter prefix: the undecoded beginning of the path, e.g. `/api/2.0/mlflow-artifacts/artifacts/`.
/// - Throws: `invalidArgument` when it is not UTF-8 or holds U+0000; `notFound` for another path.
package func decodedPathTail(of request: Request, after prefix: String) throws(MartletError) -> String {
    let path = request.uri.path
    guard path.hasPrefix(prefix) else {
        if path + "/" == prefix { return "" }
        throw MartletError(.notFound, "nothing is at this path")
    }
    return try PercentDecoding.decode(path.dropFirst(prefix.count), plusIsSpace: false, what: "path")
}

/// A captured part of the path, percent-decoded once.
///
/// - Throws: `invalidArgument` when it is not UTF-8 or holds U+0000; `internal` when the route captures no such name.
package func decodedParameter(_ name: String, _ context: MartletRequestContext) throws(MartletError) -> String {
    guard let raw = context.parameters.get(name) else {
        throw MartletError(.internal, "the route has no part '\(name)'")
    }
    return try PercentDecoding.decode(raw, plusIsSpace: false, what: name)
}
