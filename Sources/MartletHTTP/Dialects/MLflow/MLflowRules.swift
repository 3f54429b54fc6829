import MartletCore

/// What MLflow 3.18 checks of names and values (`utils/validation.py`), in its words.
enum MLflowRules {
    static let mostMetrics = 1_000
    static let mostParams = 100
    static let mostTags = 100
    static let mostTogether = 1_000

    /// As Python's `int`: with spaces around it and a sign. No experiment has a negative one.
    static func experimentID(_ text: String) throws(MartletError) -> Experiment.ID {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let number = Int64(words[0]) else {
            throw MLflowErrors.invalid("Invalid experiment ID '\(text)'. Experiment ID must be a valid integer.")
        }
        return Experiment.ID(number)
    }

    /// - Parameter path: the name of the field in messages, e.g. `metrics[0].name`.
    static func checkKey(_ key: String, path: String) throws(MartletError) {
        if Rules.isWellFormed(key), !key.hasPrefix("..") { return }
        guard key.unicodeScalars.allSatisfy(isNameScalar) else {
            throw MLflowErrors.invalid(
                "Invalid value \(PythonText.asciiJSON(key)) for parameter '\(path)' supplied: Names may only contain "
                    + "alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
            )
        }
        try checkOnePlace(key, path: path)
    }

    /// MLflow's `path_not_unique`.
    static func checkOnePlace(_ name: String, path: String) throws(MartletError) {
        let normal = normalPath(name)
        guard normal == name, normal != ".", !normal.hasPrefix(".."), !normal.hasPrefix("/") else {
            throw MLflowErrors.invalid(
                "Invalid value \(PythonText.asciiJSON(name)) for parameter '\(path)' supplied: Names may be treated as "
                    + "files in certain cases, and must not resolve to other names when treated as such. This name "
                    + "would resolve to \(PythonText.quoted(normal))"
            )
        }
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "/", "_", ".", "-", " ", ":": true
        default: scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
    }

    /// As Python's `posixpath.normpath`.
    static func normalPath(_ path: String) -> String {
        guard !path.isEmpty else { return "." }
        let slashes = path.hasPrefix("//") && !path.hasPrefix("///") ? "//" : path.hasPrefix("/") ? "/" : ""
        var names: [Substring] = []
        for name in path.split(separator: "/") where name != "." {
            if name == "..", let last = names.last, last != ".." {
                names.removeLast()
            } else if name != ".." || slashes.isEmpty {
                names.append(name)
            }
        }
        let normal = slashes + names.joined(separator: "/")
        return normal.isEmpty ? "." : normal
    }

    static func checkLength(_ text: String, of name: String, limit: Int) throws(MartletError) {
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return }
        throw MLflowErrors.invalid("'\(name)' exceeds the maximum length of \(limit) characters")
    }

    /// The first `limit` characters, as `MLFLOW_TRUNCATE_LONG_VALUES` does.
    static func truncated(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: text.unicodeScalars.prefix(limit))
        return String(result)
    }

    static func param(key: String, value: String, path: String) throws(MartletError) -> Param {
        try checkKey(key, path: path + "key")
        try checkLength(key, of: "Param key", limit: Rules.longestKey)
        return Param(key: key, value: truncated(value, to: Rules.longestParamValue))
    }

    static func tag(key: String, value: String, path: String) throws(MartletError) -> Tag {
        try checkKey(key, path: path + "key")
        try checkLength(key, of: path + "key", limit: Rules.longestKey)
        // Notes are a field of their own here and have more room.
        let limit = key == MLflowTags.notes ? Rules.longestNote : Rules.longestTagValue
        return Tag(key: key, value: truncated(value, to: limit))
    }

    static func checkCounts(metrics: Int, params: Int, tags: Int) throws(MartletError) {
        try checkCount(metrics, of: "metrics", limit: mostMetrics)
        try checkCount(params, of: "params", limit: mostParams)
        try checkCount(tags, of: "tags", limit: mostTags)
        try checkCount(metrics + params + tags, of: "metrics, params, and tags", limit: mostTogether)
    }

    private static func checkCount(_ count: Int, of things: String, limit: Int) throws(MartletError) {
        guard count > limit else { return }
        throw MLflowErrors.invalid(
            "A batch logging request can contain at most \(limit) \(things). Got \(count) \(things). "
                + "Please split up \(things) across multiple requests and try again."
        )
    }

    static func checkDistinct(_ params: [Param]) throws(MartletError) {
        var seen: Set<String> = []
        let repeated = params.filter { !seen.insert($0.key).inserted }
        guard !repeated.isEmpty else { return }
        let keys = repeated.map { PythonText.quoted($0.key) }.joined(separator: ", ")
        throw MLflowErrors.invalid(
            "Duplicate parameter keys have been submitted: [\(keys)]. Please ensure the request contains only one "
                + "param value per param key."
        )
    }

    /// `max_results`, or `standard` when it is absent.
    static func limit(_ message: MLflowMessage, standard: Int, most: Int) throws(MartletError) -> Int {
        guard let wanted = try message.integer("max_results") else { return standard }
        guard wanted >= 1 else {
            throw MLflowErrors.invalid(
                "Invalid value \(wanted) for parameter 'max_results' supplied. It must be a positive integer"
            )
        }
        guard wanted <= most else {
            throw MLflowErrors.invalid(
                "Invalid value \(wanted) for parameter 'max_results' supplied. It must be at most \(most)"
            )
        }
        return Int(wanted)
    }
}

/// The tags that are fields of a run here. Of them only that of the user is also stored as a tag.
enum MLflowTags {
    static let runName = "mlflow.runName"
    static let user = "mlflow.user"
    static let notes = "mlflow.note.content"
    static let models = "mlflow.log-model.history"
    static let datasetContext = "mlflow.data.context"
}
