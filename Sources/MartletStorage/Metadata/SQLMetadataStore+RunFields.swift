import Foundation
import MartletCore

// The fields of runs that somebody wants to see, a few questions for all of them.
extension SQLMetadataStore {
    private static let rowsByNumber = BatchedQuery { "SELECT \(columnNames) FROM run WHERE number IN \($0)" }

    /// Runs by number, in the order of the numbers, with the fields that are wanted.
    static func runs(_ numbers: [Int64], fields: RunFields, on connection: any SQLConnection) throws -> [Run] {
        var rows: [Int64: RunRow] = [:]
        try rowsByNumber.forEachRow(of: numbers, on: connection) { rows[$0.integer(0)] = row($0) }
        return try hydrate(numbers.compactMap { rows[$0] }, fields: fields, on: connection)
    }

    private static let paramsByRun = BatchedQuery {
        "SELECT run, key, value FROM run_param WHERE run IN \($0) ORDER BY run, key"
    }
    private static let tagsByRun = BatchedQuery {
        "SELECT run, key, value FROM run_tag WHERE run IN \($0) ORDER BY run, key"
    }

    static func hydrate(
        _ rows: [RunRow],
        fields: RunFields,
        on connection: any SQLConnection
    ) throws -> [Run] {
        let numbers = rows.map(\.number)
        var places: [Int64: Int] = [:]
        for (place, number) in numbers.enumerated() { places[number] = place }
        var runs = rows.map(\.run)
        if fields.params != [] {
            let wanted = fields.params.map(Set.init)
            try pairs(paramsByRun, numbers, wanted, on: connection) { number, key, value in
                if let place = places[number] { runs[place].params.append(Param(key: key, value: value)) }
            }
        }
        if fields.tags != [] {
            let wanted = fields.tags.map(Set.init)
            try pairs(tagsByRun, numbers, wanted, on: connection) { number, key, value in
                if let place = places[number] { runs[place].tags.append(Tag(key: key, value: value)) }
            }
        }
        if fields.metrics != [] {
            let summaries = try MetricReader.summaries(runs: numbers, keys: fields.metrics, on: connection)
            for (number, metrics) in summaries {
                if let place = places[number] { runs[place].metrics = metrics }
            }
        }
        if fields.summary != [] {
            try SummaryRows.add(fields.summary, to: &runs, numbers, places, on: connection)
        }
        if fields.inputs {
            try addDatasets(to: &runs, numbers, places, on: connection)
            try addModels(to: &runs, numbers, places, on: connection)
        }
        return runs
    }

    private static func pairs(
        _ query: BatchedQuery,
        _ numbers: [Int64],
        _ wanted: Set<String>?,
        on connection: any SQLConnection,
        _ body: (Int64, String, String) -> Void
    ) throws {
        try query.forEachRow(of: numbers, on: connection) { row in
            let key = row.text(1)
            if wanted?.contains(key) ?? true { body(row.integer(0), key, row.text(2)) }
        }
    }

    private static let datasetsByRun = BatchedQuery {
        """
        SELECT run_dataset.run, dataset.name, dataset.digest, source_type, source, schema, profile, run_dataset.tags
        FROM run_dataset JOIN dataset ON dataset.id = run_dataset.dataset
        WHERE run_dataset.run IN \($0) ORDER BY run_dataset.run, dataset.id
        """
    }
    private static let modelsByRun = BatchedQuery {
        "SELECT run, model, is_output, step FROM run_model WHERE run IN \($0) ORDER BY run, model"
    }

    private static func addDatasets(
        to runs: inout [Run],
        _ numbers: [Int64],
        _ places: [Int64: Int],
        on connection: any SQLConnection
    ) throws {
        try datasetsByRun.forEachRow(of: numbers, on: connection) { row in
            guard let place = places[row.integer(0)] else { return }
            let input = DatasetInput(
                name: row.text(1),
                digest: row.text(2),
                sourceType: row.text(3),
                source: row.text(4),
                schema: row.optionalText(5),
                profile: row.optionalText(6),
                tags: try decodeTags(row.text(7))
            )
            runs[place].datasets.append(input)
        }
    }

    private static func addModels(
        to runs: inout [Run],
        _ numbers: [Int64],
        _ places: [Int64: Int],
        on connection: any SQLConnection
    ) throws {
        try modelsByRun.forEachRow(of: numbers, on: connection) { row in
            guard let place = places[row.integer(0)] else { return }
            let model = LoggedModel.ID(row.text(1))
            if row.flag(2) {
                runs[place].modelOutputs.append(ModelOutput(modelID: model, step: row.integer(3)))
            } else {
                runs[place].modelInputs.append(ModelInput(modelID: model))
            }
        }
    }

    private static func decodeTags(_ text: String) throws -> [Tag] {
        try JSONDecoder().decode([Tag].self, from: Data(text.utf8))
    }
}
