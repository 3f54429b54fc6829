import MartletCore

extension Check {
    /// Every name leads to a content, every composed content to its parts, every tree to its owner.
    func checkReferences(_ report: inout CheckReport) async throws {
        progress("following references")
        try await checkArtifacts(&report)
        try await checkUploads(&report)
        try await checkCompositions(&report)
        let owners = [
            ("run", "run:"), ("logged_model", "model:"),
            ("artifact_version", "version:"), ("artifact_version", "draft:"),
        ]
        for (table, prefix) in owners {
            try await checkOwners(in: table, prefix, &report)
        }
        try await checkSums(&report)
    }

    /// The running sums of files, which quotas are held against.
    private func checkSums(_ report: inout CheckReport) async throws {
        let wrong = try await database.read { try FileUseRows.wrong($0) }
        guard !wrong.isEmpty else { return }
        if repairs {
            try await database.write { connection in
                try connection.execute("DELETE FROM file_use")
                try connection.execute(FileUseRows.fill)
            }
        }
        report.findings += wrong.map { owner in
            CheckFinding(what: "the files of '\(owner)' are counted wrong", isRepaired: repairs)
        }
    }

    private func checkArtifacts(_ report: inout CheckReport) async throws {
        let (count, broken) = try await database.read { connection in
            let count = try connection.first("SELECT count(*) FROM artifact WHERE is_folder = 0") { $0.integer(0) }
            let broken = try connection.rows(
                """
                SELECT a.owner, a.folder, a.name, b.digest FROM artifact AS a LEFT JOIN blob AS b ON b.digest = a.digest
                WHERE a.is_folder = 0 AND (b.digest IS NULL OR b.size <> a.size) ORDER BY a.owner, a.folder, a.name
                """
            ) { (Self.place(owner: $0.text(0), folder: $0.text(1), name: $0.text(2)), $0.isNull(3)) }
            return (Int(count ?? 0), broken)
        }
        report.artifacts = count
        for (place, isMissing) in broken {
            let finding = CheckFinding(
                what: isMissing ? "the file's content is lost" : "the file's size is not that of its content",
                run: place.run,
                path: place.path
            )
            let isTold = report.findings.contains { $0.run == place.run && $0.path == place.path }
            if !isTold { report.findings.append(finding) }
        }
    }

    private func checkUploads(_ report: inout CheckReport) async throws {
        let uploads = try await database.read { connection in
            try connection.rows(
                """
                SELECT DISTINCT u.owner, u.path FROM upload_part AS p JOIN upload AS u ON u.id = p.upload
                WHERE u.state = 0 AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.digest = p.digest)
                """
            ) { Self.place(owner: $0.text(0), folder: "", name: $0.text(1)) }
        }
        for place in uploads {
            report.findings.append(
                CheckFinding(what: "a part of an open upload is lost; send it again", run: place.run, path: place.path)
            )
        }
    }

    /// Parts follow each other without gaps, are there, and give the digest of the whole.
    private func checkCompositions(_ report: inout CheckReport) async throws {
        var last = ""
        while true {
            let after = last
            let page = try await database.read { connection in
                try connection.rows(
                    "SELECT digest, size FROM blob WHERE kind = 2 AND digest > $1 ORDER BY digest LIMIT 100",
                    [.text(after)]
                ) { (Digest($0.text(0)), $0.integer(1)) }
            }
            guard let end = page.last else { return }
            last = end.0.rawValue
            for (digest, size) in page {
                let problem = try await database.read { try Self.problem(of: digest, size, $0) }
                report.blobs += 1
                guard let problem else { continue }
                let owners = try await database.read { connection in
                    try connection.rows(
                        "SELECT owner, folder, name FROM artifact WHERE digest = $1 ORDER BY owner, folder, name",
                        [.text(digest.rawValue)]
                    ) { Self.place(owner: $0.text(0), folder: $0.text(1), name: $0.text(2)) }
                }
                let what = "the composed content \(digest.rawValue.prefix(12))… \(problem)"
                let places = owners.isEmpty ? [(run: nil, path: "")] : owners
                report.findings += places.map { place in
                    CheckFinding(what: what, run: place.run, path: place.path.isEmpty ? nil : place.path)
                }
            }
        }
    }

    private static func problem(
        of digest: Digest,
        _ size: Int64,
        _ connection: any SQLConnection
    ) throws -> String? {
        var (names, offset, problem) = (BlobCatalog.domain, Int64(0), String?.none)
        try connection.query(
            """
            SELECT p.part, p.part_offset, p.part_size, b.size FROM blob_part AS p
            LEFT JOIN blob AS b ON b.digest = p.part WHERE p.blob = $1 ORDER BY p.position
            """,
            [.text(digest.rawValue)]
        ) { row in
            names += ContentHash.bytes(of: Digest(row.text(0))) ?? []
            if row.isNull(3) {
                problem = "lacks a part"
            } else if row.integer(1) != offset || row.integer(2) != row.integer(3) {
                problem = "has parts that do not fit"
            }
            offset += row.integer(2)
        }
        if let problem { return problem }
        if offset != size { return "has parts of \(offset) bytes and not \(size)" }
        let named = ContentHash.hexadecimal(ContentHash.sha256(of: names[...]))
        return named == digest.rawValue ? nil : "has other parts than its digest says"
    }

    private func checkOwners(in table: String, _ prefix: String, _ report: inout CheckReport) async throws {
        let owners = try await database.read { connection in
            try connection.rows(
                """
                SELECT DISTINCT owner FROM artifact AS a WHERE owner >= '\(prefix)' AND owner < '\(prefix.dropLast());'
                AND NOT EXISTS (SELECT 1 FROM \(table) AS t WHERE t.id = substr(a.owner, \(prefix.utf8.count + 1)))
                ORDER BY owner
                """
            ) { $0.text(0) }
        }
        for owner in owners {
            if repairs {
                try await database.write { connection in
                    try connection.execute("DELETE FROM artifact WHERE owner = $1", [.text(owner)])
                    try FileUseRows.remove(owner, connection)
                }
            }
            report.findings.append(
                CheckFinding(what: "there are files of '\(owner)', which is not there", isRepaired: repairs)
            )
        }
    }
}
