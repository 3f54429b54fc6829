import MartletCore
import Synchronization

/// The digests of small content that came lately, so that only what may be there is looked up.
///
/// To ask the database costs a fifth of an upload. Who is wrong writes a record twice, which is garbage like any other:
/// after a start, and when very much else came between. At most some 6 MB.
final class SeenDigests: Sendable {
    private static let most = 1 << 17

    private struct State {
        var young: Set<Int> = []
        var old: Set<Int> = []
    }

    private let state = Mutex(State())

    /// True for what was seen, and hardly ever for another.
    func mayHave(_ digest: Digest) -> Bool {
        let key = digest.hashValue
        return state.withLock { $0.young.contains(key) || $0.old.contains(key) }
    }

    func note(_ digest: Digest) {
        let key = digest.hashValue
        state.withLock { state in
            if state.young.count >= Self.most {
                state.old = state.young
                state.young = []
            }
            state.young.insert(key)
        }
    }
}
