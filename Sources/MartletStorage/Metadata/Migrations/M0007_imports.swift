/// What is known of runs that came from another tool.
///
/// `import_state` is NULL for a run that was made here, 0 while points or files are still to come (the run is in the
/// bin until then), 1 when it is whole. `import_revision` is the importer's own mark of what it read.
struct M0007_imports: Migration {
    let number: Int64 = 7

    func statements(for dialect: SQLDialect) -> [String] {
        [
            "ALTER TABLE run ADD COLUMN import_state BIGINT",
            "ALTER TABLE run ADD COLUMN import_revision TEXT",
        ]
    }
}
