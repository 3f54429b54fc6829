import MartletCore

/// One run on its way. A small one without files goes in one request; of any other the head goes first and the run is
/// in the bin until all has come.
struct CarriedRun {
    let importer: Importer
    let source: SourceRun
    let experiment: Experiment.ID
    var problems: [ImportProblem]

    /// - Throws: `conflict` when another run of the id is there.
    mutating func carry(_ state: ImportStates.RunState?) async throws(MartletError) -> ImportOutcome {
        try ImportService.checkRunID(source.run.id)
        switch state?.kind {
        case .whole where state?.revision == source.revision:
            problems = []
            return .present
        case .whole:
            throw MartletError(
                .conflict,
                "it was imported before and has changed in the source since; it was left as it is"
            )
        case .native: throw MartletError(.conflict, "a run with this id was made there; it was left as it is")
        case .partial, nil: break
        }
        var run = source.run
        run.experimentID = experiment
        problems += Cleaning.clean(&run)
        let files = try await importer.source.files(of: source.artifacts)
        problems += files.problems
        var reader = try await importer.source.points(of: source)
        let first = try await next(&reader)
        let second = first == nil ? nil : try await next(&reader)
        if importer.options.isDryRun {
            try await count(first, second, &reader, files.value)
            return state == nil ? .created : .resumed
        }
        let isWhole = files.value.isEmpty && second == nil
        let outcome = try await importer.destination.importRun(
            ImportedRun(run: run, revision: source.revision, isWhole: isWhole),
            points: first ?? LogBatch()
        )
        importer.progress.add(points: first?.pointCount ?? 0)
        guard !isWhole else { return outcome }
        var batch = second
        while let points = batch {
            try await importer.destination.importPoints(points, of: run.id)
            importer.progress.add(points: points.pointCount)
            batch = try await next(&reader)
        }
        for file in files.value { try await importer.carry(file, of: source.artifacts) }
        try await importer.destination.finish(run.id, stage: run.stage)
        return outcome
    }

    private mutating func next(_ reader: inout any PointReader) async throws(MartletError) -> LogBatch? {
        guard var found = try await reader.next() else { return nil }
        problems += found.problems + Cleaning.clean(&found.value, of: source.run.id)
        return found.value
    }

    private mutating func count(
        _ first: LogBatch?,
        _ second: LogBatch?,
        _ reader: inout any PointReader,
        _ files: [SourceFile]
    ) async throws(MartletError) {
        var batch = first
        var following = second
        while let points = batch {
            importer.progress.add(points: points.pointCount)
            batch = following
            following = batch == nil ? nil : try await next(&reader)
        }
        for file in files { try await importer.carry(file, of: source.artifacts) }
    }
}
