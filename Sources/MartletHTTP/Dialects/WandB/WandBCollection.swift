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

    func alias(_ alias: String) -> GraphQLOutput {
        .record([
            "id": .string(WandBID.text("ArtifactAlias", "\(collection.id)/\(alias)")),
            "alias": .string(alias),
            "artifactCollection": output,
        ])
    }
}

/// A version as W&B sees one: an artifact.
struct WandBArtifact: Sendable {
    let version: ArtifactVersion
    /// Of the run that made it, and of its own collection.
    let project: WandBProject
    /// The collections that it is in, its own first; none before it is committed.
    let members: [ArtifactMembership]
    /// Those of the collections.
    let projects: [Experiment.ID: WandBProject]

    var memberships: [WandBMembership] {
        members.compactMap { member in
            projects[member.collection.experimentID].map { home in
                let collection = WandBCollection(collection: member.collection, project: home)
                return WandBMembership(member: member, collection: collection, artifact: self)
            }
        }
    }

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

    /// With its number, as `v0`: clients take the version of a link from there.
    var aliases: [GraphQLOutput] { (member.aliases + ["v\(member.number)"]).map { collection.alias($0) } }
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
        try await artifacts([version])[0]
    }

    /// With all that lists show of them, by a few questions for all.
    func artifacts(_ versions: [ArtifactVersion]) async throws(MartletError) -> [WandBArtifact] {
        let members = try await services.versions.memberships(of: versions.map(\.id), as: principal)
        var projects: [Experiment.ID: WandBProject] = [:]
        for id in Set(versions.map(\.experimentID) + members.map(\.collection.experimentID)) {
            projects[id] = try await project(id)
        }
        // A registry that was deleted takes its links along.
        let shown = members.filter { member in
            let place = member.collection.experimentID
            return place == member.version.experimentID || projects[place]?.experiment.stage == .active
        }
        let byVersion = Dictionary(grouping: shown, by: \.version.id)
        return versions.compactMap { version in
            projects[version.experimentID].map { project in
                WandBArtifact(
                    version: version,
                    project: project,
                    members: byVersion[version.id] ?? [],
                    projects: projects
                )
            }
        }
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

    /// Members with their artifacts, by a few questions for all.
    func memberships(_ members: [ArtifactMembership]) async throws(MartletError) -> [WandBMembership] {
        let artifacts = try await artifacts(members.map(\.version))
        return zip(members, artifacts).compactMap { member, artifact in
            artifact.memberships.first { $0.member.collection.id == member.collection.id }
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
