/// Lets a number of transfers go on at a time; the others wait in order, and keep their senders waiting.
actor TransferGate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { free = places }

    /// Runs `body` when a place is free.
    /// - Throws: `CancellationError` for a task that was cancelled while it waited; it has then not run.
    nonisolated func withPlace<Result>(_ body: () async throws -> Result) async throws -> Result {
        await enter()
        do {
            try Task.checkCancellation()
            let result = try await body()
            await leave()
            return result
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    /// The place goes to whoever has waited longest.
    private func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
