/// Which groups of an identity provider have which role in the workspace: `ml-admins=admin,ml-team=editor,*=viewer`.
package struct GroupRoles: Sendable, Equatable {
    private var roles: [String: Principal.Role] = [:]
    /// Of whoever is in no group that is named; `nil` for nobody comes in.
    private var others: Principal.Role?

    /// Spaces around names do not count; a name may hold `=`, but no comma.
    /// - Throws: `invalidArgument` that says what is wrong with the text.
    package init(_ text: String) throws(MartletError) {
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let mark = piece.lastIndex(of: "=") else {
                throw Self.wrong("'\(piece.prefix(100))' has no '='")
            }
            let group = piece[..<mark].trimmed
            let name = piece[piece.index(after: mark)...].trimmed
            guard let role = Principal.Role(rawValue: name) else {
                let names = Principal.Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw Self.wrong("'\(name.prefix(100))' is no role; use one of \(names)")
            }
            guard !group.isEmpty else { throw Self.wrong("a role has no group; '*' stands for everybody else") }
            guard group == "*" ? others == nil : roles[group] == nil else {
                throw Self.wrong("'\(group.prefix(100))' is in it twice")
            }
            if group == "*" { others = role } else { roles[group] = role }
        }
    }

    /// The highest role of the groups that are named, else that of `*`; `nil` for who does not come in.
    package func role(of groups: [String]) -> Principal.Role? {
        groups.compactMap { roles[$0] }.max() ?? others
    }

    private static func wrong(_ reason: String) -> MartletError {
        MartletError(.invalidArgument, "\(reason); it must look like ml-admins=admin,ml-team=editor,*=viewer")
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
