import Foundation
package import MartletCore
import Synchronization

/// Holds a data folder for this process: two servers on one folder would corrupt it.
///
/// A class, because it owns a file descriptor; the system drops the lock when the process ends, however it ends.
package final class FolderLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Throws: `failedPrecondition` when another process holds the folder.
    package init(folder: String) throws(MartletError) {
        let file = open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw MartletError(.unavailable, "the data folder cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            Foundation.close(file)
            throw MartletError(
                .failedPrecondition,
                "another Martlet uses this data folder: stop it, or choose another folder with --data"
            )
        }
        descriptor = Mutex(file)
    }

    package func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    deinit { release() }
}
