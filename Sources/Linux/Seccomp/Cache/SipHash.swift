/// SipHash-2-4 with 128 bits of output: a name for a few kilobytes that nobody can make collide by accident.
///
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; the authors' reference vectors.
struct SipHash: Sendable {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    private init(key: (UInt64, UInt64)) {
        v0 = 0x736f_6d65_7073_6575 ^ key.0
        v1 = 0x646f_7261_6e64_6f6d ^ key.1 ^ 0xee
        v2 = 0x6c79_6765_6e65_7261 ^ key.0
        v3 = 0x7465_6462_7974_6573 ^ key.1
    }

    /// The two halves of the hash, first the one that comes first in the reference's bytes.
    static func hash(
        _ bytes: UnsafeRawBufferPointer, key: (UInt64, UInt64) = (0, 0)
    ) -> (low: UInt64, high: UInt64) {
        var state = SipHash(key: key)
        var index = 0
        while index + 8 <= bytes.count {
            state.absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        var last = UInt64(bytes.count & 0xff) << 56
        for shift in 0..<(bytes.count - index) {
            last |= UInt64(bytes[index + shift]) << UInt64(8 * shift)
        }
        state.absorb(last)
        state.v2 ^= 0xee
        for _ in 0..<4 { state.round() }
        let low = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
        state.v1 ^= 0xdd
        for _ in 0..<4 { state.round() }
        return (low, state.v0 ^ state.v1 ^ state.v2 ^ state.v3)
    }

    @inline(__always)
    private mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}
