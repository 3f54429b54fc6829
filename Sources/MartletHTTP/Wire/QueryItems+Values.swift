import MartletCore

extension QueryItems {
    /// A number inside a range; `nil` when it is not there or blank.
    func number(_ key: String, in range: ClosedRange<Int>) throws(MartletError) -> Int? {
        guard let text = first(key), !text.isEmpty else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw MartletError(
                .invalidArgument,
                "'\(key)' must be a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        of type: Choice.Type
    ) throws(MartletError) -> Choice? {
        guard let text = first(key), !text.isEmpty else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw MartletError(.invalidArgument, "'\(key)' must be one of \(names)")
        }
        return choice
    }

    func required(_ key: String) throws(MartletError) -> String {
        guard let text = first(key) else {
            throw MartletError(.invalidArgument, "the query needs '\(key)'")
        }
        return text
    }
}
