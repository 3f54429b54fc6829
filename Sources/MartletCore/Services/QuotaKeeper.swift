/// Refuses files that would go beyond a limit, before they are stored. See docs/quotas.md.
///
/// Without limits it costs a read every two seconds. With one it remembers what was counted, adds what this server
/// stores, and counts files anew after two seconds, from running sums; so other servers' files are known by then.
package actor QuotaKeeper {
    /// What is used of one limit.
    private struct Use {
        var files: Int64 = 0
        var metrics: Int64 = 0
        /// Milliseconds since 1970-01-01 UTC.
        var filesCountedAt: Int64 = 0
        var metricsDueAt: Int64 = 0
        /// What this server stored since it started, of which a count knows only what came before it.
        var stored: Int64 = 0
        /// Bytes that are on their way.
        var expected: Int64 = 0

        var whole: Int64 { files + metrics + expected }
    }

    /// Bytes that were promised a place.
    struct Reservation: Sendable {
        fileprivate var scopes: [StorageScope] = []
        fileprivate var bytes: Int64 = 0
        /// What the file may come to, and what is said of more; `nil` where nothing limits it.
        fileprivate(set) var limit: (bytes: Int64, refusal: MartletError)?
    }

    /// A file that wants a place.
    struct Request: Sendable {
        var owner: ArtifactOwner
        /// 0 where it is not known.
        var length: Int64
        /// Bytes that are stored and belong to the same file.
        var besides: Int64 = 0
        /// What the file replaces.
        var path: ArtifactPath?
    }

    private let store: any MetadataStore
    private let environment: Environment
    private var limits: [StorageScope: Int64] = [:]
    private var limitsReadAt: Int64 = 0
    private var uses: [StorageScope: Use] = [:]

    /// Milliseconds that what was read of the database holds.
    private static let memory: Int64 = 2_000
    /// Metrics grow slowly and are counted by reading their chunks: every minute at most, and never for more than a
    /// hundredth of the time.
    private static let metricMemory: Int64 = 60_000

    package init(store: any MetadataStore, environment: Environment) {
        self.store = store
        self.environment = environment
    }

    /// Stores within the limits: `body` gets what the file may come to, and returns what it came to.
    /// - Throws: `quotaExceeded`, and what `body` throws.
    func within<Result: Sendable>(
        _ request: Request,
        _ body: @Sendable (Reservation) async throws(MartletError) -> (Result, bytes: Int64)
    ) async throws(MartletError) -> Result {
        let reservation = try await reserve(request)
        do {
            let (result, bytes) = try await body(reservation)
            release(reservation, stored: bytes)
            return result
        } catch {
            release(reservation, stored: 0)
            throw error
        }
    }

    /// What the next upload should see at once, and other servers within two seconds.
    func forgetLimits() { limitsReadAt = 0 }

    /// Whether anything is limited.
    func isNeeded() async throws(MartletError) -> Bool {
        let now = environment.now()
        if now - limitsReadAt >= Self.memory {
            limits = try await store.quotas()
            limitsReadAt = now
        }
        return !limits.isEmpty
    }

    // MARK: Places

    private func reserve(_ request: Request) async throws(MartletError) -> Reservation {
        let scopes = try await limitedScopes(of: request.owner)
        guard !scopes.isEmpty else { return Reservation() }
        for scope in scopes { try await count(scope) }
        var freed: Int64 = 0
        // A length is what a client says: near the greatest number nothing may be added to it.
        if scopes.contains(where: { request.length > room(in: $0) - request.besides }), let path = request.path {
            freed = try await store.entry(at: path, of: request.owner)?.size ?? 0
        }
        // From here on nobody else comes between.
        var reservation = Reservation(scopes: scopes, bytes: request.length)
        for scope in scopes {
            let rest = room(in: scope) + freed - request.besides
            let refusal = refusal(in: scope)
            guard request.length <= rest else { throw refusal }
            if rest < reservation.limit?.bytes ?? .max { reservation.limit = (rest, refusal) }
        }
        for scope in scopes { uses[scope, default: Use()].expected += request.length }
        return reservation
    }

    private func release(_ reservation: Reservation, stored: Int64) {
        for scope in reservation.scopes {
            uses[scope]?.expected -= reservation.bytes
            // What a file replaced is taken off with the next count.
            uses[scope]?.files += stored
            uses[scope]?.stored += stored
        }
    }

    private func room(in scope: StorageScope) -> Int64 {
        // Without a limit by now: it was taken away since.
        guard let limit = limits[scope] else { return .max / 4 }
        return limit - (uses[scope]?.whole ?? 0)
    }

    private func refusal(in scope: StorageScope) -> MartletError {
        let use = uses[scope] ?? Use()
        let name = if case .experiment(let id) = scope { "experiment \(id)" } else { "the installation" }
        let metrics = use.metrics > 0 ? ", \(use.metrics) of them for metrics" : ""
        return MartletError(
            .quotaExceeded,
            "the quota of \(name) is \(limits[scope] ?? 0) bytes, and \(use.whole) are used\(metrics): the file does not "
                + "fit and was not stored; delete files, or purge deleted runs, or ask an admin for a larger quota"
        )
    }

    // MARK: Counts

    private func limitedScopes(of owner: ArtifactOwner) async throws(MartletError) -> [StorageScope] {
        guard try await isNeeded() else { return [] }
        var scopes: [StorageScope] = limits[.installation] == nil ? [] : [.installation]
        if let scope = try await experiment(of: owner).map(StorageScope.experiment), limits[scope] != nil {
            scopes.append(scope)
        }
        return scopes
    }

    /// `nil` for files that belong to none.
    private func experiment(of owner: ArtifactOwner) async throws(MartletError) -> Experiment.ID? {
        do {
            return switch owner {
            case .run(let id): try await store.experiments(ofRuns: [id]).first
            case .loggedModel(let id): try await store.experiment(ofLoggedModel: id)
            case .version(let id), .draft(let id): try await store.experiment(ofVersion: id)
            case .workspace: nil
            }
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// What is stored: never less than that, also where files are stored while they are counted.
    private func countedFiles(in scope: StorageScope) async throws(MartletError) -> Int64 {
        var (files, since) = (Int64(0), Int64(0))
        for _ in 0..<3 {
            let before = uses[scope]?.stored ?? 0
            files = try await store.fileBytes(in: scope)
            since = (uses[scope]?.stored ?? 0) - before
            if since == 0 { break }
        }
        return files + since
    }

    private func count(_ scope: StorageScope) async throws(MartletError) {
        let now = environment.now()
        let known = uses[scope] ?? Use()
        if now - known.filesCountedAt >= Self.memory {
            let files = try await countedFiles(in: scope)
            uses[scope, default: Use()].files = files
            uses[scope, default: Use()].filesCountedAt = now
        }
        guard now >= known.metricsDueAt else { return }
        // Others wait no longer for the same count.
        uses[scope, default: Use()].metricsDueAt = now + Self.metricMemory
        let metrics = try await store.metricBytes(in: scope)
        let cost = environment.now() - now
        uses[scope, default: Use()].metrics = metrics
        uses[scope, default: Use()].metricsDueAt = now + max(Self.metricMemory, 100 * cost)
    }
}

/// Pieces of a file, until they are more than it may come to.
struct LimitedPieces<Source: AsyncSequence & Sendable>: AsyncSequence, Sendable where Source.Element == [UInt8] {
    let source: Source
    let limit: (bytes: Int64, refusal: MartletError)?

    func makeAsyncIterator() -> Iterator { Iterator(pieces: source.makeAsyncIterator(), limit: limit) }

    struct Iterator: AsyncIteratorProtocol {
        var pieces: Source.AsyncIterator
        let limit: (bytes: Int64, refusal: MartletError)?
        var received: Int64 = 0

        mutating func next() async throws -> [UInt8]? {
            let piece = try await pieces.next()
            received += Int64(piece?.count ?? 0)
            if let limit, received > limit.bytes { throw limit.refusal }
            return piece
        }
    }
}
