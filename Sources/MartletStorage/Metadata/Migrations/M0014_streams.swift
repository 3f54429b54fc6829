/// What programs stream into a run beside metrics: objects, printed lines, documents, and how far the streams are.
struct M0014_streams: Migration {
    let number: Int64 = 14

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
        return [
            """
            CREATE TABLE run_document (
              run BIGINT NOT NULL, kind \(text) NOT NULL, body \(text) NOT NULL, PRIMARY KEY (run, kind))
            """,
            """
            CREATE TABLE run_stream (
              run BIGINT NOT NULL, name \(text) NOT NULL, lines BIGINT NOT NULL, PRIMARY KEY (run, name))
            """ + clustered,
            """
            CREATE TABLE logged_object (
              run BIGINT NOT NULL, key \(text) NOT NULL, step BIGINT NOT NULL, time BIGINT NOT NULL,
              body \(text) NOT NULL, PRIMARY KEY (run, key, step))
            """ + clustered,
            """
            CREATE TABLE console_line (
              run BIGINT NOT NULL, number BIGINT NOT NULL, time BIGINT, is_error BIGINT NOT NULL,
              label \(text) NOT NULL, body \(text) NOT NULL, PRIMARY KEY (run, number))
            """ + clustered,
        ]
    }
}
