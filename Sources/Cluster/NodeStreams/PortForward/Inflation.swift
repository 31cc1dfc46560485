/// Decompresses a zlib stream that is flushed after each of its pieces, as SPDY's headers are.
///
/// Keeps the last 32 KiB, which later pieces refer to. Memory per piece is bounded by ``longest``.
///
/// Source: RFC 1950 and RFC 1951.
struct Inflation {
    enum Failure: Error, Equatable {
        case malformed
        case tooLong
    }

    /// What one piece may become.
    static let longest = 64 * 1024
    private static let window = 32 * 1024

    private let dictionary: [UInt8]
    private var history: [UInt8] = []
    private var isFirst = true

    /// `dictionary` is what a stream that asks for one begins with.
    init(dictionary: [UInt8]) {
        self.dictionary = dictionary
    }

    /// What the next piece says; it ends where a block does.
    mutating func take(_ piece: [UInt8]) throws(Failure) -> [UInt8] {
        var bits = BitReader(piece[...])
        if isFirst {
            try begin(&bits)
            isFirst = false
        }
        let start = history.count
        while !bits.isAtEnd {
            _ = try bits.read(1)
            switch try bits.read(2) {
            case 0: try stored(&bits, start)
            case 1: try compressed(&bits, Self.fixedLengths, Self.fixedDistances, start)
            case 2:
                let (lengths, distances) = try Self.trees(&bits)
                try compressed(&bits, lengths, distances, start)
            default: throw .malformed
            }
        }
        let result = Array(history[start...])
        if history.count > Self.window { history.removeFirst(history.count - Self.window) }
        return result
    }

    private mutating func begin(_ bits: inout BitReader) throws(Failure) {
        let (method, flags) = (try bits.read(8), try bits.read(8))
        guard method & 15 == 8, (method << 8 | flags) % 31 == 0 else { throw .malformed }
        guard flags & 32 != 0 else { return }
        for _ in 0..<4 { _ = try bits.read(8) }
        history = dictionary
    }

    private mutating func add(_ byte: UInt8, _ start: Int) throws(Failure) {
        guard history.count - start < Self.longest else { throw .tooLong }
        history.append(byte)
    }

    private mutating func stored(_ bits: inout BitReader, _ start: Int) throws(Failure) {
        bits.alignToByte()
        let (length, complement) = (try bits.read(16), try bits.read(16))
        guard length == ~complement & 0xFFFF else { throw .malformed }
        for _ in 0..<length { try add(UInt8(try bits.read(8)), start) }
    }

    private mutating func compressed(
        _ bits: inout BitReader, _ lengths: HuffmanCode, _ distances: HuffmanCode, _ start: Int
    ) throws(Failure) {
        while true {
            let symbol = try lengths.read(&bits)
            if symbol < 256 {
                try add(UInt8(symbol), start)
                continue
            }
            if symbol == 256 { return }
            guard symbol < 286 else { throw .malformed }
            let length = Self.lengthBases[symbol - 257] + (try bits.read(Self.lengthBits[symbol - 257]))
            let code = try distances.read(&bits)
            guard code < 30 else { throw .malformed }
            let distance = Self.distanceBases[code] + (try bits.read(code < 4 ? 0 : code / 2 - 1))
            guard distance <= history.count else { throw .malformed }
            for _ in 0..<length { try add(history[history.count - distance], start) }
        }
    }

    // MARK: codes

    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let distanceBases = (0..<30).map { code in
        code < 4 ? code + 1 : (2 + code % 2) << (code / 2 - 1) + 1
    }
    private static let fixedLengths = HuffmanCode(
        (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = HuffmanCode([Int](repeating: 5, count: 30))
    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private static func trees(_ bits: inout BitReader) throws(Failure) -> (HuffmanCode, HuffmanCode) {
        let lengthCount = try bits.read(5) + 257
        let distanceCount = try bits.read(5) + 1
        let codeCount = try bits.read(4) + 4
        var lengths = [Int](repeating: 0, count: 19)
        for index in 0..<codeCount { lengths[order[index]] = try bits.read(3) }
        let code = HuffmanCode(lengths)
        var all: [Int] = []
        while all.count < lengthCount + distanceCount {
            let symbol = try code.read(&bits)
            let (value, count): (Int, Int)
            switch symbol {
            case ..<16: (value, count) = (symbol, 1)
            case 16:
                guard let last = all.last else { throw .malformed }
                (value, count) = (last, 3 + (try bits.read(2)))
            case 17: (value, count) = (0, 3 + (try bits.read(3)))
            default: (value, count) = (0, 11 + (try bits.read(7)))
            }
            all += [Int](repeating: value, count: count)
        }
        guard all.count == lengthCount + distanceCount else { throw .malformed }
        return (HuffmanCode(Array(all[..<lengthCount])), HuffmanCode(Array(all[lengthCount...])))
    }
}

/// Bits of bytes, the lowest first.
struct BitReader {
    private var bytes: ArraySlice<UInt8>
    private var bits = 0
    private var count = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// Whether nothing but the rest of a byte is left.
    var isAtEnd: Bool { bytes.isEmpty }

    mutating func read(_ wanted: Int) throws(Inflation.Failure) -> Int {
        while count < wanted {
            guard let byte = bytes.popFirst() else { throw .malformed }
            bits |= Int(byte) << count
            count += 8
        }
        defer {
            bits >>= wanted
            count -= wanted
        }
        return bits & (1 << wanted - 1)
    }

    mutating func alignToByte() {
        bits >>= count % 8
        count -= count % 8
    }
}

/// A prefix code, given by how long the code of each symbol is.
struct HuffmanCode {
    private var counts = [Int](repeating: 0, count: 16)
    private var symbols: [Int] = []

    init(_ lengths: [Int]) {
        for length in lengths where length > 0 { counts[length] += 1 }
        symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }

    func read(_ bits: inout BitReader) throws(Inflation.Failure) -> Int {
        var (code, first, index) = (0, 0, 0)
        for length in 1...15 {
            code |= try bits.read(1)
            let count = counts[length]
            if code - first < count {
                guard symbols.indices.contains(index + code - first) else { throw .malformed }
                return symbols[index + code - first]
            }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        throw .malformed
    }
}
