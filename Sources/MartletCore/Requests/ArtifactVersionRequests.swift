/// A version to be made, or to be found where its content is known.
package struct CreateArtifactVersion: Sendable {
    package var experimentID: Experiment.ID
    /// Made where it is not there.
    package var collection: String
    /// The registered model that it is a version of, instead of a collection by name.
    package var model: ArtifactCollection.ID?
    package var type: String
    /// Names the content; empty where it is not known yet.
    package var digest: String
    package var description = ""
    /// A JSON object.
    package var metadata = "{}"
    package var tags: [String] = []
    /// Given once it is committed, beside `latest`.
    package var aliases: [String] = []
    package var runID: Run.ID?
    package var step: Int64?
    /// Seconds that it is kept; `nil` for ever.
    package var lifetime: Int64?
    /// The client's own name for it, by which other clients may ask for its id.
    package var foreignID: String?
    /// Several programs that name the same one make one version together.
    package var sharedID: String?
    /// Whether a committed version of the same digest is taken instead.
    package var takesKnown = true

    package init(experimentID: Experiment.ID, collection: String, type: String, digest: String) {
        self.experimentID = experimentID
        self.collection = collection
        self.type = type
        self.digest = digest
    }
}

/// What a version is said to hold under a path.
package struct VersionEntry: Sendable, Equatable {
    package var path: String
    package var size: Int64?
    /// 32 lower-case hexadecimal digits; `nil` for a reference.
    package var md5: String?
    /// Those of the parts in which it would come, in order; empty where it comes whole.
    package var partMD5s: [String] = []
    /// The version whose content is meant, where it was not sent for this one.
    package var source: ArtifactVersion.ID?
    package var reference: VersionFile.Reference?

    package init(
        path: String,
        size: Int64?,
        md5: String?,
        source: ArtifactVersion.ID?,
        reference: VersionFile.Reference?
    ) {
        self.path = path
        self.size = size
        self.md5 = md5
        self.source = source
        self.reference = reference
    }
}

/// `nil` leaves a field as it is.
package struct VersionChanges: Sendable, Equatable {
    package var description: String?
    /// A JSON object.
    package var metadata: String?
    package var addedTags: [String] = []
    package var removedTags: [String] = []
    /// Seconds that it is kept; `.some(nil)` for ever.
    package var lifetime: Int64??

    package init() {}
}

/// `nil` leaves a field as it is.
package struct CollectionChanges: Sendable, Equatable {
    package var name: String?
    package var type: String?
    package var description: String?
    package var addedTags: [String] = []
    package var removedTags: [String] = []

    package init() {}
}

/// Which version of a collection is meant.
package enum VersionChoice: Sendable, Equatable {
    case number(Int64)
    case alias(String)
    case digest(String)

    /// What `v3`, an alias or a digest may mean, in the order in which it is tried. No alias looks like `v3`.
    package static func choices(_ text: String) -> [VersionChoice] {
        var choices: [VersionChoice] = []
        if text.hasPrefix("v"), let number = Int64(text.dropFirst()), text == "v\(number)", number >= 0 {
            choices.append(.number(number))
        }
        return choices + [.alias(text), .digest(text)]
    }
}
