import MartletCore

/// Rows of versions and collections that lead to something which is not there.
private struct StrayRows: Sendable {
    let table: String
    /// What a row `t` of the table belongs to, as it stands in a finding: an SQL expression.
    let owner: String
    /// The condition on `t`.
    let isStray: String
    let what: String
    /// What saves a row before the others are removed.
    var rescue: String?

    /// In the order in which a repair removes them: what belongs to a row comes after it.
    static let all = [
        StrayRows(
            table: "artifact_membership",
            owner: "t.version",
            isStray: "NOT EXISTS (SELECT 1 FROM artifact_version v WHERE v.id = t.version AND v.state = 1)",
            what: "a membership of the version, which is not there"
        ),
        StrayRows(
            table: "artifact_alias",
            owner: place,
            isStray: isOfNoMember,
            what: "an alias of the member, which is not there",
            rescue: """
                UPDATE artifact_alias AS t SET number = \(last) WHERE t.alias = 'latest' AND \(isOfNoMember)
                AND \(last) IS NOT NULL
                """
        ),
        StrayRows(
            table: "model_version",
            owner: place,
            isStray: isOfNoMember,
            what: "what a registry knows of the member, which is not there"
        ),
        StrayRows(
            table: "artifact_reference",
            owner: "t.version",
            isStray: isOfNoVersion,
            what: "references of the version, which is not there"
        ),
        StrayRows(
            table: "artifact_use",
            owner: "t.version",
            isStray: isOfNoVersion,
            what: "uses of the version, which is not there"
        ),
        StrayRows(table: "artifact_label", owner: "t.owner", isStray: isOfNobody, what: "tags of what is not there"),
        StrayRows(table: "model_tag", owner: "t.owner", isStray: isOfNobody, what: "tags of what is not there"),
    ]

    private static let place = "'collection ' || CAST(t.collection AS TEXT) || ', number ' || CAST(t.number AS TEXT)"
    private static let isOfNoVersion = "NOT EXISTS (SELECT 1 FROM artifact_version v WHERE v.id = t.version)"
    private static let isOfNoMember = """
        NOT EXISTS (SELECT 1 FROM artifact_membership m WHERE m.collection = t.collection AND m.number = t.number)
        """
    private static let last = "(SELECT max(m.number) FROM artifact_membership m WHERE m.collection = t.collection)"
    /// Put so that both engines look up the version, and list the collections once.
    private static let isOfNobody = """
        CASE WHEN substr(t.owner, 1, 8) = 'version:'
        THEN NOT EXISTS (SELECT 1 FROM artifact_version v WHERE v.id = substr(t.owner, 9))
        ELSE t.owner NOT IN (
          SELECT 'collection:' || CAST(c.id AS TEXT) FROM artifact_collection c
          UNION SELECT 'collection:' || CAST(m.collection AS TEXT) FROM artifact_membership m) END
        """

    func owners(_ connection: any SQLConnection) throws -> [String] {
        try connection.rows("SELECT DISTINCT \(owner) FROM \(table) AS t WHERE \(isStray) ORDER BY 1") { $0.text(0) }
    }

    func remove(_ connection: any SQLConnection) throws {
        if let rescue { try connection.execute(rescue) }
        try connection.execute("DELETE FROM \(table) AS t WHERE \(isStray)")
    }
}

extension Check {
    /// Versions, collections and registered models lead to each other; what is counted of them is right.
    func checkCollections(_ report: inout CheckReport) async throws {
        progress("checking versions and registered models")
        for rows in StrayRows.all {
            let owners = try await database.read { try rows.owners($0) }
            guard !owners.isEmpty else { continue }
            if repairs { try await database.write { try rows.remove($0) } }
            report.findings += owners.map { owner in
                CheckFinding(what: "\(rows.what): '\(owner)' in table \(rows.table)", isRepaired: repairs)
            }
        }
        try await checkOwnersOfVersions(&report)
        try await checkNumbers(&report)
        try await checkVersionSums(&report)
    }

    /// What is told and left: only a backup knows the rest.
    private func checkOwnersOfVersions(_ report: inout CheckReport) async throws {
        let questions = [
            (
                "the version is not in the collection that it was made in",
                """
                SELECT v.id FROM artifact_version v WHERE v.state = 1 AND NOT EXISTS (
                  SELECT 1 FROM artifact_membership m WHERE m.version = v.id AND m.collection = v.collection)
                ORDER BY 1
                """
            ),
            (
                "the collection of versions is not there",
                """
                SELECT DISTINCT CAST(m.collection AS TEXT) FROM artifact_membership m
                WHERE NOT EXISTS (SELECT 1 FROM artifact_collection c WHERE c.id = m.collection) ORDER BY 1
                """
            ),
            (
                "the collection is of an experiment that is not there",
                """
                SELECT c.name FROM artifact_collection c
                WHERE NOT EXISTS (SELECT 1 FROM experiment e WHERE e.id = c.experiment) ORDER BY 1
                """
            ),
        ]
        for (what, sql) in questions {
            let names = try await database.read { connection in try connection.rows(sql) { $0.text(0) } }
            report.findings += names.map { CheckFinding(what: "\(what): '\($0)'") }
        }
    }

    /// No number is given twice.
    private func checkNumbers(_ report: inout CheckReport) async throws {
        let last = "(SELECT max(m.number) FROM artifact_membership m WHERE m.collection = t.id)"
        let wrong = try await database.read { connection in
            try connection.rows(
                "SELECT t.id, t.name FROM artifact_collection AS t WHERE t.next_number <= \(last) ORDER BY 1"
            ) { (id: $0.integer(0), name: $0.text(1)) }
        }
        guard !wrong.isEmpty else { return }
        if repairs {
            try await database.write { connection in
                _ = try connection.execute(
                    "UPDATE artifact_collection AS t SET next_number = \(last) + 1 WHERE t.next_number <= \(last)"
                )
            }
        }
        report.findings += wrong.map { collection in
            CheckFinding(
                what: "the collection \(collection.id), '\(collection.name)', would give a number again",
                isRepaired: repairs
            )
        }
    }

    /// Files and bytes of committed versions.
    private func checkVersionSums(_ report: inout CheckReport) async throws {
        var last = ""
        while true {
            let after = last
            let page = try await database.read { connection in
                try connection.rows(
                    """
                    SELECT id, files, bytes FROM artifact_version WHERE state = 1 AND id > $1 ORDER BY id LIMIT 200
                    """,
                    [.text(after)]
                ) { row in
                    let id = ArtifactVersion.ID(row.text(0))
                    let sum = try VersionFileRows.sum(of: id, connection)
                    return (id: id, sum: sum, isRight: sum == (files: row.integer(1), bytes: row.integer(2)))
                }
            }
            guard let end = page.last else { return }
            last = end.id.rawValue
            for version in page where !version.isRight {
                if repairs {
                    try await database.write { connection in
                        _ = try connection.execute(
                            "UPDATE artifact_version SET files = $1, bytes = $2 WHERE id = $3",
                            [.integer(version.sum.files), .integer(version.sum.bytes), .text(version.id.rawValue)]
                        )
                    }
                }
                report.findings.append(
                    CheckFinding(
                        what: "the files of the version '\(version.id)' are counted wrong",
                        isRepaired: repairs
                    )
                )
            }
        }
    }
}
