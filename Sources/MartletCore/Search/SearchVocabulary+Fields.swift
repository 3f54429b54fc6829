extension SearchVocabulary {
    /// What a path such as `metrics."val/acc"`, `params.lr` or `status` means. A dot in a key is part of the key.
    /// - Throws: `invalidArgument` with MLflow's message.
    func field(of path: String) throws(MartletError) -> SearchField {
        if SearchNumber.double(path) != nil { throw Self.noIdentifier(path) }
        guard let dot = path.utf8.firstIndex(of: UInt8(ascii: ".")), !Self.isQuoted(path) else {
            return .attribute(try attribute(path))
        }
        let key = String(path[path.utf8.index(after: dot)...])
        guard isIdentifier(key) else { throw Self.noIdentifier(path) }
        return try field(entity(Self.unquoted(String(path[..<dot]))), key: Self.unquoted(key))
    }

    private func field(_ entity: Entity, key: String) throws(MartletError) -> SearchField {
        guard !key.isEmpty, !key.utf8.contains(UInt8(ascii: "`")) else {
            throw MartletError(.invalidArgument, "Invalid clause(s) in filter string: a key is empty or holds '`'")
        }
        switch entity {
        case .metric: return .metric(key: key, statistic: .last)
        case .summary: return .summary(key: key)
        case .parameter: return .param(key: key)
        case .tag:
            if subject == .runs, let attribute = Self.runTags[key] { return .attribute(attribute) }
            // The description of an experiment is kept as its purpose.
            if subject == .experiments, key == "mlflow.note.content" { return .attribute(.purpose) }
            return .tag(key: key)
        case .attribute: return .attribute(try attribute(key))
        case .dataset:
            switch key {
            case "name": return .datasetName
            case "digest": return .datasetDigest
            case "context": return .datasetContext
            default:
                throw MartletError(
                    .invalidArgument,
                    "Invalid dataset key '\(key)' specified. Valid keys are '{'context', 'digest', 'name'}'"
                )
            }
        }
    }

    /// - Throws: `invalidArgument` with MLflow's message for an unknown one.
    func attribute(_ written: String) throws(MartletError) -> SearchAttribute {
        let name = Self.unquoted(written)
        guard let attribute = attribute(named: name) else {
            if isOrder, subject == .registeredModels {
                throw MartletError(
                    .invalidArgument,
                    "Invalid order by key '\(name)' specified. Valid keys are '{'name', 'timestamp'}'"
                )
            }
            throw MartletError(
                .invalidArgument,
                "Invalid attribute key '\(name)' specified. Valid keys are '\(validNames)'"
            )
        }
        return attribute
    }

    /// Whether a path begins as that of something that is known here does.
    func isPath(_ text: String) -> Bool {
        guard let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")) else { return false }
        return known(String(text[..<dot])) != nil && text.utf8.index(after: dot) != text.endIndex
    }

    /// Quoted as a whole, or without quotes; MLflow takes only letters, digits, `_`, `.` and `$#@` unquoted.
    private func isIdentifier(_ key: String) -> Bool {
        if Self.isQuoted(key) { return true }
        return key.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "'", "\"", "`": false
            case "_", ".", "$", "#", "@": true
            default:
                syntax == .martlet || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || scalar.properties.generalCategory == .nonspacingMark
                    || scalar.properties.generalCategory == .spacingMark
            }
        }
    }

    static func isQuoted(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count >= 2, text.utf8.last == first else { return false }
        // Of "`a`.`b`" each half is quoted, and not the whole.
        if first == UInt8(ascii: "`"), text.utf8.dropFirst().dropLast().contains(first) { return false }
        return first == UInt8(ascii: "'") || first == UInt8(ascii: "\"") || first == UInt8(ascii: "`")
    }

    static func unquoted(_ text: String) -> String {
        isQuoted(text) ? String(decoding: text.utf8.dropFirst().dropLast(), as: UTF8.self) : text
    }

    private static func noIdentifier(_ text: String) -> MartletError {
        MartletError(
            .invalidArgument,
            "Invalid comparison clause. Expected 'Identifier' found '\(text)'; put a key with other characters than "
                + "letters, digits, '_' and '.' into backticks"
        )
    }
}
