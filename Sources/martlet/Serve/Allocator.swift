import CMalloc

/// The memory allocator of the C library.
enum Allocator {
    /// Keeps what was freed for the next request instead of giving it back to the system at once.
    ///
    /// A large upload allocates and frees its bytes a megabyte at a time; fetching each page anew from the system
    /// costs a tenth of its CPU. Resident memory after such work is some 7 MB greater.
    static func keepFreedMemory() {
        #if canImport(Glibc)
        mallopt(M_MMAP_THRESHOLD, 4 << 20)
        mallopt(M_TRIM_THRESHOLD, 32 << 20)
        mallopt(M_TOP_PAD, 1 << 20)
        #endif
    }
}
