/// Registered models and their versions. Every method is one transaction, durable once it returns, unless it says otherwise.
///
/// A registry is an experiment without runs, whose collections are the registered models: what is not said here is as
/// in `ArtifactVersionStore`.
package protocol ModelRegistryStore: Sendable {
    /// The registry of a workspace; `nil` where nothing was registered yet.
    func registry(of workspace: Workspace.ID) async throws(MartletError) -> Experiment.ID?
    /// Made where it is not there. - Throws: `notFound` for the workspace.
    func madeRegistry(of workspace: Workspace.ID) async throws(MartletError) -> Experiment.ID

    /// - Throws: `alreadyExists`.
    func create(
        _ request: CreateRegisteredModel,
        in registry: Experiment.ID
    ) async throws(MartletError) -> RegisteredModel
    /// - Throws: `notFound`.
    func registeredModel(_ name: String, in registry: Experiment.ID) async throws(MartletError) -> RegisteredModel
    func searchRegisteredModels(
        _ request: SearchModelRegistry,
        in registry: Experiment.ID
    ) async throws(MartletError) -> Page<RegisteredModel>
    /// A rename is a change of all versions too. - Throws: `notFound`; `alreadyExists`.
    func update(
        _ model: ArtifactCollection.ID,
        _ changes: RegisteredModelChanges
    ) async throws(MartletError) -> RegisteredModel
    /// - Parameter tag: a `nil` value removes it; a tag that is not there is as good as removed.
    func setTag(_ tag: (key: String, value: String?), of model: ArtifactCollection.ID) async throws(MartletError)
    /// Gives an alias to a version, whoever had it; `nil` takes it from whoever has it.
    /// - Throws: `notFound` for the version.
    func setAlias(
        _ alias: String,
        to number: Int64?,
        in model: ArtifactCollection.ID
    ) async throws(MartletError)

    /// - Throws: `notFound`.
    func modelVersion(_ number: Int64, of model: ArtifactCollection.ID) async throws(MartletError) -> ModelVersion
    func searchModelVersions(
        _ request: SearchModelRegistry,
        in registry: Experiment.ID
    ) async throws(MartletError) -> Page<ModelVersion>
    /// Names the files of a folder, or a file, in a pending version; of a version its references too. Many transactions.
    /// - Throws: `conflict` for content that went meanwhile.
    func adopt(
        _ folder: ArtifactPath,
        of owner: ArtifactOwner,
        for id: ArtifactVersion.ID
    ) async throws(MartletError)
    /// Commits a pending version of the model as its next one, or under the number that it keeps.
    /// - Throws: `conflict` when that number was given before.
    func register(
        _ id: ArtifactVersion.ID,
        digest: String,
        _ request: CreateModelVersion
    ) async throws(MartletError) -> ModelVersion
    /// Removes a pending version that will not be registered.
    func abandon(_ id: ArtifactVersion.ID) async throws(MartletError)
    /// Gives a model the times that it has where it comes from. - Throws: `notFound`.
    func keepTimes(of model: ArtifactCollection.ID, createdAt: Int64, updatedAt: Int64) async throws(MartletError)
    /// - Throws: `notFound`.
    func updateVersion(
        _ number: Int64,
        of model: ArtifactCollection.ID,
        _ changes: ModelVersionChanges
    ) async throws(MartletError) -> ModelVersion
    /// - Parameter tag: a `nil` value removes it; a tag that is not there is as good as removed.
    /// - Throws: `notFound`.
    func setTag(
        _ tag: (key: String, value: String?),
        ofVersion number: Int64,
        of model: ArtifactCollection.ID
    ) async throws(MartletError)
    /// Deletes a version that was registered here; what was linked here from elsewhere only leaves.
    /// - Throws: `notFound`.
    func deleteVersion(_ number: Int64, of model: ArtifactCollection.ID) async throws(MartletError)
}
