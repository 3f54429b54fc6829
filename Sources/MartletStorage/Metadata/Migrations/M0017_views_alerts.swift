/// Reports and other views that people saved, and the alerts of runs. Severities are 0 info, 1 warning, 2 error.
struct M0017_views_alerts: Migration {
    let number: Int64 = 17

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        return [
            """
            CREATE TABLE saved_view (
              id \(dialect.autoNumber), experiment BIGINT NOT NULL, kind \(text) NOT NULL, name \(text) NOT NULL,
              display_name TEXT NOT NULL, description TEXT NOT NULL, content TEXT NOT NULL, author \(text) NOT NULL,
              created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (experiment, kind, name))
            """,
            "CREATE INDEX saved_view_by_time ON saved_view (experiment, updated_at, id)",
            """
            CREATE TABLE run_alert (
              id \(dialect.autoNumber), run BIGINT NOT NULL, title \(text) NOT NULL, body TEXT NOT NULL,
              severity BIGINT NOT NULL, created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX run_alert_by_run ON run_alert (run, id)",
        ]
    }
}
