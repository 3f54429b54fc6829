/// Values of comparisons: numbers, texts, times, lists.
extension FilterGrammar {
    /// Reads one value; the caller steps over the token.
    func value(
        _ token: FilterToken,
        for field: SearchField,
        name: String,
        isPattern: Bool
    ) throws(MartletError) -> Filter.Value {
        switch field {
        case .metric:
            guard let number = number(token) else {
                throw MartletError(
                    .invalidArgument,
                    "Expected numeric value type for metric. Found \(token.text)"
                )
            }
            return .number(number)
        case .summary:
            if !isPattern, let number = number(token) { return .number(number) }
            return .text(try text(token, what: "summary (e.g. 'my-value')"))
        case .attribute(.versionNumber): return .integer(try versionNumber(token, name: name))
        case .attribute(let attribute) where SearchVocabulary.numeric.contains(attribute):
            return try time(token, attribute, name: name)
        case .attribute(.status):
            return .text(try status(try text(token, what: "attributes"), isPattern: isPattern))
        case .attribute(.user) where me != nil && vocabulary.syntax == .martlet && token.isKeyword("ME") && !isPattern:
            return .text(me ?? "")
        case .attribute(.experimentID): return .text(try experimentID(try text(token, what: "attributes")))
        case .attribute: return .text(try text(token, what: "attributes"))
        case .param: return .text(try text(token, what: "parameter (e.g. 'my-value')"))
        case .tag, .label, .paramGroup: return .text(try text(token, what: "tag (e.g. 'my-value')"))
        case .datasetName, .datasetDigest, .datasetContext:
            return .text(try text(token, what: "dataset attributes"))
        }
    }

    func number(_ token: FilterToken) -> Double? {
        guard token.kind == .name else { return nil }
        if let number = SearchNumber.double(token.text) { return number }
        guard vocabulary.syntax == .martlet else { return nil }
        switch token.text.lowercased() {
        case "inf", "infinity", "+inf", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: return nil
        }
    }

    /// Also in quotes.
    private func versionNumber(_ token: FilterToken, name: String) throws(MartletError) -> Int64 {
        guard let text = plainText(token), let number = SearchNumber.integer(text) else {
            throw MartletError(.invalidArgument, "Invalid value for numeric attribute '\(name)': \(token.text)")
        }
        return number
    }

    private func time(
        _ token: FilterToken,
        _ attribute: SearchAttribute,
        name: String
    ) throws(MartletError) -> Filter.Value {
        if token.kind == .name {
            if let integer = SearchNumber.integer(token.text) { return .integer(integer) }
            if let number = SearchNumber.double(token.text) { return .number(number) }
        }
        if vocabulary.syntax == .martlet, let text = plainText(token) {
            if let duration = SearchTime.duration(text), duration.magnitude < 1e15 {
                return .integer(Int64(duration) + (attribute == .duration ? 0 : now))
            }
            if attribute != .duration, let date = SearchTime.date(text) { return .integer(date) }
            if attribute != .duration, text == "now" { return .integer(now) }
        }
        let hint = attribute == .duration ? "90s, 5m or 2h" : "2026-11-05, -7d or milliseconds"
        throw MartletError(
            .invalidArgument,
            "Expected numeric value type for numeric attribute: \(name). Found \(token.text)"
                + (vocabulary.syntax == .martlet ? "; write \(hint)" : "")
        )
    }

    /// The text of a value, quoted or not.
    private func plainText(_ token: FilterToken) -> String? {
        switch token.kind {
        case .string(let text): text
        case .name: SearchVocabulary.unquoted(token.text)
        default: nil
        }
    }

    private func text(_ token: FilterToken, what: String) throws(MartletError) -> String {
        switch token.kind {
        case .string(let text): return text
        case .name where vocabulary.syntax == .martlet || vocabulary.subject == .loggedModels:
            if token.isKeyword("AND") || token.isKeyword("OR") { throw Self.invalid(token.text) }
            return SearchVocabulary.unquoted(token.text)
        case .name where SearchNumber.double(token.text) == nil:
            throw MartletError(
                .invalidArgument,
                "Parameter value is either not quoted or unidentified quote types used for string value "
                    + "\(token.text). Use either single or double quotes."
            )
        default:
            throw MartletError(
                .invalidArgument,
                "Expected a quoted string value for \(what). Got value \(token.text)"
            )
        }
    }

    private func status(_ written: String, isPattern: Bool) throws(MartletError) -> String {
        if isPattern { return written }
        let name = written.lowercased()
        let isKnown =
            vocabulary.subject == .loggedModels
            ? LoggedModel.Status(rawValue: name) != nil
            : RunStatus(rawValue: name) != nil || (vocabulary.syntax == .martlet && name == Self.stalled)
        guard isKnown || vocabulary.syntax == .mlflow else {
            let names =
                vocabulary.subject == .loggedModels
                ? LoggedModel.Status.allCases.map(\.rawValue) : RunStatus.allCases.map(\.rawValue) + [Self.stalled]
            throw MartletError(
                .invalidArgument,
                "unknown status '\(written)'; use one of \(names.joined(separator: ", "))"
            )
        }
        return isKnown ? name : written
    }

    private func experimentID(_ written: String) throws(MartletError) -> String {
        guard Experiment.ID(written) != nil else {
            throw MartletError(
                .invalidArgument,
                "Invalid experiment ID '\(written)'. Experiment ID must be a valid integer."
            )
        }
        return written
    }

    // MARK: Lists

    /// A list in parentheses and what closes it; a comma may stand at its end.
    mutating func list(for field: SearchField, name: String) throws(MartletError) -> Filter.Value {
        guard let open = current, open.kind == .open else { throw Self.invalid(name) }
        try checkList(for: field)
        index += 1
        var values: [Filter.Value] = []
        while let token = current, token.kind != .close {
            values.append(try listItem(token, for: field, name: name))
            index += 1
            if current?.kind == .comma {
                index += 1
            } else if current?.kind != .close {
                throw illFormedList
            }
        }
        guard current?.kind == .close else { throw illFormedList }
        index += 1
        guard let first = values.first else {
            throw MartletError(
                .invalidArgument,
                "While parsing a list in the query, expected a non-empty list of string values, but got empty list"
            )
        }
        try checkKinds(values, name: name)
        if case .text = first {
            return .texts(values.compactMap { if case .text(let text) = $0 { text } else { nil } })
        }
        return .numbers(
            values.compactMap { value in
                switch value {
                case .number(let number): number
                case .integer(let integer): Double(integer)
                default: nil
                }
            }
        )
    }

    /// Only a summary may be a number or a text.
    private func checkKinds(_ values: [Filter.Value], name: String) throws(MartletError) {
        let texts = values.filter { if case .text = $0 { true } else { false } }.count
        guard texts > 0, texts < values.count else { return }
        throw MartletError(
            .invalidArgument,
            "the list for '\(name)' holds numbers and texts: quote the numbers that are texts, or ask for each with OR"
        )
    }

    private func listItem(
        _ token: FilterToken,
        for field: SearchField,
        name: String
    ) throws(MartletError) -> Filter.Value {
        var token = token
        if case .string(let text) = token.kind {
            if token.text.first != "E", token.text.first != "e" { token.kind = .string(Self.unescaped(text)) }
        } else if vocabulary.syntax == .mlflow {
            throw MartletError(
                .invalidArgument,
                "While parsing a list in the query, expected string value, punctuation, or whitespace, but got "
                    + "different type in list: \(token.text)"
            )
        }
        return try value(token, for: field, name: name, isPattern: false)
    }

    private var illFormedList: MartletError {
        MartletError(
            .invalidArgument,
            "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list."
        )
    }

    /// MLflow's syntax has lists for few fields.
    private func checkList(for field: SearchField) throws(MartletError) {
        guard vocabulary.syntax == .mlflow else { return }
        switch field {
        case .datasetName, .datasetDigest, .datasetContext: return
        case .attribute(let attribute) where vocabulary.takesList(attribute): return
        case .param where vocabulary.subject == .loggedModels, .tag where vocabulary.subject == .loggedModels: return
        case .attribute(let attribute) where SearchVocabulary.numeric.contains(attribute):
            throw MartletError(.invalidArgument, "Expected numeric value type for numeric attribute. Found a list")
        case .attribute:
            let name =
                switch vocabulary.subject {
                case .runs: "'run_id'"
                case .registeredModels: "'name'"
                case .modelVersions: "'name', 'run_id'"
                default: "'experiment_id'"
                }
            throw MartletError(
                .invalidArgument,
                "Only [\(name)] attributes support comparison with a list of quoted string values."
            )
        case .metric: throw MartletError(.invalidArgument, "Expected numeric value type for metric. Found a list")
        case .param, .tag, .label, .paramGroup, .summary:
            throw MartletError(
                .invalidArgument,
                "Expected a quoted string value for parameter (e.g. 'my-value'). Got value (…)"
            )
        }
    }

    /// MLflow reads lists as Python: a backslash stands for the quote or the backslash behind it.
    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                let isEscape = byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
                if !isEscape { bytes.append(UInt8(ascii: "\\")) }
                bytes.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                bytes.append(byte)
            }
        }
        if isEscaped { bytes.append(UInt8(ascii: "\\")) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
