import MartletCore

/// Reads points back from log and chunks, on one snapshot.
enum StoredPoints {
    /// The stored points of a series whose times are in a range, and perhaps more around them; sorted, distinct.
    static func around(
        _ times: ClosedRange<Int64>,
        run: Int64,
        key: Int64,
        on connection: any SQLConnection
    ) throws -> PointBuffer {
        let compressor = Compressor()
        let points = try logged(run: run, key: key, times: times, compressor: compressor, on: connection)
        let sealed = PointBuffer()
        for chunk in try ChunkRow.chunks(run: run, key: key, times: times, on: connection) {
            try chunk.read(into: sealed, with: ChunkCodec(compressor: compressor), on: connection)
        }
        return PointBuffer.union(sealed, points)
    }

    /// The points of a series that are not sealed, from log rows that overlap the times; sorted, distinct.
    static func logged(
        run: Int64,
        key: Int64,
        times: ClosedRange<Int64>,
        compressor: Compressor,
        on connection: any SQLConnection
    ) throws -> PointBuffer {
        let points = PointBuffer()
        try connection.query(
            "SELECT data FROM point_log WHERE run = $1 AND last_time >= $2 AND first_time <= $3 ORDER BY seq",
            [.integer(run), .integer(times.lowerBound), .integer(times.upperBound)]
        ) { row in
            try row.withBytes(0) { bytes in
                try PointLog.forEachSeries(in: bytes) { series, content in
                    if series == key { try content.read(into: points, with: compressor) }
                }
            }
        }
        points.sortAndUnite()
        return points
    }
}

/// A row of `metric_chunk`, without the pyramid.
struct ChunkRow {
    var id: Int64
    var count: Int
    var first: PointPlace
    var last: PointPlace
    var leastStep: Int64
    var greatestStep: Int64
    var flags: Int64

    /// Columns from 0 on, in the order of `columns`.
    init(_ row: any SQLRow) {
        id = row.integer(0)
        count = Int(row.integer(1))
        first = PointPlace(time: row.integer(2), step: row.integer(3), value: row.integer(4))
        last = PointPlace(time: row.integer(5), step: row.integer(6), value: row.integer(7))
        leastStep = row.integer(8)
        greatestStep = row.integer(9)
        flags = row.integer(10)
    }

    static let columns = """
        id, points, first_time, first_step, first_value, last_time, last_step, last_value, least_step, \
        greatest_step, flags
        """

    static let columnCount = 11

    var stepsAscend: Bool { flags & SeriesState.Flag.stepsDescend == 0 }

    /// Chunks that overlap some times, in order. They do not overlap each other, so it ends at the first beyond.
    static func chunks(
        run: Int64,
        key: Int64,
        times: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [ChunkRow] {
        var all: [ChunkRow] = []
        var place = PointPlace(time: times.lowerBound, step: .min, value: .min)
        while true {
            let page = try chunks(run: run, key: key, after: place, limit: 64, on: connection)
            for chunk in page {
                if chunk.first.time > times.upperBound { return all }
                all.append(chunk)
            }
            guard page.count == 64, let last = page.last else { return all }
            place = last.last
        }
    }

    /// The first `limit` chunks that end after a place, in order. One index seek.
    static func chunks(
        run: Int64,
        key: Int64,
        after place: PointPlace,
        limit: Int,
        on connection: any SQLConnection
    ) throws -> [ChunkRow] {
        try connection.rows(
            endingAfter,
            [
                .integer(run), .integer(key), .integer(place.time), .integer(place.step), .integer(place.value),
                .integer(limit),
            ]
        ) { ChunkRow($0) }
    }

    private static let endingAfter = """
        SELECT \(columns) FROM metric_chunk
        WHERE run = $1 AND key = $2 AND (last_time, last_step, last_value) > ($3, $4, $5)
        ORDER BY last_time, last_step, last_value LIMIT $6
        """

    /// Adds the chunk's points to the end of `points`.
    func read(into points: PointBuffer, with codec: ChunkCodec, on connection: any SQLConnection) throws {
        try withData(on: connection) { try codec.decode($0, into: points) }
    }

    func withData(on connection: any SQLConnection, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var isFound = false
        try connection.query("SELECT data FROM metric_chunk_data WHERE id = $1", [.integer(id)]) { row in
            isFound = true
            try row.withBytes(0, body)
        }
        guard isFound else { throw CorruptBytes(what: "the points of a chunk are missing") }
    }
}
