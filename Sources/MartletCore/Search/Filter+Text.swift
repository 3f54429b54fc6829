extension Filter {
    /// The filter as text in Martlet's syntax: parsing it gives the same filter. `nil` when it holds what no text can
    /// say: a NaN, or a key with a backtick. It may be longer than what is read.
    package func text(subject: SearchSubject) -> String? {
        switch self {
        case .all(let parts): Self.joined(parts, " AND ", subject)
        case .any(let parts): Self.joined(parts, " OR ", subject)
        case .not(let part): part.grouped(subject).map { "NOT \($0)" }
        case .comparison(let comparison): comparison.text(subject: subject)
        case .word(let word): Self.quoted(word)
        }
    }

    private static func joined(_ parts: [Filter], _ separator: String, _ subject: SearchSubject) -> String? {
        let texts = parts.compactMap { $0.grouped(subject) }
        return texts.count == parts.count && parts.count > 1 ? texts.joined(separator: separator) : nil
    }

    private func grouped(_ subject: SearchSubject) -> String? {
        switch self {
        case .all, .any: text(subject: subject).map { "(\($0))" }
        default: text(subject: subject)
        }
    }

    /// As filters spell numbers: without a sign in front of a positive exponent, infinity as a number beyond all.
    static func written(_ number: Double) -> String {
        guard number.isFinite else { return number < 0 ? "-1e400" : "1e400" }
        return number.description.filter { $0 != "+" }
    }

    /// In quotes; with escapes where a plain text could be read otherwise.
    static func quoted(_ text: String) -> String {
        let bytes = text.utf8
        if !bytes.contains(UInt8(ascii: "'")), !bytes.contains(UInt8(ascii: "\\")) { return "'\(text)'" }
        var escaped: [UInt8] = []
        for byte in bytes {
            if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\") { escaped.append(UInt8(ascii: "\\")) }
            escaped.append(byte)
        }
        return "E'\(String(decoding: escaped, as: UTF8.self))'"
    }
}

extension Filter.Comparison {
    func text(subject: SearchSubject) -> String? {
        guard let field = field.text(subject: subject) else { return nil }
        switch value {
        case .none: return "\(field) \(relation.rawValue)"
        case .text(let text): return "\(field) \(relation.rawValue) \(Filter.quoted(text))"
        case .integer(let integer): return "\(field) \(relation.rawValue) \(integer)"
        case .number(let number):
            return number.isNaN ? nil : "\(field) \(relation.rawValue) \(Filter.written(number))"
        case .texts(let texts):
            return "\(field) \(relation.rawValue) (\(texts.map(Filter.quoted).joined(separator: ", ")))"
        case .numbers(let numbers):
            guard !numbers.contains(where: \.isNaN) else { return nil }
            return "\(field) \(relation.rawValue) (\(numbers.map(Filter.written).joined(separator: ", ")))"
        }
    }
}

extension SearchField {
    /// `nil` for a key with a backtick.
    func text(subject: SearchSubject) -> String? {
        switch self {
        case .attribute(let attribute): return attribute.text(subject: subject)
        case .metric(let key, let statistic):
            guard let path = Self.path("metrics", key) else { return nil }
            return statistic == .last ? path : "\(statistic.rawValue)(\(path))"
        case .summary(let key): return Self.path("summary", key)
        case .param(let key): return Self.path("params", key)
        case .tag(let key): return Self.path("tags", key)
        // Only other clients' filters have them.
        case .label, .paramGroup: return nil
        case .datasetName: return "dataset.name"
        case .datasetDigest: return "dataset.digest"
        case .datasetContext: return "dataset.context"
        }
    }

    private static func path(_ entity: String, _ key: String) -> String? {
        key.isEmpty || key.utf8.contains(UInt8(ascii: "`")) ? nil : "\(entity).`\(key)`"
    }
}

extension SearchAttribute {
    func text(subject: SearchSubject) -> String {
        switch self {
        case .id: subject == .experiments ? "experiment_id" : "id"
        case .name: "name"
        case .status: "status"
        case .user: "user"
        case .artifactURI: "artifact_uri"
        case .startedAt: "started"
        case .endedAt: "ended"
        case .createdAt: "created"
        case .updatedAt: "updated"
        case .experimentID: "experiment_id"
        case .modelType: "model_type"
        case .sourceRunID: subject == .modelVersions ? "run_id" : "source_run_id"
        case .purpose: "purpose"
        case .notes: "notes"
        case .duration: "duration"
        case .heartbeatAt: "heartbeat"
        case .foreignID: "foreign_id"
        case .versionNumber: "version_number"
        case .source: "source_path"
        }
    }
}
