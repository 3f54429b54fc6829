package import MartletCore

/// Leaves out of a source's things what Martlet does not keep, and says so: nothing is dropped in silence.
package enum Cleaning {
    package static func clean(_ experiment: inout SourceExperiment) -> [ImportProblem] {
        let owner = "experiment '\(experiment.imported.name.prefix(100))'"
        var problems: [ImportProblem] = []
        for (key, value) in experiment.imported.tags {
            guard keeps(key, value, "tag", owner, &problems) else {
                experiment.imported.tags[key] = nil
                continue
            }
            experiment.imported.tags[key] =
                shortened(value, to: Rules.longestExperimentTagValue, "tag '\(key)'", owner, &problems)
        }
        experiment.imported.purpose =
            text(experiment.imported.purpose, Rules.longestNote, "description", owner, &problems)
        return problems
    }

    package static func clean(_ run: inout Run) -> [ImportProblem] {
        let owner = "run \(run.id)"
        var problems: [ImportProblem] = []
        run.name = text(run.name, Rules.longestRunName, "name", owner, &problems)
        run.user = text(run.user, Rules.longestKey, "user", owner, &problems)
        run.notes = text(run.notes, Rules.longestNote, "notes", owner, &problems)
        run.params = params(run.params, owner, &problems)
        run.tags = tags(run.tags, owner, &problems)
        return problems
    }

    package static func clean(_ model: inout LoggedModel) -> [ImportProblem] {
        let owner = "model \(model.id)"
        var problems: [ImportProblem] = []
        model.name = text(model.name, Rules.longestExperimentName, "name", owner, &problems)
        model.modelType = text(model.modelType, Rules.longestExperimentName, "type", owner, &problems)
        model.statusMessage = text(model.statusMessage, Rules.longestNote, "status message", owner, &problems)
        model.params = params(model.params, owner, &problems)
        model.tags = tags(model.tags, owner, &problems)
        model.metrics = model.metrics.filter { keeps($0.key, "", "metric", owner, &problems) }
        return problems
    }

    package static func clean(_ model: inout ImportedRegisteredModel) -> [ImportProblem] {
        let owner = "registered model '\(model.name.prefix(100))'"
        var problems: [ImportProblem] = []
        model.description = text(model.description, Rules.longestNote, "description", owner, &problems)
        model.tags = registryTags(model.tags, owner, &problems)
        for index in model.versions.indices {
            let owner = "version \(model.versions[index].number) of \(owner)"
            var version = model.versions[index]
            version.description = text(version.description, Rules.longestNote, "description", owner, &problems)
            version.user = text(version.user, Rules.longestKey, "user", owner, &problems)
            version.tags = registryTags(version.tags, owner, &problems)
            model.versions[index] = version
        }
        let numbers = Set(model.versions.map(\.number))
        for (alias, number) in model.aliases where !numbers.contains(number) {
            let what = "the alias '\(alias.prefix(100))' stands for version \(number), which is not there"
            problems.append(ImportProblem(.missing, of: owner, what))
            model.aliases[alias] = nil
        }
        return problems
    }

    private static func registryTags(
        _ tags: [String: String],
        _ owner: String,
        _ problems: inout [ImportProblem]
    ) -> [String: String] {
        var kept: [String: String] = [:]
        for (key, value) in tags where keeps(key, value, "tag", owner, &problems) {
            kept[key] = shortened(value, to: ModelRegistryService.longestTagValue, "tag '\(key)'", owner, &problems)
        }
        return kept
    }

    /// Takes away points of illegal keys and of times before 1970. O(keys) when there are none.
    package static func clean(_ points: inout LogBatch, of run: Run.ID) -> [ImportProblem] {
        let isLegal = points.keys.map { Rules.isWellFormed($0) }
        let hasEarly = points.times.contains { $0 < 0 }
        guard hasEarly || isLegal.contains(false) else { return [] }
        var clean = LogBatch(keys: points.keys.indices.filter { isLegal[$0] }.map { points.keys[$0] })
        let places = Dictionary(uniqueKeysWithValues: clean.keys.enumerated().map { ($1, UInt32($0)) })
        var refused: [Int: Int] = [:]
        var early: [Int: Int] = [:]
        for index in points.values.indices {
            let key = Int(points.keyIndexes[index])
            guard isLegal[key], let place = places[points.keys[key]] else {
                refused[key, default: 0] += 1
                continue
            }
            guard points.times[index] >= 0 else {
                early[key, default: 0] += 1
                continue
            }
            clean.keyIndexes.append(place)
            clean.steps.append(points.steps[index])
            clean.times.append(points.times[index])
            clean.values.append(points.values[index])
        }
        let keys = points.keys
        points = clean
        return refused.map { key, count in
            ImportProblem(
                .refused,
                of: "run \(run)",
                "\(count) points of the metric '\(keys[key].prefix(100))': the key is not legal here"
            )
        }
            + early.map { key, count in
                ImportProblem(
                    .refused,
                    of: "run \(run)",
                    "\(count) points of the metric '\(keys[key].prefix(100))' are of times before 1970"
                )
            }
    }

    // MARK: pieces

    private static func params(_ params: [Param], _ owner: String, _ problems: inout [ImportProblem]) -> [Param] {
        params.compactMap { param in
            guard keeps(param.key, param.value, "param", owner, &problems) else { return nil }
            let what = "value of the param '\(param.key)'"
            return Param(
                key: param.key,
                value: shortened(param.value, to: Rules.longestParamValue, what, owner, &problems)
            )
        }
    }

    private static func tags(_ tags: [Tag], _ owner: String, _ problems: inout [ImportProblem]) -> [Tag] {
        tags.compactMap { tag in
            guard keeps(tag.key, tag.value, "tag", owner, &problems) else { return nil }
            let what = "value of the tag '\(tag.key)'"
            return Tag(key: tag.key, value: shortened(tag.value, to: Rules.longestTagValue, what, owner, &problems))
        }
    }

    private static func keeps(
        _ key: String,
        _ value: String,
        _ what: String,
        _ owner: String,
        _ problems: inout [ImportProblem]
    ) -> Bool {
        if !Rules.isWellFormed(key) {
            problems.append(
                ImportProblem(.refused, of: owner, "the \(what) '\(key.prefix(100))': the key is not legal here")
            )
            return false
        }
        if value.utf8.contains(0) {
            problems.append(
                ImportProblem(.refused, of: owner, "the \(what) '\(key)': its value contains U+0000")
            )
            return false
        }
        return true
    }

    private static func shortened(
        _ value: String,
        to limit: Int,
        _ what: String,
        _ owner: String,
        _ problems: inout [ImportProblem]
    ) -> String {
        guard value.utf8.count > limit, value.unicodeScalars.count > limit else { return value }
        problems.append(
            ImportProblem(
                .shortened,
                of: owner,
                "the \(what) has \(value.unicodeScalars.count) characters; the first \(limit) are kept"
            )
        )
        var result = String.UnicodeScalarView()
        result.append(contentsOf: value.unicodeScalars.prefix(limit))
        return String(result)
    }

    private static func text(
        _ value: String,
        _ limit: Int,
        _ what: String,
        _ owner: String,
        _ problems: inout [ImportProblem]
    ) -> String {
        var value = value
        if value.utf8.contains(0) {
            problems.append(ImportProblem(.shortened, of: owner, "the \(what) contained U+0000, which was removed"))
            value.removeAll { $0 == "\0" }
        }
        return shortened(value, to: limit, what, owner, &problems)
    }
}
