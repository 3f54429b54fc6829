/// Entity tags of conditional requests (RFC 9110, section 8.8.3).
enum EntityTag {
    /// Whether a field `If-None-Match` names the tag. Compared weakly: a proxy that compresses marks tags as weak.
    static func matches(_ field: String?, _ tag: String?) -> Bool {
        guard let field, let tag else { return false }
        return field.split(separator: ",").contains { candidate in
            var candidate = candidate.drop { $0 == " " }
            while candidate.last == " " { candidate.removeLast() }
            if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
            return candidate == "*" || candidate == tag
        }
    }
}
