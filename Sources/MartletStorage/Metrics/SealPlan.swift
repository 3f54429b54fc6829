import MartletCore

/// How the new points of one series become chunks. See "Sealing" in docs/metric-chunks.md.
///
/// Made from a snapshot and encoded outside of any write; then applied in one transaction.
struct SealPlan: Sendable {
    /// A chunk that is ready to be stored.
    struct Chunk: Sendable {
        var first: PointPlace
        var last: PointPlace
        var leastStep: Int64
        var greatestStep: Int64
        var count: Int
        var flags: Int64
        var data: [UInt8]
        /// Empty for short chunks.
        var coarse: [UInt8]
        var fine: [UInt8]
    }

    /// A chunk that goes, because its points are in a new one.
    struct Replaced: Sendable {
        var id: Int64
        var last: PointPlace
    }

    var key: Int64
    var replaced: [Replaced] = []
    var chunks: [Chunk] = []

    /// Plans for sorted, distinct points of one series.
    /// - Parameter isFirst: whether the run has no chunk yet.
    init(
        key: Int64,
        points: PointBuffer,
        run: Int64,
        isFirst: Bool,
        codec: ChunkCodec,
        on connection: any SQLConnection
    ) throws {
        self.key = key
        guard !points.isEmpty else { return }
        guard !isFirst else {
            encode(points, isLast: true, codec)
            return
        }
        let (first, last) = (points.place(0), points.place(points.count - 1))
        // Those before, nearest first, then those that the points reach into or lie before.
        var before = try connection.rows(
            Self.endingBefore,
            [.integer(run), .integer(key), .integer(first.time), .integer(first.step), .integer(first.value)]
        ) { ChunkRow($0) }
        let after = try Self.chunks(run: run, key: key, from: first, through: last, on: connection)
        var next = 0
        for chunk in after {
            let start = next
            while next < points.count, points.place(next) < chunk.first { next += 1 }
            try add(points, start..<next, mergingInto: &before, isLast: false, run, codec, on: connection)
            if next < points.count, points.place(next) <= chunk.last {
                let end = points.firstIndex(after: chunk.last)
                let old = PointBuffer(capacity: chunk.count)
                try chunk.read(into: old, with: codec, on: connection)
                let inside = PointBuffer(capacity: end - next)
                inside.append(points, next..<end)
                replace(chunk)
                encode(PointBuffer.union(old, inside), isLast: false, codec)
                next = end
                before = []
            } else {
                before = [chunk]
            }
        }
        try add(points, next..<points.count, mergingInto: &before, isLast: true, run, codec, on: connection)
    }

    /// A plan that puts other points, sorted and distinct, where one chunk was; none leave nothing.
    init(key: Int64, replacing chunk: ChunkRow, with points: PointBuffer, _ codec: ChunkCodec) {
        self.key = key
        replace(chunk)
        encode(points, isLast: true, codec)
    }

    private static let endingBefore = """
        SELECT \(ChunkRow.columns) FROM metric_chunk
        WHERE run = $1 AND key = $2 AND (last_time, last_step, last_value) < ($3, $4, $5)
        ORDER BY last_time DESC, last_step DESC, last_value DESC LIMIT 16
        """

    private static func chunks(
        run: Int64,
        key: Int64,
        from first: PointPlace,
        through last: PointPlace,
        on connection: any SQLConnection
    ) throws -> [ChunkRow] {
        var all: [ChunkRow] = []
        var place = first
        while true {
            let page = try ChunkRow.chunks(run: run, key: key, after: place, limit: 64, on: connection)
            for chunk in page {
                if last < chunk.first { return all }
                all.append(chunk)
            }
            guard page.count == 64, let end = page.last else { return all }
            place = end.last
        }
    }

    /// Makes chunks of points that lie between two chunks, together with short ones just before them.
    ///
    /// A chunk of at most twice the points that follow it is merged, so that a point is written O(log n) times.
    private mutating func add(
        _ points: PointBuffer,
        _ range: Range<Int>,
        mergingInto before: inout [ChunkRow],
        isLast: Bool,
        _ run: Int64,
        _ codec: ChunkCodec,
        on connection: any SQLConnection
    ) throws {
        guard !range.isEmpty else { return }
        let fresh = PointBuffer(capacity: range.count)
        fresh.append(points, range)
        var all = fresh
        while let chunk = before.first, chunk.count < ChunkCodec.fullCount, chunk.count <= 2 * all.count,
            !replaced.contains(where: { $0.id == chunk.id })
        {
            before.removeFirst()
            let old = PointBuffer(capacity: chunk.count + all.count)
            try chunk.read(into: old, with: codec, on: connection)
            replace(chunk)
            all = PointBuffer.union(old, all)
        }
        encode(all, isLast: isLast, codec)
    }

    private mutating func replace(_ chunk: ChunkRow) { replaced.append(Replaced(id: chunk.id, last: chunk.last)) }

    /// Full chunks and a rest at the end of the series; equal parts elsewhere, so that no crumbs are left.
    private mutating func encode(_ points: PointBuffer, isLast: Bool, _ codec: ChunkCodec) {
        let parts = (points.count + ChunkCodec.fullCount - 1) / ChunkCodec.fullCount
        let size = isLast ? ChunkCodec.fullCount : (points.count + parts - 1) / max(parts, 1)
        var start = 0
        while start < points.count {
            let end = min(start + size, points.count)
            chunks.append(Self.chunk(points, start..<end, codec))
            start = end
        }
    }

    private static func chunk(_ points: PointBuffer, _ range: Range<Int>, _ codec: ChunkCodec) -> Chunk {
        let sink = ByteSink(capacity: range.count * 10 + 256)
        codec.encode(points, range, to: sink)
        var (least, greatest, ascends, isFractional) = (Int64.max, Int64.min, true, false)
        for index in range {
            let step = points.steps[index]
            if step < greatest { ascends = false }
            least = min(least, step)
            greatest = max(greatest, step)
            let value = points.values[index]
            if value.rounded() != value { isFractional = true }
        }
        var result = Chunk(
            first: points.place(range.lowerBound),
            last: points.place(range.upperBound - 1),
            leastStep: least,
            greatestStep: greatest,
            count: range.count,
            flags: (ascends ? 0 : SeriesState.Flag.stepsDescend)
                | (isFractional ? SeriesState.Flag.fractional : 0),
            data: sink.bytes,
            coarse: [],
            fine: []
        )
        guard range.count >= Cells.leastPoints else { return result }
        sink.removeAll()
        Cells(points, range, shift: Cells.fineShift, stepsAscend: ascends).encode(to: sink, with: codec.compressor)
        result.fine = sink.bytes
        sink.removeAll()
        Cells(points, range, shift: Cells.coarseShift, stepsAscend: ascends).encode(to: sink, with: nil)
        result.coarse = sink.bytes
        return result
    }

    // MARK: - Applying

    /// Removes what is replaced and stores the new chunks. The caller has checked that nothing changed since.
    func apply(run: Int64, on connection: any SQLConnection) throws {
        for chunk in replaced {
            try connection.send(
                """
                DELETE FROM metric_chunk
                WHERE run = $1 AND key = $2 AND last_time = $3 AND last_step = $4 AND last_value = $5
                """,
                [
                    .integer(run), .integer(key), .integer(chunk.last.time), .integer(chunk.last.step),
                    .integer(chunk.last.value),
                ]
            )
            try connection.send("DELETE FROM metric_chunk_data WHERE id = $1", [.integer(chunk.id)])
            try connection.send("DELETE FROM metric_chunk_cells WHERE id = $1", [.integer(chunk.id)])
        }
        for chunk in chunks {
            let id = try connection.first(
                "INSERT INTO metric_chunk_data (data) VALUES ($1) RETURNING id",
                [.blob(chunk.data)]
            ) { $0.integer(0) }
            guard let id else { throw MartletError(.internal, "a chunk could not be numbered") }
            if !chunk.fine.isEmpty {
                try connection.send(
                    "INSERT INTO metric_chunk_cells (id, data) VALUES ($1, $2)",
                    [.integer(id), .blob(chunk.fine)]
                )
            }
            try connection.send(
                """
                INSERT INTO metric_chunk (run, key, \(ChunkRow.columns), cells)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                """,
                [
                    .integer(run), .integer(key), .integer(id), .integer(chunk.count), .integer(chunk.first.time),
                    .integer(chunk.first.step), .integer(chunk.first.value), .integer(chunk.last.time),
                    .integer(chunk.last.step), .integer(chunk.last.value), .integer(chunk.leastStep),
                    .integer(chunk.greatestStep), .integer(chunk.flags), .blob(chunk.coarse),
                ]
            )
        }
    }
}
