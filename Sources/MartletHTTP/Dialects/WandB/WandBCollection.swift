import MartletCore
import MartletGraphQL

/// A collection of artifacts as W&B sees one.
struct WandBCollection: Sendable {
    let collection: ArtifactCollection
    let project: WandBProject

    var id: String { WandBID.text("ArtifactCollection", collection.id.rawValue) }
    /// Which of the two types of the interface `ArtifactCollection` it is.
    var typeName: String { collection.kind == .sequence ? "ArtifactSequence" : "ArtifactPortfolio" }
    var output: GraphQLOutput { .object(self, as: typeName) }
}

/// A version as W&B sees one: an artifact.
struct WandBArtifact: Sendable {
    let version: ArtifactVersion
    /// Of the run that made it, and of its own collection.
    let project: WandBProject

    var id: String { WandBID.text("Artifact", version.id.rawValue) }
}

/// An artifact in a collection.
struct WandBMembership: Sendable {
    let member: ArtifactMembership
    let collection: WandBCollection
    let artifact: WandBArtifact

    var id: String { WandBID.text("ArtifactMembership", "\(member.collection.id)/\(member.number)") }
    var edge: GraphQLEdge {
        GraphQLEdge(
            node: .object(artifact),
            cursor: String(member.number),
            members: ["version": .string("v\(member.number)")]
        )
    }

    func alias(_ alias: String) -> GraphQLOutput {
        .record([
            "id": .string(WandBID.text("ArtifactAlias", "\(member.collection.id)/\(alias)")),
            "alias": .string(alias),
            "artifactCollection": collection.output,
        ])
    }
}

extension WandBContext {
    /// The project that an experiment is.
    func project(_ id: Experiment.ID) async throws(MartletError) -> WandBProject {
        let experiment = try await services.experiments.experiment(id, as: principal)
        return WandBProject(experiment: experiment, principal: principal)
    }

    /// - Throws: `notFound` for what is no id of an artifact.
    func artifactID(_ text: String) throws(MartletError) -> ArtifactVersion.ID {
        guard let id = WandBID.id(text, of: "Artifact") else {
            throw MartletError(.notFound, "artifact \(text.prefix(100)) not found")
        }
        return ArtifactVersion.ID(id)
    }

    func artifact(_ version: ArtifactVersion) async throws(MartletError) -> WandBArtifact {
        WandBArtifact(version: version, project: try await project(version.experimentID))
    }

    /// - Throws: `notFound`.
    func artifact(id text: String) async throws(MartletError) -> WandBArtifact {
        try await artifact(try await services.versions.version(try artifactID(text), as: principal))
    }

    /// - Throws: `notFound`.
    func collection(id text: String) async throws(MartletError) -> WandBCollection {
        guard let id = WandBID.id(text, of: "ArtifactCollection") else {
            throw MartletError(.notFound, "artifact collection \(text.prefix(100)) not found")
        }
        let collection = try await services.versions.collection(ArtifactCollection.ID(id), as: principal)
        return WandBCollection(collection: collection, project: try await project(collection.experimentID))
    }

    func collection(
        _ name: String,
        of project: WandBProject
    ) async throws(MartletError) -> WandBCollection? {
        let found = try await services.versions.collection(
            named: name,
            in: project.experiment.id,
            as: project.principal
        )
        return found.map { WandBCollection(collection: $0, project: project) }
    }

    /// - Throws: `notFound`.
    func requiredCollection(
        _ name: String,
        _ project: String?,
        _ entity: String?
    ) async throws(MartletError) -> WandBCollection {
        if let place = try await self.project(project, of: entity), let found = try await collection(name, of: place) {
            return found
        }
        throw MartletError(.notFound, "artifact collection \(entity ?? "")/\(project ?? "")/\(name) not found")
    }

    /// Members with the projects that they and their artifacts are of; each is asked for once.
    func memberships(_ members: [ArtifactMembership]) async throws(MartletError) -> [WandBMembership] {
        var projects: [Experiment.ID: WandBProject] = [:]
        for member in members {
            for id in [member.collection.experimentID, member.version.experimentID] where projects[id] == nil {
                projects[id] = try await project(id)
            }
        }
        return members.compactMap { member in
            guard let home = projects[member.collection.experimentID],
                let source = projects[member.version.experimentID]
            else { return nil }
            return WandBMembership(
                member: member,
                collection: WandBCollection(collection: member.collection, project: home),
                artifact: WandBArtifact(version: member.version, project: source)
            )
        }
    }

    /// The artifact that `name:alias` means; `nil` for none.
    func membership(_ text: String, of project: WandBProject) async throws(MartletError) -> WandBMembership? {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let name = parts.first, let collection = try await collection(name, of: project) else { return nil }
        return try await membership(parts.count > 1 ? parts[1] : "latest", of: collection)
    }

    func membership(_ alias: String, of collection: WandBCollection) async throws(MartletError) -> WandBMembership? {
        let member = try await services.versions.member(
            of: collection.collection,
            named: alias,
            as: collection.project.principal
        )
        guard let member else { return nil }
        return try await memberships([member]).first
    }
}
