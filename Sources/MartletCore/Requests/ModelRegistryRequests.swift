/// A name to be added to the registry of the current workspace.
package struct CreateRegisteredModel: Sendable {
    package var name: String
    /// What its versions are: `model`, or `prompt`.
    package var type = "model"
    package var description: String
    package var tags: [Tag]

    package init(name: String, description: String = "", tags: [Tag] = []) {
        self.name = name
        self.description = description
        self.tags = tags
    }
}

/// `nil` leaves a field as it is.
package struct RegisteredModelChanges: Sendable {
    package var name: String?
    package var description: String?

    package init(name: String? = nil, description: String? = nil) {
        self.name = name
        self.description = description
    }
}

/// A version to be registered.
package struct CreateModelVersion: Sendable {
    package var model: String
    package var origin: ModelVersion.Origin
    package var runID: Run.ID?
    package var description: String
    package var tags: [Tag]
    /// The folder whose files it has; `nil` when they are not stored here.
    package var files: (owner: ArtifactOwner, folder: ArtifactPath)?
    /// What the logged model that it comes from is told.
    package var note: Note?

    package struct Note: Sendable {
        package var model: LoggedModel.ID
        /// Of the tag of the logged model.
        package var key: String
        /// The new value, of the old one and the number of the version; `nil` to leave it.
        package var text: @Sendable (_ known: String?, _ number: Int64) -> String?

        package init(
            model: LoggedModel.ID,
            key: String,
            text: @escaping @Sendable (_ known: String?, _ number: Int64) -> String?
        ) {
            self.model = model
            self.key = key
            self.text = text
        }
    }

    /// What it has already where it comes from.
    package var kept: Kept?

    package struct Kept: Sendable {
        package var number: Int64
        package var stage: ModelVersion.Stage
        /// Milliseconds since 1970-01-01 UTC.
        package var createdAt: Int64
        /// Milliseconds since 1970-01-01 UTC.
        package var updatedAt: Int64

        package init(number: Int64, stage: ModelVersion.Stage, createdAt: Int64, updatedAt: Int64) {
            self.number = number
            self.stage = stage
            self.createdAt = createdAt
            self.updatedAt = updatedAt
        }
    }

    package init(
        model: String,
        origin: ModelVersion.Origin,
        runID: Run.ID? = nil,
        description: String = "",
        tags: [Tag] = [],
        files: (owner: ArtifactOwner, folder: ArtifactPath)? = nil
    ) {
        self.model = model
        self.origin = origin
        self.runID = runID
        self.description = description
        self.tags = tags
        self.files = files
    }
}

/// `nil` leaves a field as it is.
package struct ModelVersionChanges: Sendable {
    package var description: String?
    package var stage: ModelVersion.Stage?
    /// Whether the other versions of the new stage are archived.
    package var archivesOthers = false

    package init(description: String? = nil, stage: ModelVersion.Stage? = nil, archivesOthers: Bool = false) {
        self.description = description
        self.stage = stage
        self.archivesOthers = archivesOthers
    }
}

/// Which registered models or versions of them a listing shows, in which order.
package struct SearchModelRegistry: Sendable {
    package var filter: Filter?
    package var order: [SearchOrder]
    /// At least 1.
    package var limit: Int
    package var offset: Int

    package init(filter: Filter?, order: [SearchOrder], limit: Int, offset: Int) {
        self.filter = filter
        self.order = order
        self.limit = limit
        self.offset = offset
    }
}
