import MartletCore

/// Points and cells fall into these: pieces of equal width in x, of which only those that got something remain.
///
/// A class, because hot loops write through its memory. Confined to its maker.
final class Buckets {
    private let first: Int64
    private let scale: Double
    private let slots: UnsafeMutableBufferPointer<Slot>
    private(set) var count = 0

    /// What fell into one bucket.
    private struct Slot {
        var firstX = Int64.max
        var lastX = Int64.min
        var min = Double.infinity
        var max = -Double.infinity
        var sum = 0.0
        var last = Double.nan
        var lastPlace = PointPlace.first
        var count = 0
        var finiteCount = 0
        var nanCount = 0
    }

    /// - Parameter range: all x that are given later.
    init(_ number: Int, over range: ClosedRange<Int64>) {
        first = range.lowerBound
        let width = UInt64(bitPattern: range.upperBound &- range.lowerBound)
        scale = Double(number) / (Double(width) + 1)
        slots = .allocate(capacity: number)
        slots.initialize(repeating: Slot())
    }

    deinit { slots.deallocate() }

    @inline(__always)
    private func index(of x: Int64) -> Int {
        min(Int(Double(UInt64(bitPattern: x &- first)) * scale), slots.count - 1)
    }

    /// Points of any order. `x` is one of the columns of `points`, steps or times.
    func add(_ points: PointBuffer, x: UnsafeMutablePointer<Int64>, _ range: Range<Int>) {
        let values = points.values
        let other = x == points.steps ? points.times : points.steps
        for index in range {
            let slot = self.index(of: x[index])
            let value = values[index]
            // A pointer into the slots, so that nothing of a slot is copied.
            guard let bucket = slots.baseAddress.map({ $0 + slot }) else { return }
            bucket.pointee.count &+= 1
            if x[index] < bucket.pointee.firstX { bucket.pointee.firstX = x[index] }
            let isLast = x[index] >= bucket.pointee.lastX
            if isLast { bucket.pointee.lastX = x[index] }
            guard value.isFinite else {
                if value.isNaN { bucket.pointee.nanCount &+= 1 }
                continue
            }
            bucket.pointee.finiteCount &+= 1
            bucket.pointee.sum += value
            if value < bucket.pointee.min { bucket.pointee.min = value }
            if value > bucket.pointee.max { bucket.pointee.max = value }
            let place = PointPlace(time: x[index], step: other[index], value: PointOrder.sortKey(of: value))
            if !(place < bucket.pointee.lastPlace) {
                bucket.pointee.lastPlace = place
                bucket.pointee.last = value
            }
        }
        count += range.count
    }

    /// Cells of a pyramid, whole, with their edges on the axis that is x.
    func add(_ cells: Cells, axis: SeriesAxis) {
        let firstX = axis == .step ? cells.firstSteps : cells.firstTimes
        let lastX = axis == .step ? cells.lastSteps : cells.lastTimes
        for cell in 0..<cells.count {
            let slot = index(of: firstX[cell])
            slots[slot].firstX = min(slots[slot].firstX, firstX[cell])
            slots[slot].lastX = max(slots[slot].lastX, lastX[cell])
            let size = cells.size(of: cell)
            let finite = cells.finiteCount(of: cell)
            slots[slot].count += size
            slots[slot].nanCount += cells.nanCounts.isEmpty ? 0 : Int(cells.nanCounts[cell])
            count += size
            guard finite > 0 else { continue }
            slots[slot].finiteCount += finite
            slots[slot].sum += cells.means[cell] * Double(finite)
            slots[slot].min = min(slots[slot].min, cells.minima[cell])
            slots[slot].max = max(slots[slot].max, cells.maxima[cell])
            let place = PointPlace(
                time: lastX[cell],
                step: cells.lastTimes[cell],
                value: PointOrder.sortKey(of: cells.lasts[cell])
            )
            if !(place < slots[slot].lastPlace) {
                slots[slot].lastPlace = place
                slots[slot].last = cells.lasts[cell]
            }
        }
    }

    /// The buckets that got something, ascending by x, with x − `origin`.
    func filled(origin: Int64) -> [SeriesBucket] {
        var result: [SeriesBucket] = []
        for slot in slots where slot.count > 0 {
            let hasFinite = slot.finiteCount > 0
            result.append(
                SeriesBucket(
                    firstX: slot.firstX &- origin,
                    lastX: slot.lastX &- origin,
                    min: hasFinite ? slot.min : .nan,
                    max: hasFinite ? slot.max : .nan,
                    mean: hasFinite ? slot.sum / Double(slot.finiteCount) : .nan,
                    last: slot.last,
                    count: slot.count,
                    nanCount: slot.nanCount,
                    infinityCount: slot.count - slot.nanCount - slot.finiteCount
                )
            )
        }
        return result
    }
}
