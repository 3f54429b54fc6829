import MartletCore

/// Keeps the garbage collector and uploads of the same content apart, between a file's name and its row.
///
/// Both sides hold a digest only for a rename or an unlink and one commit.
actor BlobLeases {
    private var publishing: [Digest: Int] = [:]
    private var collecting: Set<Digest> = []
    private var waiting: [Digest: [CheckedContinuation<Void, Never>]] = [:]

    /// Waits while the collector has the digest.
    func beginPublishing(_ digest: Digest) async {
        while collecting.contains(digest) {
            await withCheckedContinuation { waiting[digest, default: []].append($0) }
        }
        publishing[digest, default: 0] += 1
    }

    func endPublishing(_ digest: Digest) {
        let rest = (publishing[digest] ?? 0) - 1
        publishing[digest] = rest > 0 ? rest : nil
    }

    /// Of these digests, those that nobody publishes now; they are the collector's until `endCollecting`.
    func beginCollecting(_ digests: [Digest]) -> [Digest] {
        let free = digests.filter { publishing[$0] == nil }
        collecting.formUnion(free)
        return free
    }

    func endCollecting(_ digests: [Digest]) {
        collecting.subtract(digests)
        for digest in digests { waiting.removeValue(forKey: digest)?.forEach { $0.resume() } }
    }
}
