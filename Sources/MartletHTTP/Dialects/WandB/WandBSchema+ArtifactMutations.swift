import MartletCore
import MartletGraphQL

/// How artifacts and collections are changed, used, linked and deleted.
extension WandBSchema {
    static func addArtifactMutations(to schema: inout Builder) {
        schema.input(
            "ArtifactCollectionAliasInput",
            ["alias: String!", "artifactCollectionName: String!", "entityName: String!", "projectName: String!"]
        )
        schema.mutation { mutation in
            mutation.mutation(
                "useArtifact",
                input: [
                    "artifactID: ID!", "entityName: String", "projectName: String!", "runName: String!",
                    "usedAs: String",
                    "artifactEntityName: String", "artifactProjectName: String",
                ],
                payload: ["artifact": "Artifact"]
            ) { call, input in
                let context = call.context
                let artifact = try await context.artifact(id: try input.requiredID("artifactID"))
                let run = try await context.writableRun(input)
                try await context.services.versions.note(
                    .input,
                    of: run.run.id,
                    artifact.version.id,
                    as: context.principal
                )
                return .record(["artifact": .object(artifact)])
            }
            mutation.mutation(
                "updateArtifact",
                input: [
                    "artifactID: ID!", "description: String", "metadata: JSONString", "labels: JSONString",
                    "ttlDurationSeconds: Int64", "aliases: [ArtifactAliasInput!]", "tagsToAdd: [TagInput!]",
                    "tagsToDelete: [TagInput!]",
                ],
                payload: ["artifact": "Artifact"],
                updateArtifact
            )
            mutation.mutation(
                "deleteArtifact",
                input: ["artifactID: ID!", "deleteAliases: Boolean"],
                payload: ["artifact": "Artifact", "success": "Boolean"]
            ) { call, input in
                let artifact = try await call.context.artifact(id: try input.requiredID("artifactID"))
                try await call.context.services.versions.delete(
                    artifact.version.id,
                    withAliases: try input.bool("deleteAliases") ?? false,
                    as: call.context.principal
                )
                return .record(["artifact": .object(artifact), "success": true])
            }
            for name in ["addAliases", "deleteAliases"] {
                mutation.mutation(
                    name,
                    input: ["artifactID: ID!", "aliases: [ArtifactCollectionAliasInput!]!"],
                    payload: ["success": "Boolean!"]
                ) { call, input in try await changeAliases(call, input, areAdded: name == "addAliases") }
            }
            addLinkMutations(to: &mutation)
            addCollectionMutations(to: &mutation)
        }
    }

    private static func updateArtifact(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let artifact = try await context.artifact(id: try input.requiredID("artifactID"))
        var changes = VersionChanges()
        changes.description = try input.string("description")
        changes.metadata = try input.string("metadata")
        changes.addedTags = try input.tags("tagsToAdd")
        changes.removedTags = try input.tags("tagsToDelete")
        changes.lifetime = try input.lifetime()
        let id = artifact.version.id
        var version = try await context.services.versions.update(id, changes, as: context.principal)
        // Older clients send the whole list.
        if input.contains("aliases"), input.list("aliases") != nil {
            let wanted = try input.aliases("aliases")
            let own = try await context.services.versions.collection(version.collectionID, as: context.principal)
            try await context.services.versions.setAliases(
                wanted,
                removing: version.aliases.filter { !wanted.contains($0) },
                of: id,
                in: own,
                as: context.principal
            )
            version = try await context.services.versions.version(id, as: context.principal)
        }
        return .record(["artifact": .object(try await context.artifact(version))])
    }

    private static func changeAliases(
        _ call: Call,
        _ input: GraphQLArguments,
        areAdded: Bool
    ) async throws -> GraphQLOutput {
        let context = call.context
        let id = try context.artifactID(try input.requiredID("artifactID"))
        // All are looked at before the first is changed, and those of a collection change at once.
        var places: [(collection: ArtifactCollection, aliases: [String])] = []
        for change in try input.requiredObjects("aliases") {
            let found = try await context.requiredCollection(
                try change.requiredString("artifactCollectionName"),
                try change.string("projectName"),
                try change.string("entityName")
            )
            let alias = try change.requiredString("alias")
            if areAdded { try ArtifactVersionService.checkAliases([alias]) }
            if let index = places.firstIndex(where: { $0.collection.id == found.collection.id }) {
                places[index].aliases.append(alias)
            } else {
                places.append((found.collection, [alias]))
            }
        }
        for place in places {
            try await context.services.versions.setAliases(
                areAdded ? place.aliases : [],
                removing: areAdded ? [] : place.aliases,
                of: id,
                in: place.collection,
                as: context.principal
            )
        }
        return .record(["success": true])
    }

    // MARK: links

    private static func addLinkMutations(to mutation: inout GraphQLRootBuilder<WandBContext>) {
        mutation.mutation(
            "linkArtifact",
            input: [
                "artifactID: ID", "clientID: ID", "artifactPortfolioID: ID", "artifactPortfolioName: String",
                "entityName: String", "projectName: String", "aliases: [ArtifactAliasInput!]",
            ],
            payload: ["versionIndex": "Int", "artifactMembership": "ArtifactCollectionMembership"],
            link
        )
        mutation.mutation(
            "unlinkArtifact",
            input: ["artifactID: ID!", "artifactPortfolioID: ID!"],
            payload: ["artifactID": "ID!", "success": "Boolean!"]
        ) { call, input in
            let text = try input.requiredID("artifactID")
            let portfolio = try await call.context.collection(id: try input.requiredID("artifactPortfolioID"))
            try await call.context.services.versions.unlink(
                try call.context.artifactID(text),
                from: portfolio.collection.id,
                as: call.context.principal
            )
            return .record(["artifactID": .string(text), "success": true])
        }
    }

    private static func link(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let id: ArtifactVersion.ID
        if let text = try input.id("artifactID") {
            id = try context.artifactID(text)
        } else {
            let name = try input.requiredID("clientID")
            let found = try await context.services.versions.version(foreignID: name, as: context.principal)
            guard let found else { throw MartletError(.notFound, "artifact \(name.prefix(100)) not found") }
            id = found
        }
        let place: (name: String, experiment: Experiment.ID)
        if let portfolio = try input.id("artifactPortfolioID") {
            let collection = try await context.collection(id: portfolio).collection
            place = (collection.name, collection.experimentID)
        } else {
            let made = try await context.madeProject(
                try input.string("projectName"),
                of: try input.string("entityName")
            )
            place = (try input.requiredString("artifactPortfolioName"), made.project.experiment.id)
        }
        let home = try await context.project(place.experiment)
        if !home.registryTypes.isEmpty {
            let type = try await context.services.versions.version(id, as: context.principal).type
            guard home.registryTypes.contains(type) else {
                throw MartletError(
                    .invalidArgument,
                    "'\(home.experiment.name)' takes artifacts of the types \(home.registryTypes.joined(separator: ", ")), "
                        + "and not '\(type)'"
                )
            }
        }
        let member = try await context.services.versions.link(
            id,
            toPortfolio: place.name,
            in: place.experiment,
            aliases: try input.aliases("aliases"),
            as: context.principal
        )
        let membership = try await context.memberships([member]).first
        return .record(["versionIndex": .int(member.number), "artifactMembership": .object(membership)])
    }

    // MARK: collections

    private static func addCollectionMutations(to mutation: inout GraphQLRootBuilder<WandBContext>) {
        for kind in ["Sequence", "Portfolio"] {
            let id = "artifact\(kind)ID"
            mutation.mutation(
                "updateArtifact\(kind)",
                input: ["\(id): ID!", "name: String", "description: String"],
                payload: ["artifactCollection": "ArtifactCollection"]
            ) { call, input in
                var changes = CollectionChanges()
                changes.name = try input.string("name")
                changes.description = try input.string("description")
                return try await change(try input.requiredID(id), changes, call)
            }
            mutation.mutation(
                "deleteArtifact\(kind)",
                input: ["\(id): ID!"],
                payload: ["artifactCollection": "ArtifactCollection"]
            ) { call, input in
                let collection = try await call.context.collection(id: try input.requiredID(id))
                try await call.context.services.versions.delete(collection.collection.id, as: call.context.principal)
                let deleted = GraphQLOutput.record(["state": "DELETED"], as: collection.typeName)
                return .record(["artifactCollection": deleted])
            }
        }
        mutation.mutation(
            "moveArtifactSequence",
            input: ["artifactSequenceID: ID!", "destinationArtifactTypeName: String!"],
            payload: ["artifactCollection": "ArtifactCollection"]
        ) { call, input in
            var changes = CollectionChanges()
            changes.type = try input.requiredString("destinationArtifactTypeName")
            return try await change(try input.requiredID("artifactSequenceID"), changes, call)
        }
        for name in ["create", "delete"] {
            mutation.mutation(
                "\(name)ArtifactCollectionTagAssignments",
                input: [
                    "entityName: String!", "projectName: String!", "artifactCollectionName: String!",
                    "tags: [TagInput!]!",
                ],
                payload: ["tags": "[Tag!]!", "success": "Boolean!"]
            ) { call, input in
                let collection = try await call.context.requiredCollection(
                    try input.requiredString("artifactCollectionName"),
                    try input.string("projectName"),
                    try input.string("entityName")
                )
                var changes = CollectionChanges()
                if name == "create" {
                    changes.addedTags = try input.tags("tags")
                } else {
                    changes.removedTags = try input.tags("tags")
                }
                let changed = try await call.context.services.versions.update(
                    collection.collection.id,
                    changes,
                    as: call.context.principal
                )
                return .record(["tags": .list(changed.tags.map { tag($0) }), "success": true])
            }
        }
    }

    private static func change(
        _ id: String,
        _ changes: CollectionChanges,
        _ call: Call
    ) async throws -> GraphQLOutput {
        let known = try await call.context.collection(id: id)
        let changed = try await call.context.services.versions.update(
            known.collection.id,
            changes,
            as: call.context.principal
        )
        return .record(["artifactCollection": WandBCollection(collection: changed, project: known.project).output])
    }
}
