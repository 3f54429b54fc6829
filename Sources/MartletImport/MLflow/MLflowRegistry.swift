import Foundation
package import MartletCore

/// The parts of a version as MLflow's stores have them.
struct MLflowVersionParts {
    var number: Int64
    var description: String?
    var source: String?
    var location: String?
    var runID: String?
    var runLink: String?
    var user: String?
    var stage: String?
    var createdAt: Int64?
    var updatedAt: Int64?
    var tags: [String: String] = [:]

    static func type(of tags: [String: String]) -> String {
        tags["mlflow.prompt.is_prompt"]?.lowercased() == "true" ? "prompt" : "model"
    }

    /// `nil` for one that was deleted.
    func version() -> ImportedRegisteredModel.Version? {
        let stages: [String: ModelVersion.Stage] = [
            "Staging": .staging, "Production": .production, "Archived": .archived,
        ]
        guard stage != "Deleted_Internal" else { return nil }
        return ImportedRegisteredModel.Version(
            number: number,
            description: description ?? "",
            source: source ?? "",
            location: location ?? source ?? "",
            runID: runID.flatMap { $0.isEmpty ? nil : Run.ID($0) },
            runLink: runLink ?? "",
            user: user ?? "",
            stage: stage.flatMap { stages[$0] } ?? .none,
            tags: tags,
            createdAt: createdAt ?? 0,
            updatedAt: updatedAt ?? createdAt ?? 0
        )
    }
}

extension MLflowDatabase {
    package func registeredModels() async throws(MartletError) -> Found<[ImportedRegisteredModel]> {
        guard columns["registered_models"] != nil, columns["model_versions"] != nil else { return Found([]) }
        let names = ["name", "description", "creation_time", "last_updated_time", "workspace"]
        let sql = "SELECT \(list(names, of: "registered_models")) FROM registered_models ORDER BY name"
        return try await reader.read { queries in
            Found(try queries.rows(sql) { row in try registeredModel(row, queries) })
        }
    }

    private func registeredModel(_ row: SourceRow, _ queries: SQLiteQueries) throws -> ImportedRegisteredModel {
        let (name, workspace) = (row.text(0) ?? "", row.text(4) ?? "default")
        let key: [SourceSQLValue] = [.text(name), .text(workspace)]
        let aliases = try pairs("alias, CAST(version AS TEXT)", of: "registered_model_aliases", key, queries)
        let versions = try queries.rows(
            "SELECT \(list(Self.versionColumns, of: "model_versions")) FROM model_versions WHERE \(named("model_versions"))",
            key
        ) { row in
            var parts = Self.version(row)
            let table = "model_version_tags"
            parts.tags = try pairs("key, value", of: table, key, queries, "AND version = \(parts.number)")
            return parts.version()
        }
        let tags = try pairs("key, value", of: "registered_model_tags", key, queries)
        return ImportedRegisteredModel(
            name: workspace == "default" ? name : "\(workspace)-\(name)",
            type: MLflowVersionParts.type(of: tags),
            description: row.text(1) ?? "",
            tags: tags,
            aliases: aliases.compactMapValues { Int64($0) },
            createdAt: row.integer(2) ?? 0,
            updatedAt: row.integer(3) ?? row.integer(2) ?? 0,
            versions: versions.compactMap { $0 }
        )
    }

    private static let versionColumns = [
        "version", "description", "source", "storage_location", "run_id", "run_link", "user_id", "current_stage",
        "creation_time", "last_updated_time",
    ]

    /// Names are unique in a workspace only; older stores know none.
    private func named(_ table: String) -> String {
        columns[table]?.contains("workspace") == true ? "name = ?1 AND workspace = ?2" : "name = ?1 AND ?2 = ?2"
    }

    /// Two columns of what belongs to a model; empty where the store has no such table.
    private func pairs(
        _ selected: String,
        of table: String,
        _ key: [SourceSQLValue],
        _ queries: SQLiteQueries,
        _ more: String = ""
    ) throws -> [String: String] {
        guard columns[table] != nil else { return [:] }
        let sql = "SELECT \(selected) FROM \(table) WHERE \(named(table)) \(more)"
        let all = try queries.rows(sql, key) { ($0.text(0) ?? "", $0.text(1) ?? "") }
        return Dictionary(all, uniquingKeysWith: { $1 })
    }

    private static func version(_ row: SourceRow) -> MLflowVersionParts {
        MLflowVersionParts(
            number: row.integer(0) ?? 0,
            description: row.text(1),
            source: row.text(2),
            location: row.text(3),
            runID: row.text(4),
            runLink: row.text(5),
            user: row.text(6),
            stage: row.text(7),
            createdAt: row.integer(8),
            updatedAt: row.integer(9)
        )
    }
}

extension MLflowFolder {
    package func registeredModels() async throws(MartletError) -> Found<[ImportedRegisteredModel]> {
        let root = root
        return try await offPool { () throws(MartletError) in
            var found = Found<[ImportedRegisteredModel]>([])
            for folder in FolderText.folders(in: root + "/models").sorted() {
                do throws(MartletError) {
                    found.value.append(try Self.registeredModel(in: "\(root)/models/\(folder)"))
                } catch {
                    found.problems.append(ImportProblem(.failed, of: "registered model in \(folder)", error.message))
                }
            }
            return found
        }
    }

    private static func registeredModel(in folder: String) throws(MartletError) -> ImportedRegisteredModel {
        let meta = try MetaFile(folder + "/meta.yaml")
        let created = meta.integer("creation_timestamp") ?? 0
        let tags = Dictionary(try FolderText.texts(below: folder + "/tags"), uniquingKeysWith: { $1 })
        var model = ImportedRegisteredModel(
            name: try meta.required("name"),
            type: MLflowVersionParts.type(of: tags),
            description: meta.text("description") ?? "",
            tags: tags,
            aliases: [:],
            createdAt: created,
            updatedAt: meta.integer("last_updated_timestamp") ?? created,
            versions: []
        )
        let aliases = Dictionary(try FolderText.texts(below: folder + "/aliases"), uniquingKeysWith: { $1 })
        model.aliases = aliases.compactMapValues { Int64($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        for name in FolderText.folders(in: folder).sorted() where name.hasPrefix("version-") {
            let meta = try MetaFile("\(folder)/\(name)/meta.yaml")
            let parts = MLflowVersionParts(
                number: meta.integer("version") ?? Int64(name.dropFirst("version-".count)) ?? 0,
                description: meta.text("description"),
                source: meta.text("source"),
                location: meta.text("storage_location"),
                runID: meta.text("run_id"),
                runLink: meta.text("run_link"),
                user: meta.text("user_id"),
                stage: meta.text("current_stage"),
                createdAt: meta.integer("creation_timestamp"),
                updatedAt: meta.integer("last_updated_timestamp"),
                tags: Dictionary(try FolderText.texts(below: "\(folder)/\(name)/tags"), uniquingKeysWith: { $1 })
            )
            if let version = parts.version() { model.versions.append(version) }
        }
        return model
    }
}

extension MLflowServer {
    package func registeredModels() async throws(MartletError) -> Found<[ImportedRegisteredModel]> {
        var names: [String] = []
        // Models, then prompts: a search finds one kind at a time.
        for filter in ["", "tags.`mlflow.prompt.is_prompt` = 'true'"] {
            do throws(MartletError) {
                names += try await pages("registered-models/search", [("filter", filter), ("max_results", "500")])
                    .flatMap { $0.list("registered_models") }.compactMap { $0.text("name") }
            } catch {
                // Some servers have no registry, and old ones know no prompts.
                guard [.notFound, .unimplemented, .invalidArgument].contains(error.code) else { throw error }
            }
        }
        var found = Found<[ImportedRegisteredModel]>([])
        for name in Set(names).sorted() { found.value.append(try await registeredModel(name)) }
        return found
    }

    private func pages(
        _ path: String,
        _ query: [(String, String)]
    ) async throws(MartletError) -> [JSONValue] {
        var answers: [JSONValue] = []
        var token: String?
        repeat {
            let answer = try await get(path, query + (token.map { [("page_token", $0)] } ?? []))
            answers.append(answer)
            token = answer.text("next_page_token")
        } while token?.isEmpty == false
        return answers
    }

    private func registeredModel(_ name: String) async throws(MartletError) -> ImportedRegisteredModel {
        let item = try await get("registered-models/get", [("name", name)])["registered_model"] ?? .null
        let created = item.number("creation_timestamp") ?? 0
        let tags = Dictionary(item.pairs("tags"), uniquingKeysWith: { $1 })
        var model = ImportedRegisteredModel(
            name: name,
            type: MLflowVersionParts.type(of: tags),
            description: item.text("description") ?? "",
            tags: tags,
            aliases: [:],
            createdAt: created,
            updatedAt: item.number("last_updated_timestamp") ?? created,
            versions: []
        )
        for alias in item.list("aliases") {
            if let text = alias.text("alias"), let number = alias.number("version") { model.aliases[text] = number }
        }
        let quoted = name.contains("'") ? "\"\(name)\"" : "'\(name)'"
        let prompt = model.type == "prompt" ? " AND tags.`mlflow.prompt.is_prompt` = 'true'" : ""
        let query = [("filter", "name = \(quoted)\(prompt)"), ("max_results", "1000")]
        for answer in try await pages("model-versions/search", query) {
            for item in answer.list("model_versions") { try await add(item, to: &model) }
        }
        return model
    }

    private func add(_ item: JSONValue, to model: inout ImportedRegisteredModel) async throws(MartletError) {
        guard let number = item.number("version") else { return }
        // Where its files are is told by another question only.
        let place = try await get(
            "model-versions/get-download-uri",
            [("name", model.name), ("version", String(number))]
        )
        let parts = MLflowVersionParts(
            number: number,
            description: item.text("description"),
            source: item.text("source"),
            location: place.text("artifact_uri"),
            runID: item.text("run_id"),
            runLink: item.text("run_link"),
            user: item.text("user_id"),
            stage: item.text("current_stage"),
            createdAt: item.number("creation_timestamp"),
            updatedAt: item.number("last_updated_timestamp"),
            tags: Dictionary(item.pairs("tags"), uniquingKeysWith: { $1 })
        )
        if let version = parts.version() { model.versions.append(version) }
    }
}
