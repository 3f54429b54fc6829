/// What names, keys and values may look like: the limits of MLflow 3.18 (`utils/validation.py`), for every dialect.
package enum Rules {
    /// Unicode scalars in a key of a metric, a parameter or a tag.
    package static let longestKey = 250
    package static let longestParamValue = 6_000
    package static let longestTagValue = 8_000
    package static let longestExperimentTagValue = 20_000
    package static let longestExperimentName = 500
    package static let longestRunName = 8_000
    /// Purpose, hypothesis, notes, conclusion.
    package static let longestNote = 100_000
    /// Points, parameters and tags in one native batch.
    package static let mostPoints = 100_000
    package static let mostParams = 2_000
    package static let mostTags = 2_000

    /// A key of letters, digits, `_ . - / : ` and spaces that names one place: no `..`, `.`, `//` or leading `/`.
    package static func checkKey(_ key: String, what: String) throws(MartletError) {
        guard isWellFormed(key) else {
            throw MartletError(
                .invalidArgument,
                "the \(what) '\(key.prefix(100))' is not legal: use letters, digits, '_', '-', '.', '/', ':' and spaces, "
                    + "1 to \(longestKey) of them, without empty, '.' or '..' parts"
            )
        }
    }

    /// Whether a key is legal. One pass over the bytes where they are ASCII.
    package static func isWellFormed(_ key: String) -> Bool {
        var key = key
        let (isPlain, isLegal, hasParts) = key.withUTF8 { bytes in
            var hasParts = false
            for byte in bytes {
                if byte >= 0x80 { return (false, true, true) }
                if byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") {
                    hasParts = true
                } else if !isKeyByte(byte) {
                    return (true, false, false)
                }
            }
            return (true, !bytes.isEmpty && bytes.count <= longestKey, hasParts)
        }
        guard isLegal else { return false }
        return (isPlain || isLegalUnicode(key)) && (!hasParts || namesOnePlace(key))
    }

    /// MLflow's `path_not_unique`: the key must be its own normal form and not lead upwards.
    private static func namesOnePlace(_ key: String) -> Bool {
        !key.hasPrefix("..")
            && key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".."
            }
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...58, 65...90, 97...122: true
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: " "): true
        default: false
        }
    }

    private static func isLegalUnicode(_ key: String) -> Bool {
        let scalars = key.unicodeScalars
        guard scalars.count <= longestKey else { return false }
        return scalars.allSatisfy { scalar in
            if scalar.isASCII { return isKeyByte(UInt8(scalar.value)) || scalar == "/" }
            let properties = scalar.properties
            return properties.isAlphabetic || properties.numericType != nil
                || properties.generalCategory == .nonspacingMark || properties.generalCategory == .spacingMark
        }
    }

    package static func checkParam(_ param: Param) throws(MartletError) {
        try checkKey(param.key, what: "param key")
        try checkText(param.value, what: "value of param '\(param.key)'", longest: longestParamValue)
    }

    package static func checkTag(_ tag: Tag) throws(MartletError) {
        try checkKey(tag.key, what: "tag key")
        try checkText(tag.value, what: "value of tag '\(tag.key)'", longest: longestTagValue)
    }

    package static func checkExperimentTag(_ tag: Tag) throws(MartletError) {
        try checkKey(tag.key, what: "tag key")
        try checkText(tag.value, what: "value of tag '\(tag.key)'", longest: longestExperimentTagValue)
    }

    package static func checkExperimentName(_ name: String) throws(MartletError) {
        guard name.contains(where: { !$0.isWhitespace }) else {
            throw MartletError(.invalidArgument, "an experiment needs a name that is not blank")
        }
        try checkText(name, what: "experiment name", longest: longestExperimentName)
    }

    /// 1 to 64 ASCII letters, digits and `. _ -`; neither `.` nor `-` first.
    package static func checkWorkspaceName(_ name: String) throws(MartletError) {
        let isLegal = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isLegal, (1...64).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
            throw MartletError(
                .invalidArgument,
                "the workspace name '\(name.prefix(100))' is not legal: use 1 to 64 letters, digits and . _ -, not "
                    + ". or - first"
            )
        }
    }

    /// - Throws: `invalidArgument` for U+0000, which no database of ours keeps, and for too long texts.
    package static func checkText(_ text: String, what: String, longest: Int) throws(MartletError) {
        if text.utf8.count > longest, text.unicodeScalars.count > longest {
            throw MartletError(
                .invalidArgument,
                "the \(what) has \(text.unicodeScalars.count) characters; at most \(longest) are kept"
            )
        }
        if text.utf8.contains(0) {
            throw MartletError(.invalidArgument, "the \(what) contains U+0000, which cannot be stored; remove it")
        }
    }

    /// Checks all of a batch but what only the store knows.
    package static func check(_ batch: LogBatch) throws(MartletError) {
        guard batch.pointCount <= mostPoints else {
            throw MartletError(.invalidArgument, "\(batch.pointCount) points in one batch; send at most \(mostPoints)")
        }
        guard batch.params.count <= mostParams, batch.tags.count <= mostTags else {
            throw MartletError(
                .invalidArgument,
                "too many params or tags in one batch; send at most \(mostParams) and \(mostTags)"
            )
        }
        for key in batch.keys { try checkKey(key, what: "metric key") }
        if let time = batch.times.first(where: { $0 < 0 }) {
            throw MartletError(.invalidArgument, "the time \(time) is before 1970; times are milliseconds since then")
        }
        for param in batch.params { try checkParam(param) }
        for tag in batch.tags { try checkTag(tag) }
        try check(batch.changes)
    }

    /// Changes of tags, made for each of some runs in one transaction that all other writes wait for.
    package static func check(set tags: [Tag], delete keys: [String], runs: Int) throws(MartletError) {
        guard tags.count <= mostTags, keys.count <= mostTags else {
            throw MartletError(.invalidArgument, "too many tags at once; set and delete at most \(mostTags) each")
        }
        guard runs * (tags.count + keys.count) <= mostPoints else {
            throw MartletError(.invalidArgument, "runs × tags is over \(mostPoints); change fewer at once")
        }
        for tag in tags { try checkTag(tag) }
    }

    package static func check(_ changes: RunChanges) throws(MartletError) {
        if let name = changes.name { try checkText(name, what: "run name", longest: longestRunName) }
        if let user = changes.user { try checkText(user, what: "user", longest: longestKey) }
        for (text, what) in [
            (changes.purpose, "purpose"), (changes.hypothesis, "hypothesis"), (changes.notes, "notes"),
            (changes.conclusion, "conclusion"),
        ] {
            if let text { try checkText(text, what: what, longest: longestNote) }
        }
    }
}
