import MartletCore
import Testing

@Suite("The body of points")
struct PointsBodyTests {
    private let batch = LogBatch(
        keys: ["loss", "größe/a"],
        keyIndexes: [0, 1, 0],
        steps: [.min, 0, .max],
        times: [1, 2, 3],
        values: [.nan, -.infinity, -0.0]
    )

    @Test("what is written is read again, bit by bit")
    func roundTrip() throws {
        let bytes = PointsBody.encode(head: Array("{}".utf8), points: batch)
        let (head, points) = try bytes.withUnsafeBytes { try PointsBody.decode($0) }
        #expect(head == Array("{}".utf8))
        #expect(points.keys == batch.keys && points.keyIndexes == batch.keyIndexes)
        #expect(points.steps == batch.steps && points.times == batch.times)
        #expect(points.values.map(\.bitPattern) == batch.values.map(\.bitPattern))
    }

    @Test("every body that is cut short, too long or altered in its counts is refused")
    func refused() {
        let bytes = PointsBody.encode(head: Array("{}".utf8), points: batch)
        for count in 0..<bytes.count {
            #expect(throws: MartletError.self) { try bytes[..<count].withUnsafeBytes { try PointsBody.decode($0) } }
        }
        #expect(throws: MartletError.self) { try (bytes + [0]).withUnsafeBytes { try PointsBody.decode($0) } }
        var twice = batch
        twice.keys = ["loss", "loss"]
        let repeated = PointsBody.encode(head: [], points: twice)
        #expect(throws: MartletError.self) { try repeated.withUnsafeBytes { try PointsBody.decode($0) } }
        var beyond = batch
        beyond.keyIndexes = [0, 1, 2]
        let wrong = PointsBody.encode(head: [], points: beyond)
        #expect(throws: MartletError.self) { try wrong.withUnsafeBytes { try PointsBody.decode($0) } }
    }
}
