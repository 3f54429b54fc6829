/// What names, aliases, lifetimes and entries may be.
extension ArtifactVersionService {
    /// 1 to 128 characters without `/`, `:` and control characters: it stands in `project/name:alias`.
    static func checkPlainName(_ name: String, what: String) throws(MartletError) {
        try checkName(name, what: what)
        guard !name.contains("/"), !name.contains(":") else {
            throw MartletError(.invalidArgument, "the \(what) contains no '/' and no ':': '\(name)'")
        }
    }

    static func checkCollectionName(_ name: String) throws(MartletError) {
        try checkPlainName(name, what: "name of an artifact")
    }

    /// Letters, digits, `-`, `_`, and spaces between them.
    static func checkTag(_ tag: String) throws(MartletError) {
        try checkName(tag, what: "tag")
        let isLegal = tag.unicodeScalars.allSatisfy { scalar in
            scalar == "-" || scalar == "_" || scalar == " " || scalar.properties.isAlphabetic
                || scalar.properties.numericType != nil
        }
        guard isLegal, tag.first != " ", tag.last != " " else {
            throw MartletError(
                .invalidArgument,
                "a tag has letters, digits, '-', '_', and spaces between them: '\(tag)'"
            )
        }
    }

    /// As a collection's name, and none like `v3`, which means a version by its number.
    static func checkAlias(_ alias: String) throws(MartletError) {
        try checkPlainName(alias, what: "alias")
        let rest = alias.dropFirst()
        if alias.hasPrefix("v"), !rest.isEmpty, rest.utf8.allSatisfy({ (48...57).contains($0) }) {
            throw MartletError(.invalidArgument, "'\(alias)' is no alias: it means the version of that number")
        }
    }

    /// In one request, each of which is a row that all other writes wait for.
    private static let mostLabels = 1_000

    package static func checkAliases(_ aliases: [String]) throws(MartletError) {
        guard aliases.count <= mostLabels else {
            throw MartletError(.invalidArgument, "\(aliases.count) aliases at once; give at most \(mostLabels)")
        }
        for alias in aliases { try checkAlias(alias) }
    }

    static func checkTags(_ tags: [String]) throws(MartletError) {
        guard tags.count <= mostLabels else {
            throw MartletError(.invalidArgument, "\(tags.count) tags at once; give at most \(mostLabels)")
        }
        for tag in tags { try checkTag(tag) }
    }

    static func checkName(_ name: String, what: String) throws(MartletError) {
        let isLegal = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        guard isLegal, !name.isEmpty, name.unicodeScalars.count <= 128 else {
            throw MartletError(
                .invalidArgument,
                "the \(what) has 1 to 128 characters, none of them a control character: '\(name.prefix(140))'"
            )
        }
    }

    static func checkMetadata(_ text: String) throws(MartletError) {
        try Rules.checkText(text, what: "metadata", longest: 10_000_000)
        guard case .object = try JSONParser.parse(Array(text.utf8)) else {
            throw MartletError(.invalidArgument, "the metadata must be a JSON object")
        }
    }

    static func checkLifetime(_ seconds: Int64?) throws(MartletError) {
        guard let seconds else { return }
        guard (1...100 * 365 * 86_400).contains(seconds) else {
            throw MartletError(.invalidArgument, "a lifetime is between a second and 100 years, not \(seconds) s")
        }
    }

    static func check(_ entry: VersionEntry) throws(MartletError) {
        guard !(try ArtifactPath(entry.path)).isRoot else {
            throw MartletError(.invalidArgument, "a file of an artifact needs a path")
        }
        if let reference = entry.reference {
            try Rules.checkText(reference.uri, what: "reference", longest: 10_000)
            try Rules.checkText(reference.digest, what: "digest of a reference", longest: 10_000)
            try Rules.checkText(reference.extra, what: "note of a reference", longest: 1_000_000)
        }
        if let size = entry.size, size < 0 || size > 1 << 60 {
            throw MartletError(.invalidArgument, "the size of '\(entry.path.prefix(200))' is \(size)")
        }
    }
}
