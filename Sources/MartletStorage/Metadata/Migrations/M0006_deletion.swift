/// When an experiment was deleted, in milliseconds since 1970-01-01 UTC; runs have it since the beginning.
///
/// For those that were deleted before, their last change is the best that is known.
struct M0006_deletion: Migration {
    let number: Int64 = 6

    func statements(for dialect: SQLDialect) -> [String] {
        [
            "ALTER TABLE experiment ADD COLUMN deleted_at BIGINT",
            "UPDATE experiment SET deleted_at = updated_at WHERE stage = 1",
            "UPDATE run SET deleted_at = updated_at WHERE stage = 1 AND deleted_at IS NULL",
            "CREATE INDEX run_by_deletion ON run (deleted_at) WHERE deleted_at IS NOT NULL",
        ]
    }
}
