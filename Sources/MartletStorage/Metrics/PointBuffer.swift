import Foundation
import MartletCore

/// Points of one series in columns that grow, for loops that go through bare pointers.
///
/// A class because it owns raw memory. Confined to its maker.
final class PointBuffer {
    private(set) var steps: UnsafeMutablePointer<Int64>
    private(set) var times: UnsafeMutablePointer<Int64>
    private(set) var values: UnsafeMutablePointer<Double>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        steps = .allocate(capacity: self.capacity)
        times = .allocate(capacity: self.capacity)
        values = .allocate(capacity: self.capacity)
    }

    deinit {
        steps.deallocate()
        times.deallocate()
        values.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    func removeAll() { count = 0 }

    func removeLast(_ number: Int) { count -= number }

    func removeFirst(_ number: Int) {
        guard number > 0 else { return }
        let rest = count - number
        steps.update(from: steps + number, count: rest)
        times.update(from: times + number, count: rest)
        values.update(from: values + number, count: rest)
        count = rest
    }

    func reserve(_ extra: Int) {
        guard count + extra > capacity else { return }
        capacity = max(capacity * 2, count + extra)
        steps = Self.moved(steps, count, to: capacity)
        times = Self.moved(times, count, to: capacity)
        values = Self.moved(values, count, to: capacity)
    }

    private static func moved<Element>(
        _ old: UnsafeMutablePointer<Element>,
        _ count: Int,
        to capacity: Int
    ) -> UnsafeMutablePointer<Element> {
        let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        new.update(from: old, count: count)
        old.deallocate()
        return new
    }

    /// Claims points that were written behind the end, after `reserve`.
    func advance(by extra: Int) { count += extra }

    @inline(__always)
    func append(step: Int64, time: Int64, value: Double) {
        reserve(1)
        steps[count] = step
        times[count] = time
        values[count] = value
        count += 1
    }

    func append(_ other: PointBuffer, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        reserve(range.count)
        (steps + count).update(from: other.steps + range.lowerBound, count: range.count)
        (times + count).update(from: other.times + range.lowerBound, count: range.count)
        (values + count).update(from: other.values + range.lowerBound, count: range.count)
        count += range.count
    }

    /// Where a point stands in the one order of points.
    @inline(__always)
    func place(_ index: Int) -> PointPlace {
        PointPlace(time: times[index], step: steps[index], value: PointOrder.sortKey(of: values[index]))
    }

    /// Index of the first point that is greater than `place`. The points must be sorted.
    func firstIndex(after place: PointPlace) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if place < self.place(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Index of the first point that is not below `place`. The points must be sorted.
    func firstIndex(from place: PointPlace) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self.place(middle) < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func columns(_ range: Range<Int>) -> PointColumns {
        PointColumns(
            steps: steps(range),
            times: Array(UnsafeBufferPointer(start: times + range.lowerBound, count: range.count)),
            values: values(range)
        )
    }

    func steps(_ range: Range<Int>) -> [Int64] {
        Array(UnsafeBufferPointer(start: steps + range.lowerBound, count: range.count))
    }

    func values(_ range: Range<Int>) -> [Double] {
        Array(UnsafeBufferPointer(start: values + range.lowerBound, count: range.count))
    }

    /// Whether the points of a range ascend strictly by (time, step, value).
    func isSorted(_ range: Range<Int>) -> Bool {
        guard range.count > 1 else { return true }
        for index in (range.lowerBound + 1)..<range.upperBound {
            if times[index - 1] < times[index] { continue }
            if times[index - 1] > times[index] || steps[index - 1] > steps[index] { return false }
            if steps[index - 1] == steps[index], !(place(index - 1) < place(index)) { return false }
        }
        return true
    }

    /// Sorts by (time, step, value) and drops equal points. O(n) when that is so already, else O(n log n).
    func sortAndUnite() {
        guard !isSorted(0..<count) else { return }
        let order = (0..<UInt32(count)).sorted { place(Int($0)) < place(Int($1)) }
        let sorted = PointBuffer(capacity: count)
        for index in order {
            let place = place(Int(index))
            if sorted.count > 0, sorted.place(sorted.count - 1) == place { continue }
            sorted.append(step: place.step, time: place.time, value: values[Int(index)])
        }
        exchange(with: sorted)
    }

    /// Takes the points of the other and gives it its own.
    func exchange(with other: PointBuffer) {
        swap(&steps, &other.steps)
        swap(&times, &other.times)
        swap(&values, &other.values)
        swap(&count, &other.count)
        swap(&capacity, &other.capacity)
    }

    /// All points of two sorted buffers, sorted; equal ones once.
    static func union(_ left: PointBuffer, _ right: PointBuffer) -> PointBuffer {
        let result = PointBuffer(capacity: left.count + right.count)
        var (i, j) = (0, 0)
        if left.isEmpty || right.isEmpty || left.place(left.count - 1) < right.place(0) {
            result.append(left, 0..<left.count)
            result.append(right, 0..<right.count)
            return result
        }
        while i < left.count, j < right.count {
            let (a, b) = (left.place(i), right.place(j))
            if b < a {
                result.append(step: b.step, time: b.time, value: right.values[j])
                j += 1
            } else {
                result.append(step: a.step, time: a.time, value: left.values[i])
                i += 1
                if a == b { j += 1 }
            }
        }
        result.append(left, i..<left.count)
        result.append(right, j..<right.count)
        return result
    }
}

/// A point's place in the one order of points: by time, then step, then sortable value.
struct PointPlace: Equatable, Comparable, Sendable {
    var time: Int64
    var step: Int64
    /// See `PointOrder.sortKey(of:)`.
    var value: Int64

    @inline(__always)
    static func < (left: Self, right: Self) -> Bool {
        if left.time != right.time { return left.time < right.time }
        if left.step != right.step { return left.step < right.step }
        return left.value < right.value
    }

    static let first = PointPlace(time: .min, step: .min, value: .min)
}

extension PointBuffer {
    func copy(from: Int, to: Int) {
        steps[to] = steps[from]
        times[to] = times[from]
        values[to] = values[from]
    }

    /// Sorts the points of a range and moves equal ones out of it.
    /// - Returns: the range of those that are left, from the same start.
    func sortAndUnite(_ range: Range<Int>) -> Range<Int> {
        guard !isSorted(range) else { return range }
        let piece = PointBuffer(capacity: range.count)
        piece.append(self, range)
        piece.sortAndUnite()
        for index in 0..<piece.count {
            steps[range.lowerBound + index] = piece.steps[index]
            times[range.lowerBound + index] = piece.times[index]
            values[range.lowerBound + index] = piece.values[index]
        }
        return range.lowerBound..<(range.lowerBound + piece.count)
    }

    /// Whether a point is among these, which must be sorted.
    func contains(_ place: PointPlace) -> Bool {
        let index = firstIndex(from: place)
        return index < count && self.place(index) == place
    }
}
