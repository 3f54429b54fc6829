/// Collections and their versions. Every method is one transaction, durable once it returns, unless it says otherwise.
package protocol ArtifactVersionStore: Sendable {
    // MARK: collections

    /// - Throws: `notFound`.
    func collection(_ id: ArtifactCollection.ID) async throws(MartletError) -> ArtifactCollection
    /// `nil` when there is none of that name.
    func collection(
        named name: String,
        in experiment: Experiment.ID
    ) async throws(MartletError) -> ArtifactCollection?
    /// Collections behind a name, by name.
    func collections(
        in experiment: Experiment.ID,
        type: String?,
        after name: String,
        limit: Int
    ) async throws(MartletError) -> [ArtifactCollection]
    func collectionCount(in experiment: Experiment.ID, type: String?) async throws(MartletError) -> Int
    /// The types of an experiment's collections, in the order of their bytes.
    func collectionTypes(in experiment: Experiment.ID) async throws(MartletError) -> [String]
    /// - Throws: `notFound`; `alreadyExists` for the new name.
    func update(
        _ id: ArtifactCollection.ID,
        _ changes: CollectionChanges
    ) async throws(MartletError) -> ArtifactCollection
    /// Deletes the collection with its versions; of a portfolio only the links. - Throws: `notFound`.
    func delete(_ id: ArtifactCollection.ID) async throws(MartletError)

    // MARK: versions

    /// The experiment of a version, in whatever state. - Throws: `notFound`.
    func experiment(ofVersion id: ArtifactVersion.ID) async throws(MartletError) -> Experiment.ID
    /// A version that waits for its files; the pending one of that `sharedID`; or the committed one of that digest,
    /// which gets the aliases and tags and becomes an output of the run.
    /// - Throws: `conflict` when the collection is of another type or kind.
    func create(
        _ request: CreateArtifactVersion,
        id: ArtifactVersion.ID
    ) async throws(MartletError) -> ArtifactVersion
    /// In whatever state. - Throws: `notFound`.
    func version(_ id: ArtifactVersion.ID) async throws(MartletError) -> ArtifactVersion
    /// The version that a client knows by a name of its own; `nil` for none.
    func version(foreignID: String) async throws(MartletError) -> ArtifactVersion.ID?
    /// Committed versions of a collection before a number, the last first.
    func members(
        of collection: ArtifactCollection.ID,
        before number: Int64?,
        limit: Int
    ) async throws(MartletError) -> [ArtifactMembership]
    /// `nil` when no committed version is meant.
    func member(
        of collection: ArtifactCollection.ID,
        _ choice: VersionChoice
    ) async throws(MartletError) -> ArtifactMembership?
    /// All collections that versions are in, each version's own before the others. A few questions for all of them.
    func memberships(of versions: [ArtifactVersion.ID]) async throws(MartletError) -> [ArtifactMembership]
    /// The aliases of a collection and the numbers that they stand for, by alias.
    func aliases(
        of collection: ArtifactCollection.ID
    ) async throws(MartletError) -> [(alias: String, number: Int64)]
    /// - Throws: `notFound`; `failedPrecondition` for a deleted one.
    func update(
        _ id: ArtifactVersion.ID,
        _ changes: VersionChanges
    ) async throws(MartletError) -> ArtifactVersion
    /// Gives and takes aliases in a collection that the version is in. An alias that another version has moves.
    /// - Throws: `notFound` when it is not in it.
    func setAliases(
        _ added: [String],
        removing removed: [String],
        of id: ArtifactVersion.ID,
        in collection: ArtifactCollection.ID
    ) async throws(MartletError)
    /// Deletes the files of a version and all links to it. `latest` goes to the last one that is left.
    /// - Throws: `notFound`; `failedPrecondition` when it has aliases and they are not to go.
    func delete(_ id: ArtifactVersion.ID, withAliases: Bool) async throws(MartletError)
    /// Puts a committed version into a portfolio, which is made where it is not there; once more changes aliases only.
    /// - Throws: `conflict` when the collection is of another type or kind.
    func link(
        _ id: ArtifactVersion.ID,
        toPortfolio name: String,
        in experiment: Experiment.ID,
        aliases: [String]
    ) async throws(MartletError) -> ArtifactMembership
    /// - Throws: `notFound` when it is not in it.
    func unlink(_ id: ArtifactVersion.ID, from collection: ArtifactCollection.ID) async throws(MartletError)
    /// Versions whose time is over, committed or pending, at most `limit`.
    func expiredVersions(
        at time: Int64,
        pendingSince: Int64,
        limit: Int
    ) async throws(MartletError) -> [ArtifactVersion.ID]

    // MARK: files

    /// Files and references behind a path of `files`, in the order in which they are stored.
    func files(
        of id: ArtifactVersion.ID,
        after: VersionFile?,
        limit: Int
    ) async throws(MartletError) -> [VersionFile]
    /// Those of the paths that are there.
    func files(of id: ArtifactVersion.ID, at paths: [String]) async throws(MartletError) -> [VersionFile]
    /// A stored file by the MD5 of its content; `nil` for none. Cheap, but O(files) for content that came in parts.
    func file(of id: ArtifactVersion.ID, md5: String) async throws(MartletError) -> VersionFile?
    /// Names content of the experiment's other versions by its MD5, for a pending version.
    /// - Returns: the paths that have their content now.
    func claim(
        _ entries: [VersionEntry],
        for id: ArtifactVersion.ID
    ) async throws(MartletError) -> Set<String>
    /// Gives a pending version just these files and references, whose content must be there: sent for it, or of the
    /// versions that the entries name. Many transactions; done twice it changes nothing.
    /// - Throws: `failedPrecondition` that names a file without content.
    func fill(_ id: ArtifactVersion.ID, with entries: [VersionEntry]) async throws(MartletError)
    /// Makes a pending version visible: with a number, its aliases and `latest`. Once more changes nothing.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted one.
    func commit(_ id: ArtifactVersion.ID, digest: String) async throws(MartletError) -> ArtifactVersion

    // MARK: lineage

    /// Notes that a run used or made a version. Once more changes nothing.
    func note(_ role: VersionRole, of run: Run.ID, _ id: ArtifactVersion.ID) async throws(MartletError)
    /// Committed versions that a run made or used, the first first.
    func versions(_ role: VersionRole, of run: Run.ID) async throws(MartletError) -> [ArtifactVersion]
    /// Runs that made or used a version and were not deleted, the first first.
    func runs(_ role: VersionRole, of id: ArtifactVersion.ID) async throws(MartletError) -> [Run.ID]
}
