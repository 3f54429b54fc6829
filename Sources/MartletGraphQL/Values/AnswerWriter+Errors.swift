extension AnswerWriter {
    /// The member `errors`, a comma before it; nothing without errors.
    mutating func errors(_ errors: [GraphQLError]) {
        guard !errors.isEmpty else { return }
        word(",\"errors\":[")
        for (index, error) in errors.enumerated() {
            if index > 0 { byte(UInt8(ascii: ",")) }
            word("{\"message\":")
            string(error.message)
            locations(error.locations)
            path(error.path)
            if let code = error.code {
                word(",\"extensions\":{\"code\":")
                string(code)
                byte(UInt8(ascii: "}"))
            }
            byte(UInt8(ascii: "}"))
        }
        byte(UInt8(ascii: "]"))
    }

    private mutating func locations(_ locations: [GraphQLError.Location]) {
        guard !locations.isEmpty else { return }
        word(",\"locations\":[")
        for (index, location) in locations.enumerated() {
            word(index > 0 ? ",{\"line\":" : "{\"line\":")
            int(Int64(location.line))
            word(",\"column\":")
            int(Int64(location.column))
            byte(UInt8(ascii: "}"))
        }
        byte(UInt8(ascii: "]"))
    }

    private mutating func path(_ path: [GraphQLError.PathElement]) {
        guard !path.isEmpty else { return }
        word(",\"path\":[")
        for (index, element) in path.enumerated() {
            if index > 0 { byte(UInt8(ascii: ",")) }
            switch element {
            case .key(let key): string(key)
            case .index(let index): int(Int64(index))
            }
        }
        byte(UInt8(ascii: "]"))
    }
}
