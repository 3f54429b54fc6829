import Foundation

/// The lower triangular L of a symmetric positive definite matrix A = L Lᵀ.
///
/// Rows lie in one piece, so that all the work is inner products of stretches of rows (Golub and Van Loan, *Matrix
/// Computations*, §4.2, the row-oriented variant). Unsafe pointers, because the loops are what a suggestion costs.
struct CholeskyFactor {
    let count: Int
    /// `count` × `count`, row-major; what lies above the diagonal means nothing.
    private var rows: [Double]

    /// O(count³ / 3).
    /// - Parameter matrix: row-major, `count` × `count`; only its lower triangle is read.
    /// - Returns: `nil` when the matrix is empty or not positive definite to working precision.
    init?(_ matrix: [Double], count: Int) {
        precondition(matrix.count == count * count, "a square matrix is needed")
        self.count = count
        rows = matrix
        let isDefinite = rows.withUnsafeMutableBufferPointer { buffer in
            guard let rows = buffer.baseAddress else { return false }
            for i in 0..<count {
                let row = rows + i * count
                for j in 0..<i {
                    let other = rows + j * count
                    row[j] = (row[j] - dot(row, other, j)) / other[j]
                }
                let rest = row[i] - dot(row, row, i)
                guard rest > 1e-14, rest.isFinite else { return false }
                row[i] = rest.squareRoot()
            }
            return true
        }
        guard isDefinite else { return nil }
    }

    var logDeterminant: Double {
        (0..<count).reduce(0) { $0 + 2 * log(rows[$1 * count + $1]) }
    }

    /// Solves L x = b in place. O(count² / 2).
    func solveLower(_ vector: inout [Double]) {
        rows.withUnsafeBufferPointer { rows in
            vector.withUnsafeMutableBufferPointer { vector in
                guard let rows = rows.baseAddress, let vector = vector.baseAddress else { return }
                for i in 0..<count {
                    let row = rows + i * count
                    vector[i] = (vector[i] - dot(row, vector, i)) / row[i]
                }
            }
        }
    }

    /// Solves A x = b. O(count²).
    func solve(_ right: [Double]) -> [Double] {
        var vector = right
        solveLower(&vector)
        for i in stride(from: count - 1, through: 0, by: -1) {
            vector[i] /= rows[i * count + i]
            let value = vector[i]
            for j in 0..<i { vector[j] -= rows[i * count + j] * value }
        }
        return vector
    }

    /// The lower triangle of A⁻¹, row-major; zero above the diagonal. O(2 count³ / 3).
    func inverse() -> [Double] {
        // Row j of `columns` is column j of L⁻¹, which is zero before j.
        var columns = [Double](repeating: 0, count: count * count)
        var inverse = columns
        rows.withUnsafeBufferPointer { rows in
            columns.withUnsafeMutableBufferPointer { columns in
                guard let rows = rows.baseAddress, let columns = columns.baseAddress else { return }
                for j in 0..<count {
                    let column = columns + j * count
                    column[j] = 1 / rows[j * count + j]
                    for i in j + 1..<max(count, j + 1) {
                        let row = rows + i * count
                        column[i] = -dot(row + j, column + j, i - j) / row[i]
                    }
                }
                for i in 0..<count {
                    for j in 0...i {
                        inverse[i * count + j] = dot(columns + i * count + i, columns + j * count + i, count - i)
                    }
                }
            }
        }
        return inverse
    }
}

/// The inner product of two stretches of `count` doubles, in eight partial sums, which the compiler may not make of
/// one by itself.
@inline(__always)
func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    let left = UnsafeRawPointer(a)
    let right = UnsafeRawPointer(b)
    var first = SIMD4<Double>.zero
    var second = SIMD4<Double>.zero
    var index = 0
    while index + 8 <= count {
        let offset = index * 8
        first +=
            left.loadUnaligned(fromByteOffset: offset, as: SIMD4<Double>.self)
            * right.loadUnaligned(fromByteOffset: offset, as: SIMD4<Double>.self)
        second +=
            left.loadUnaligned(fromByteOffset: offset + 32, as: SIMD4<Double>.self)
            * right.loadUnaligned(fromByteOffset: offset + 32, as: SIMD4<Double>.self)
        index += 8
    }
    var sum = (first + second).sum()
    while index < count {
        sum += a[index] * b[index]
        index += 1
    }
    return sum
}
