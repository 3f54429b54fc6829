/// What a filter or an order is about.
package enum SearchSubject: Sendable {
    case runs
    case experiments
    case loggedModels
    case registeredModels
    case modelVersions
}

/// How strictly a text is read.
package enum SearchSyntax: Sendable {
    /// What MLflow accepts, with `OR`, `NOT`, parentheses and functions of metrics beside it.
    case mlflow
    /// All of that, with unquoted values, lists everywhere, dates, durations, more attributes and free words.
    case martlet
}

/// The names by which each subject's attributes go.
struct SearchVocabulary {
    let subject: SearchSubject
    let syntax: SearchSyntax
    /// Whether an order is read: MLflow orders some things by what it has no conditions for.
    var isOrder = false

    /// Attributes that are compared as numbers.
    static let numeric: Set<SearchAttribute> = [
        .startedAt, .endedAt, .createdAt, .updatedAt, .duration, .heartbeatAt, .versionNumber,
    ]

    /// The attribute of a name; `nil` for an unknown one.
    func attribute(named name: String) -> SearchAttribute? {
        if let attribute = names[name] { return attribute }
        return syntax == .martlet ? moreNames[name] : nil
    }

    /// Names for a message, in the way that Python prints a set.
    var validNames: String {
        let all = syntax == .mlflow ? Array(names.keys) : Array(names.keys) + Array(moreNames.keys)
        return Self.pythonSet(all)
    }

    static func pythonSet(_ names: [String]) -> String {
        "{" + Set(names).sorted().map { "'\($0)'" }.joined(separator: ", ") + "}"
    }

    /// Whether MLflow compares the attribute with lists.
    func takesList(_ attribute: SearchAttribute) -> Bool {
        switch subject {
        case .runs: attribute == .id
        case .experiments: attribute == .experimentID
        case .loggedModels: true
        case .registeredModels: attribute == .name
        case .modelVersions: attribute == .name || attribute == .sourceRunID
        }
    }

    private var names: [String: SearchAttribute] {
        switch subject {
        case .runs: Self.runNames
        case .experiments: Self.experimentNames
        case .loggedModels: Self.modelNames
        case .registeredModels: isOrder ? Self.registeredOrders : ["name": .name]
        case .modelVersions: isOrder ? Self.versionOrders : Self.versionNames
        }
    }

    private var moreNames: [String: SearchAttribute] {
        switch subject {
        case .runs: Self.moreRunNames
        case .experiments: Self.moreExperimentNames
        case .loggedModels: Self.moreModelNames
        case .registeredModels, .modelVersions: [:]
        }
    }

    private static let runNames: [String: SearchAttribute] = [
        "run_id": .id, "run_name": .name, "run name": .name, "Run name": .name, "Run Name": .name, "status": .status,
        "user_id": .user, "artifact_uri": .artifactURI, "start_time": .startedAt, "created": .startedAt,
        "Created": .startedAt, "end_time": .endedAt,
    ]
    private static let moreRunNames: [String: SearchAttribute] = [
        "id": .id, "name": .name, "user": .user, "started": .startedAt, "ended": .endedAt, "updated": .updatedAt,
        "duration": .duration, "heartbeat": .heartbeatAt, "purpose": .purpose, "notes": .notes,
        "experiment_id": .experimentID,
    ]
    private static let experimentNames: [String: SearchAttribute] = [
        "name": .name, "experiment_id": .experimentID, "creation_time": .createdAt, "last_update_time": .updatedAt,
    ]
    private static let moreExperimentNames: [String: SearchAttribute] = [
        "id": .experimentID, "created": .createdAt, "updated": .updatedAt, "purpose": .purpose,
    ]
    private static let modelNames: [String: SearchAttribute] = [
        "name": .name, "model_id": .id, "model_type": .modelType, "status": .status, "source_run_id": .sourceRunID,
        "creation_timestamp": .createdAt, "creation_time": .createdAt, "last_updated_timestamp": .updatedAt,
        "last_updated_time": .updatedAt, "experiment_id": .experimentID, "artifact_uri": .artifactURI,
    ]
    private static let moreModelNames: [String: SearchAttribute] = [
        "id": .id, "type": .modelType, "created": .createdAt, "updated": .updatedAt,
    ]

    private static let registeredOrders: [String: SearchAttribute] = [
        "name": .name, "timestamp": .updatedAt, "last_updated_timestamp": .updatedAt,
    ]
    private static let versionNames: [String: SearchAttribute] = [
        "name": .name, "version_number": .versionNumber, "run_id": .sourceRunID, "source_path": .source,
    ]
    private static let versionOrders: [String: SearchAttribute] = [
        "name": .name, "version_number": .versionNumber, "creation_timestamp": .createdAt,
        "last_updated_timestamp": .updatedAt,
    ]

    /// Tags of runs that are kept as fields.
    static let runTags: [String: SearchAttribute] = [
        "mlflow.runName": .name, "mlflow.note.content": .notes,
    ]

    /// What the words that begin a path stand for.
    enum Entity {
        case metric
        /// Of runs, in Martlet's syntax.
        case summary
        case parameter
        case tag
        case attribute
        case dataset
    }

    func known(_ name: String) -> Entity? {
        let entity = Self.entities[name]
        return entity == .summary && (subject != .runs || syntax != .martlet) ? nil : entity
    }

    /// - Throws: `invalidArgument` with MLflow's message.
    func entity(_ name: String) throws(MartletError) -> Entity {
        let entity = known(name)
        switch subject {
        case .runs:
            guard let entity else {
                throw MartletError(
                    .invalidArgument,
                    "Invalid entity type '\(name)'. Valid values are "
                        + "['metric', 'parameter', 'tag', 'attribute', 'dataset']"
                )
            }
            return entity
        case .experiments, .registeredModels, .modelVersions:
            let isKnown = entity == .tag || name == "attribute" || (syntax == .martlet && entity == .attribute)
            guard isKnown, let entity else {
                throw MartletError(
                    .invalidArgument,
                    "Invalid entity type '\(name)'. Valid entity types are ('attribute', 'tag', 'tags')"
                )
            }
            return entity
        case .loggedModels:
            let strict = ["attributes", "metrics", "params", "tags"]
            let isKnown = syntax == .martlet ? entity != .dataset : strict.contains(name)
            guard isKnown, let entity else {
                throw MartletError(
                    .invalidArgument,
                    "Invalid entity type: '\(name)'. Expected one of ['attributes', 'metrics', 'params', 'tags']."
                )
            }
            return entity
        }
    }

    static let entities: [String: Entity] = [
        "metric": .metric, "metrics": .metric, "summary": .summary, "parameter": .parameter, "parameters": .parameter,
        "param": .parameter,
        "params": .parameter, "tag": .tag, "tags": .tag, "attribute": .attribute, "attr": .attribute,
        "attributes": .attribute, "run": .attribute, "dataset": .dataset, "datasets": .dataset,
    ]
}
