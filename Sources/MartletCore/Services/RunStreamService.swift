/// What programs stream into a run beside metrics, and who may. See `RunStreamStore`.
package struct RunStreamService: Sendable {
    private let store: any MetadataStore
    private let access: AccessControl
    private let events: EventBus

    package init(store: any MetadataStore, access: AccessControl, events: EventBus) {
        self.store = store
        self.access = access
        self.events = events
    }

    /// The run that a client knows by an id of its own; `nil` for none. Deleted ones too.
    package func run(
        foreignID: String,
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) -> Run.ID? {
        try await access.require(.viewer, in: experiment, as: principal, to: "read runs")
        return try await store.run(foreignID: foreignID, in: experiment)
    }

    /// The run that a client knows by an id of its own, in an experiment that had a name before it was renamed: the
    /// program began before that. `nil` for none, and for one that the principal may not see.
    package func run(
        foreignID: String,
        formerly name: String,
        as principal: Principal
    ) async throws(MartletError) -> Run.ID? {
        try access.requireSome(.viewer, as: principal, to: "read runs")
        let found = try await store.run(foreignID: foreignID, formerly: name, in: principal.currentWorkspace)
        guard let found else { return nil }
        do {
            try await access.require(.viewer, of: found, as: principal, to: "read runs")
            return found
        } catch  where error.code == .notFound || error.code == .permissionDenied {
            return nil
        }
    }

    /// The ids that clients gave, of those runs that have one. The runs were read.
    package func foreignIDs(
        of runs: [Run.ID],
        as principal: Principal
    ) async throws(MartletError) -> [Run.ID: String] {
        try access.requireSome(.viewer, as: principal, to: "read runs")
        return try await store.foreignIDs(of: runs)
    }

    /// Stores a chunk whole, or nothing.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run; `conflict` when a stream stands elsewhere.
    package func append(
        _ chunk: StreamChunk,
        to run: Run.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: run, as: principal, to: "log to a run")
        for key in chunk.batch.keys + chunk.objects.map(\.key) where key.isEmpty || key.utf8.contains(0) {
            throw MartletError(.invalidArgument, "the key '\(key.prefix(100))' is empty or contains U+0000")
        }
        for tag in chunk.batch.tags { try Rules.checkTag(tag) }
        try Rules.check(chunk.batch.changes)
        let experiment = try await store.append(chunk, to: run)
        if chunk.batch.pointCount > 0 || !chunk.objects.isEmpty { events.publish([Topic.metrics(of: run)]) }
        if chunk.batch.changes != RunChanges() || !chunk.documents.isEmpty {
            events.publish([Topic.run(run), Topic.runs(of: experiment)])
        }
        if !chunk.console.isEmpty { events.publish([Topic.console(of: run)]) }
    }

    /// Gives a run what another logged up to a step: points, and objects as they were sent. Its own lines are counted
    /// without these. The same again changes nothing. O(what the other logged).
    /// - Parameter machine: metrics that stay behind: they have steps of their own.
    package func copyHistory(
        of source: Run.ID,
        upTo step: Int64,
        besides machine: Set<String>,
        to run: Run.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.viewer, of: source, as: principal, to: "read metrics")
        try await access.require(.editor, of: run, as: principal, to: "log to a run")
        var chunk = StreamChunk()
        for key in try await store.metricKeys(of: source) where !machine.contains(key) {
            var cursor: HistoryCursor?
            while true {
                let page = try await store.history(of: source, key: key, after: cursor, limit: Self.pointsAtOnce)
                chunk.batch.append(key, page, upTo: step)
                // Many short series are one write, a long one several.
                if chunk.batch.pointCount >= Self.pointsAtOnce {
                    _ = try await store.append(chunk, to: run)
                    chunk = StreamChunk()
                }
                guard page.steps.count == Self.pointsAtOnce, let last = page.steps.indices.last else { break }
                cursor = HistoryCursor(
                    time: page.times[last],
                    step: page.steps[last],
                    valueKey: PointOrder.sortKey(of: page.values[last])
                )
            }
        }
        let keys = try await store.objectKeys(of: source).map(\.key)
        if !keys.isEmpty {
            chunk.objects = try await store.table(of: source, keys: keys, steps: .min...step).objects
        }
        if let nested = try await store.documents([.nestedKeys], of: [source])[source]?[.nestedKeys] {
            chunk.documents[.nestedKeys] = nested
        }
        if chunk.batch.pointCount > 0 || !chunk.objects.isEmpty || !chunk.documents.isEmpty {
            _ = try await store.append(chunk, to: run)
        }
    }

    private static let pointsAtOnce = 50_000

    /// - Parameter writer: whose lines are counted; `nil` for those of all.
    package func state(
        of run: Run.ID,
        writer: String? = nil,
        as principal: Principal
    ) async throws(MartletError) -> StreamState {
        try await access.require(.viewer, of: run, as: principal, to: "read runs")
        return try await store.streamState(of: run, writer: writer)
    }

    /// Documents of runs; a run without any is left out. The runs were read.
    package func documents(
        _ kinds: [RunDocument] = RunDocument.allCases,
        of runs: [Run.ID],
        as principal: Principal
    ) async throws(MartletError) -> [Run.ID: [RunDocument: String]] {
        try await access.require(.viewer, of: runs, as: principal, to: "read runs")
        return try await store.documents(kinds, of: runs)
    }

    /// Keeps a document of configuration, and its values as the params of the run, in place of those that it had.
    package func setConfig(
        _ json: String,
        params: [Param],
        of run: Run.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: run, as: principal, to: "change a run")
        let experiment = try await store.setConfig(json, params: params, of: run)
        events.publish([Topic.run(run), Topic.runs(of: experiment)])
    }

    /// The keys of objects that the run logged, by key.
    package func objectKeys(of run: Run.ID, as principal: Principal) async throws(MartletError) -> [ObjectKey] {
        try await access.require(.viewer, of: run, as: principal, to: "read metrics")
        return try await store.objectKeys(of: run)
    }

    /// What was logged at steps in a range.
    package func table(
        of run: Run.ID,
        keys: [String]? = nil,
        steps: ClosedRange<Int64> = .min ... .max,
        as principal: Principal
    ) async throws(MartletError) -> StepTable {
        try await access.require(.viewer, of: run, as: principal, to: "read metrics")
        return try await store.table(of: run, keys: keys, steps: steps)
    }

    /// Printed lines from a number on, at most `limit`, by number.
    package func console(
        of run: Run.ID,
        from number: Int64,
        limit: Int,
        as principal: Principal
    ) async throws(MartletError) -> [ConsoleLine] {
        try await access.require(.viewer, of: run, as: principal, to: "read runs")
        return try await store.console(of: run, from: number, limit: limit)
    }
}

extension LogBatch {
    /// Adds the points of a series up to a step; those of one series come one after another.
    fileprivate mutating func append(_ key: String, _ points: PointColumns, upTo step: Int64) {
        if keys.last != key { keys.append(key) }
        for index in points.steps.indices where points.steps[index] <= step {
            keyIndexes.append(UInt32(keys.count - 1))
            steps.append(points.steps[index])
            times.append(points.times[index])
            values.append(points.values[index])
        }
    }
}
