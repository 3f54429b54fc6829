/// Sweeps whose runs a controller on the user's machine chooses (`wandb.controller`).
///
/// It writes what it wants, `{"schedule": [{"id": …, "data": {"args": …}}], "earlystop": […]}`, and reads what became of
/// it, `{"scheduled": [{"id": …, "runid": …}]}`.
extension SweepService {
    /// The next run of the schedule that nobody has.
    func scheduled(
        _ snapshot: SweepSnapshot,
        for agent: SweepAgent.ID,
        _ plan: any SweepPlan
    ) async throws(MartletError) -> [SweepCommand] {
        guard let text = snapshot.sweep.controller,
            case .array(let entries)? = try JSONParser.parse(Array(text.utf8))["schedule"]
        else { return [] }
        var done: [JSONValue] = []
        if let text = snapshot.sweep.scheduler,
            case .array(let known)? = try JSONParser.parse(Array(text.utf8))["scheduled"]
        {
            done = known
        }
        let taken = done.compactMap { $0["id"] }
        for entry in entries {
            guard let id = entry["id"], !taken.contains(id) else { continue }
            guard let arguments = entry["data"]?["args"], case .object = arguments else {
                // Nothing is left to try.
                return try await exhausted(snapshot, agent)
            }
            var json = JSONWriter()
            json.value(arguments)
            let parameters = SweepParameters.plain(String(decoding: json.bytes, as: UTF8.self))
            let name = shortName()
            done.append(.object([.init(key: "id", value: id), .init(key: "runid", value: .string(name))]))
            var scheduler = JSONWriter()
            scheduler.value(.object([.init(key: "scheduled", value: .array(done))]))
            let told = String(decoding: scheduler.bytes, as: UTF8.self)
            let command = try await assigned(parameters, snapshot, to: agent, plan, named: name, scheduler: told)
            return command.map { [$0] } ?? []
        }
        return []
    }

    /// Runs that a controller wants stopped, by the client's names.
    func unwanted(_ sweep: Sweep) throws(MartletError) -> Set<String> {
        guard let text = sweep.controller,
            case .array(let names)? = try JSONParser.parse(Array(text.utf8))["earlystop"]
        else { return [] }
        return Set(names.compactMap { name in if case .string(let name) = name { name } else { nil } })
    }
}
