package import MartletCore

/// Reads a source from end to end and writes it to a destination. Can be started again at any time: what is whole is
/// skipped, what is there in part goes on.
package struct Importer: Sendable {
    package struct Options: Sendable {
        /// Only the experiment of this name; `nil` for all.
        package var experiment: String?
        /// Reads and checks everything, writes nothing.
        package var isDryRun: Bool
        /// Runs that are carried at the same time.
        package var width: Int

        package init(experiment: String? = nil, isDryRun: Bool = false, width: Int = 8) {
            self.experiment = experiment
            self.isDryRun = isDryRun
            self.width = width
        }
    }

    let source: any ImportSource
    let destination: any ImportDestination
    let options: Options
    package let progress: ImportProgress

    package init(
        from source: any ImportSource,
        to destination: any ImportDestination,
        options: Options,
        progress: ImportProgress
    ) {
        self.source = source
        self.destination = destination
        self.options = options
        self.progress = progress
    }

    /// Never throws: what ended the import early stands in the report, with all that was done before.
    package func run() async -> ImportReport {
        let start = ContinuousClock.now
        var report = ImportReport(
            source: source.summary,
            destination: destination.summary,
            isDryRun: options.isDryRun
        )
        do throws(MartletError) {
            try await carryAll(&report)
        } catch {
            report.stoppedBecause = error.message
        }
        let counts = progress.now
        (report.points, report.files, report.bytes) = (counts.points, counts.files, counts.bytes)
        let elapsed = ContinuousClock.now - start
        report.seconds =
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1_000_000_000_000_000_000
        return report
    }

    private func carryAll(_ report: inout ImportReport) async throws(MartletError) {
        let found = try await source.experiments()
        report.problems += found.problems
        report.notCarried = try await source.leftovers()
        let wanted = found.value.filter { options.experiment == nil || $0.imported.name == options.experiment }
        if let name = options.experiment, wanted.isEmpty {
            throw MartletError(.notFound, "the source has no experiment '\(name)'")
        }
        for var experiment in wanted {
            report.problems += Cleaning.clean(&experiment)
            experiment.imported.isDryRun = options.isDryRun
            let place: ImportedExperimentPlace
            do throws(MartletError) {
                place = try await destination.importExperiment(experiment.imported)
            } catch {
                // Not found is the workspace that everything was to go into.
                guard !endsAll(error), error.code != .notFound else { throw error }
                let owner = "experiment '\(experiment.imported.name.prefix(100))'"
                report.problems.append(ImportProblem(.failed, of: owner, error.message))
                continue
            }
            report.experiments.append(
                ImportReport.ExperimentLine(
                    name: experiment.imported.name,
                    from: experiment.id,
                    to: place.id?.description,
                    outcome: place.outcome
                )
            )
            // A dry run of an experiment without a number writes nothing that would need one.
            let id = place.id ?? Experiment.ID(0)
            try await carryModels(of: experiment, to: id, &report)
            try await carryRuns(of: experiment, to: id, &report)
        }
        if options.experiment == nil { try await carryRegistry(&report) }
    }

    /// Last, when the runs and models are here whose files the versions keep.
    private func carryRegistry(_ report: inout ImportReport) async throws(MartletError) {
        let found = try await source.registeredModels()
        report.problems += found.problems
        for var model in found.value {
            report.problems += Cleaning.clean(&model)
            do throws(MartletError) {
                let outcome = options.isDryRun ? .created : try await destination.importRegisteredModel(model)
                report.registeredModels.count(outcome)
            } catch {
                guard !endsAll(error) else { throw error }
                let isConflict = error.code == .conflict
                if isConflict { report.registeredModels.conflicts += 1 } else { report.registeredModels.failed += 1 }
                let owner = "registered model '\(model.name.prefix(100))'"
                report.problems.append(ImportProblem(isConflict ? .conflict : .failed, of: owner, error.message))
            }
        }
    }

    /// Whether no later request can go better.
    private func endsAll(_ error: MartletError) -> Bool {
        switch error.code {
        case .unavailable, .unauthenticated, .permissionDenied, .storageFull, .cancelled, .rateLimited: true
        default: false
        }
    }

    // MARK: runs

    private func carryRuns(
        of experiment: SourceExperiment,
        to id: Experiment.ID,
        _ report: inout ImportReport
    ) async throws(MartletError) {
        var mark: String?
        repeat {
            let page = try await source.runs(of: experiment, after: mark)
            report.problems += page.problems
            mark = page.next
            for start in stride(from: 0, to: page.runs.count, by: ImportService.mostStates) {
                let part = Array(page.runs[start..<min(start + ImportService.mostStates, page.runs.count)])
                let states = try await destination.states(runs: part.map(\.run.id), models: [])
                try await carry(part, states.runs, to: id, &report)
            }
        } while mark != nil
    }

    private func carry(
        _ runs: [SourceRun],
        _ states: [String: ImportStates.RunState],
        to id: Experiment.ID,
        _ report: inout ImportReport
    ) async throws(MartletError) {
        let results = await withTaskGroup(of: RunResult.self) { group in
            var results: [RunResult] = []
            var isStopped = false
            var waiting = runs.makeIterator()
            for _ in 0..<options.width {
                guard let run = waiting.next() else { break }
                group.addTask { await carry(run, states[run.run.id.rawValue], to: id) }
            }
            while let result = await group.next() {
                if let failure = result.failure, endsAll(failure) { isStopped = true }
                results.append(result)
                if !isStopped, let run = waiting.next() {
                    group.addTask { await carry(run, states[run.run.id.rawValue], to: id) }
                }
            }
            return results
        }
        var end: MartletError?
        for result in results {
            report.problems += result.problems
            if let failure = result.failure {
                if endsAll(failure) { end = failure }
                let isConflict = failure.code == .conflict
                if isConflict { report.runs.conflicts += 1 } else { report.runs.failed += 1 }
                report.problems.append(
                    ImportProblem(isConflict ? .conflict : .failed, of: "run \(result.id)", failure.message)
                )
            }
            report.runs.count(result.outcome)
        }
        if let end { throw end }
    }

    private struct RunResult: Sendable {
        var id: Run.ID
        var outcome: ImportOutcome?
        var problems: [ImportProblem] = []
        var failure: MartletError?
    }

    private func carry(
        _ source: SourceRun,
        _ state: ImportStates.RunState?,
        to experiment: Experiment.ID
    ) async -> RunResult {
        var carried = CarriedRun(
            importer: self,
            source: source,
            experiment: experiment,
            problems: source.problems
        )
        var result = RunResult(id: source.run.id)
        do throws(MartletError) {
            result.outcome = try await carried.carry(state)
        } catch {
            result.failure = error
        }
        result.problems = carried.problems
        progress.add(runs: 1)
        return result
    }

    // MARK: models

    private func carryModels(
        of experiment: SourceExperiment,
        to id: Experiment.ID,
        _ report: inout ImportReport
    ) async throws(MartletError) {
        let found = try await source.models(of: experiment)
        report.problems += found.problems
        for start in stride(from: 0, to: found.value.count, by: ImportService.mostStates) {
            let part = found.value[start..<min(start + ImportService.mostStates, found.value.count)]
            let states = try await destination.states(runs: [], models: part.map(\.imported.model.id))
            let known = Set(states.models)
            for model in part {
                guard !known.contains(model.imported.model.id.rawValue) else {
                    report.models.present += 1
                    continue
                }
                do throws(MartletError) {
                    report.models.count(try await carry(model, to: id, &report.problems))
                } catch {
                    guard !endsAll(error) else { throw error }
                    report.models.failed += 1
                    report.problems.append(
                        ImportProblem(.failed, of: "model \(model.imported.model.id)", error.message)
                    )
                }
            }
        }
    }

    /// Files first, then the model in one request: it is never seen without its files.
    private func carry(
        _ model: SourceModel,
        to experiment: Experiment.ID,
        _ problems: inout [ImportProblem]
    ) async throws(MartletError) -> ImportOutcome {
        var imported = model.imported
        try ImportService.checkModelID(imported.model.id)
        problems += model.problems + Cleaning.clean(&imported.model)
        imported.model.experimentID = experiment
        let files = try await source.files(of: model.artifacts)
        problems += files.problems
        for file in files.value { try await carry(file, of: model.artifacts) }
        return options.isDryRun ? .created : try await destination.importModel(imported)
    }

    func carry(_ file: SourceFile, of owner: SourceFiles) async throws(MartletError) {
        guard !options.isDryRun else { return progress.add(files: 1, bytes: file.size ?? 0) }
        let bytes = try await destination.write(to: file.path, of: owner.owner) { () async throws(MartletError) in
            try await source.open(file, of: owner)
        }
        progress.add(files: 1, bytes: bytes)
    }
}

extension ImportReport.Counts {
    mutating func count(_ outcome: ImportOutcome?) {
        switch outcome {
        case .created, .merged: created += 1
        case .resumed: resumed += 1
        case .present: present += 1
        case nil: break
        }
    }
}
