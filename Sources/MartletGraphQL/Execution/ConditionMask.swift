/// The values of the variables that decide over selections, one bit each.
struct ConditionMask: Hashable {
    static let most = 64

    private(set) var bits: UInt64 = 0

    subscript(index: Int) -> Bool {
        get { bits >> UInt64(index) & 1 == 1 }
        set { bits = newValue ? bits | 1 << UInt64(index) : bits & ~(1 << UInt64(index)) }
    }
}
