import Synchronization

/// Ids of objects between their first byte and their row: the garbage collector leaves them alone, however old.
///
/// A class, because uploads and the collector share it.
final class ObjectsInFlight: Sendable {
    private let ids = Mutex<Set<String>>([])

    func begin(_ id: String) { ids.withLock { _ = $0.insert(id) } }
    func end(_ id: String) { ids.withLock { _ = $0.remove(id) } }
    func contains(_ id: String) -> Bool { ids.withLock { $0.contains(id) } }
}
