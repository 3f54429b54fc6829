import MartletCore

/// The body that searches, columns and exports share.
enum RunQuery {
    static func request(
        _ fields: JSONFields,
        experiments: [Experiment.ID],
        now: Int64,
        by principal: Principal
    ) throws(MartletError) -> SearchRuns {
        SearchRuns(
            experiments: experiments,
            filter: try SearchText.filter(
                try fields.string("filter"),
                of: .runs,
                now: now,
                me: SearchText.user(of: principal)
            ),
            view: try fields.choice("view", of: LifecycleView.self) ?? .active,
            order: try SearchText.order(try fields.strings("orderBy") ?? [], of: .runs),
            limit: try fields.count("limit", most: 10_000) ?? 100,
            offset: try fields.offset("offset"),
            fields: try runFields(fields),
            wantsTotal: try fields.bool("wantsTotal") ?? true
        )
    }

    private static func runFields(_ fields: JSONFields) throws(MartletError) -> RunFields {
        guard let wanted = try fields.object("fields") else { return .all }
        return RunFields(
            params: try wanted.strings("params"),
            metrics: try wanted.strings("metrics"),
            tags: try wanted.strings("tags"),
            summary: try wanted.strings("summary"),
            inputs: try wanted.bool("inputs") ?? false
        )
    }
}
