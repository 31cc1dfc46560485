/// A set of small numbers, one bit each.
package struct Bitset: Equatable {
    private(set) var words: [UInt64]

    init(count: Int = 0, filled: Bool = false) {
        words = Array(repeating: filled ? .max : 0, count: (count + 63) / 64)
        if filled, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    subscript(_ index: Int) -> Bool {
        get { index >> 6 < words.count && words[index >> 6] & (1 << UInt64(index & 63)) != 0 }
        set {
            if index >> 6 >= words.count {
                guard newValue else { return }
                words.append(contentsOf: repeatElement(0, count: (index >> 6) + 1 - words.count))
            }
            let bit: UInt64 = 1 << UInt64(index & 63)
            if newValue { words[index >> 6] |= bit } else { words[index >> 6] &= ~bit }
        }
    }

    /// The eight bits from `8 * block` on.
    func byte(_ block: Int) -> UInt8 {
        block >> 3 < words.count ? UInt8(truncatingIfNeeded: words[block >> 3] >> UInt64((block & 7) * 8)) : 0
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    mutating func formIntersection(_ other: Bitset) {
        for index in words.indices { words[index] &= index < other.words.count ? other.words[index] : 0 }
    }

    mutating func formUnion(_ other: Bitset) {
        if words.count < other.words.count {
            words.append(contentsOf: repeatElement(0, count: other.words.count - words.count))
        }
        for index in other.words.indices { words[index] |= other.words[index] }
    }

    mutating func subtract(_ other: Bitset) {
        for index in words.indices where index < other.words.count { words[index] &= ~other.words[index] }
    }

    /// Calls `body` with each member, lowest first.
    @inline(__always)
    func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    var members: [Int] {
        var found: [Int] = []
        forEach { found.append($0) }
        return found
    }
}
