/// Runs and versions that led to a version, and what was made with it.
package struct Lineage: Sendable {
    package struct Edge: Sendable, Hashable {
        package var run: Run.ID
        package var version: ArtifactVersion.ID
        package var role: VersionRole
    }

    package var runs: [Run.ID] = []
    package var versions: [ArtifactVersion] = []
    package var edges: [Edge] = []
    /// Whether there is more than was looked at.
    package var isCut = false
}

/// How the files of a version differ from those of another.
package struct VersionDiff: Sendable {
    package var added: [VersionFile] = []
    package var removed: [VersionFile] = []
    /// With the size in the other version.
    package var changed: [(file: VersionFile, otherSize: Int64)] = []
    package var counts: (added: Int, removed: Int, changed: Int, unchanged: Int) = (0, 0, 0, 0)
    /// Whether the lists lack some that are counted.
    package var isCut = false
}

/// What stands directly inside a folder for files that are kept elsewhere.
package struct ReferenceEntry: Sendable, Equatable {
    package var name: String
    package var path: String
    package var isFolder: Bool
    package var size: Int64
    package var uri: String?
}

extension ArtifactVersionService {
    /// Notes that a run used or made a version. - Throws: `failedPrecondition` for one that is used and was deleted.
    package func note(
        _ role: VersionRole,
        of run: Run.ID,
        _ id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: run, as: principal, to: "change a run")
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        if role == .input, try await store.version(id).state == .deleted {
            throw MartletError(.failedPrecondition, "the version is deleted and cannot be used")
        }
        try await store.note(role, of: run, id)
        events.publish([Topic.artifacts(of: run)])
    }

    /// Committed versions that a run made or used and the principal may see, the first first.
    package func versions(
        _ role: VersionRole,
        of run: Run.ID,
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactVersion] {
        try await access.require(.viewer, of: run, as: principal, to: "read runs")
        let versions = try await store.versions(role, of: run)
        let seen = try await access.visible(versions.map(\.experimentID), as: principal, to: "read artifacts")
        return versions.filter { seen.contains($0.experimentID) }
    }

    /// Runs that made or used a version and that the principal may see, the first first.
    package func runs(
        _ role: VersionRole,
        of id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) -> [Run.ID] {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        var seen: [Run.ID] = []
        for run in try await store.runs(role, of: id) {
            do {
                try await access.require(.viewer, of: run, as: principal, to: "read runs")
                seen.append(run)
            } catch  where error.code == .notFound || error.code == .permissionDenied {
                continue
            }
        }
        return seen
    }

    /// Most runs and versions of a lineage.
    private static let mostNodes = 200

    /// Up to 200 runs and versions, the nearest first: those that led to the version, and those that came of it.
    package func lineage(of id: ArtifactVersion.ID, as principal: Principal) async throws(MartletError) -> Lineage {
        var lineage = Lineage()
        var edges: Set<Lineage.Edge> = []
        let start = try await version(id, as: principal)
        lineage.versions = [start]
        // Upwards from a version to the run that made it, and from a run to what it used; downwards the other way.
        for (toRun, toVersion) in [(VersionRole.output, VersionRole.input), (.input, .output)] {
            var front = [start]
            var depth = 0
            while !front.isEmpty, depth < 10 {
                depth += 1
                var next: [ArtifactVersion] = []
                for version in front {
                    for run in try await runs(toRun, of: version.id, as: principal) {
                        edges.insert(Lineage.Edge(run: run, version: version.id, role: toRun))
                        guard !lineage.runs.contains(run) else { continue }
                        guard lineage.runs.count + lineage.versions.count < Self.mostNodes else {
                            lineage.isCut = true
                            continue
                        }
                        lineage.runs.append(run)
                        for version in try await versions(toVersion, of: run, as: principal) {
                            edges.insert(Lineage.Edge(run: run, version: version.id, role: toVersion))
                            guard !lineage.versions.contains(where: { $0.id == version.id }) else { continue }
                            guard lineage.runs.count + lineage.versions.count < Self.mostNodes else {
                                lineage.isCut = true
                                continue
                            }
                            lineage.versions.append(version)
                            next.append(version)
                        }
                    }
                }
                front = next
            }
            if !front.isEmpty { lineage.isCut = true }
        }
        let (runs, versions) = (Set(lineage.runs), Set(lineage.versions.map(\.id)))
        lineage.edges = edges.filter { runs.contains($0.run) && versions.contains($0.version) }
            .sorted { ($0.run, $0.version, $0.role.rawValue) < ($1.run, $1.version, $1.role.rawValue) }
        return lineage
    }

    /// - Parameter most: files in each of the lists. O(files of both).
    package func diff(
        _ id: ArtifactVersion.ID,
        with other: ArtifactVersion.ID,
        most: Int,
        as principal: Principal
    ) async throws(MartletError) -> VersionDiff {
        var theirs: [String: VersionFile] = [:]
        for file in try await allFiles(of: other, as: principal) { theirs[file.path] = file }
        var diff = VersionDiff()
        for file in try await allFiles(of: id, as: principal) {
            guard let before = theirs.removeValue(forKey: file.path) else {
                diff.counts.added += 1
                if diff.added.count < most { diff.added.append(file) }
                continue
            }
            if before.hasContent(of: file) {
                diff.counts.unchanged += 1
            } else {
                diff.counts.changed += 1
                if diff.changed.count < most { diff.changed.append((file, before.size)) }
            }
        }
        diff.counts.removed = theirs.count
        diff.removed = Array(theirs.values.sorted { $0.path < $1.path }.prefix(most))
        let counts = diff.counts
        diff.isCut = max(counts.added, counts.removed, counts.changed) > most
        diff.added.sort { $0.path < $1.path }
        diff.changed.sort { $0.file.path < $1.file.path }
        return diff
    }

    private func allFiles(
        of id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) -> [VersionFile] {
        _ = try await version(id, as: principal)
        return try await files(of: id, limit: Self.mostFiles, as: principal)
    }

    /// What stands directly inside a folder for references, by name.
    package func references(
        in folder: ArtifactPath,
        of id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) -> [ReferenceEntry] {
        let start = folder.isRoot ? "" : "\(folder)/"
        let reference = VersionFile.Reference(uri: "", digest: "", extra: "")
        let last = VersionFile(path: start, size: 0, digest: nil, md5: nil, reference: reference, modifiedAt: 0)
        var entries: [String: ReferenceEntry] = [:]
        for file in try await files(of: id, after: last, limit: Self.mostFiles, as: principal) {
            guard file.path.hasPrefix(start) else { break }
            let names = file.path.dropFirst(start.count).split(separator: "/", maxSplits: 1)
            guard let name = names.first.map(String.init), entries[name] == nil else { continue }
            let isFolder = names.count > 1
            entries[name] = ReferenceEntry(
                name: name,
                path: start + name,
                isFolder: isFolder,
                size: file.size,
                uri: isFolder ? nil : file.reference?.uri
            )
        }
        return entries.values.sorted { $0.name < $1.name }
    }
}

extension VersionFile {
    fileprivate func hasContent(of other: VersionFile) -> Bool {
        if reference != nil || other.reference != nil { return reference == other.reference && size == other.size }
        return digest == other.digest
    }
}
