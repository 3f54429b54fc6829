import CZstd

/// zstd with its contexts kept. Confined to one caller at a time; a class because it owns C memory.
final class Compressor {
    private var encoder: OpaquePointer?
    private var decoder: OpaquePointer?
    private let level: Int32

    init(level: Int32 = 1) { self.level = level }

    deinit {
        ZSTD_freeCCtx(encoder)
        ZSTD_freeDCtx(decoder)
    }

    /// Appends one frame with `source` to `sink` when that takes fewer than `limit` bytes.
    /// - Returns: the bytes that it took, or `nil` when nothing was written.
    func compress(_ source: UnsafeRawBufferPointer, into sink: ByteSink, below limit: Int) -> Int? {
        if encoder == nil { encoder = ZSTD_createCCtx() }
        let bound = ZSTD_compressBound(source.count)
        let out = sink.reserve(bound)
        let size = ZSTD_compressCCtx(encoder, out, bound, source.baseAddress, source.count, level)
        guard ZSTD_isError(size) == 0, size < limit else { return nil }
        sink.advance(by: size)
        return size
    }

    /// Fills `target` to the last byte from one frame.
    /// - Throws: when the frame is damaged or holds another number of bytes.
    func decompress(_ frame: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws(CorruptBytes) {
        if decoder == nil { decoder = ZSTD_createDCtx() }
        let size = ZSTD_decompressDCtx(decoder, target.baseAddress, target.count, frame.baseAddress, frame.count)
        guard ZSTD_isError(size) == 0, size == target.count else { throw CorruptBytes(what: "a zstd frame") }
    }
}
