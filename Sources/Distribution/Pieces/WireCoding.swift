package import ImageSpec

/// Writes the distributor's messages: unsigned numbers in 7-bit groups, lowest first; texts and bytes after their length.
package struct WireWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    package mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Counts and positions, which are never negative.
    package mutating func count(_ value: some BinaryInteger) { number(UInt64(clamping: value)) }
    package mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func word(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    package mutating func data(_ value: some Collection<UInt8>) {
        count(value.count)
        bytes.append(contentsOf: value)
    }

    package mutating func raw(_ value: some Collection<UInt8>) { bytes.append(contentsOf: value) }
    package mutating func text(_ value: String) { data(Array(value.utf8)) }
    package mutating func peer(_ value: PeerID) { word(value.raw) }
    package mutating func digest(_ value: Digest) { text(value.description) }

    package mutating func contact(_ value: Contact) {
        peer(value.id)
        text(value.address)
        text(value.zone)
        text(value.rack)
    }

    /// As runs, or as bits where those are shorter.
    package mutating func pieces(_ value: PieceSet) {
        count(value.capacity)
        var runs = WireWriter()
        var end = 0
        let list = value.runs
        runs.count(list.count)
        for run in list {
            runs.count(run.lowerBound - end)
            runs.count(run.count)
            end = run.upperBound
        }
        let bitBytes = (value.capacity + 7) / 8
        if runs.bytes.count <= bitBytes {
            byte(0)
            bytes.append(contentsOf: runs.bytes)
        } else {
            byte(1)
            for index in 0..<bitBytes {
                bytes.append(UInt8(truncatingIfNeeded: value.words[index >> 3] >> UInt64((index & 7) * 8)))
            }
        }
    }
}

/// Reads what ``WireWriter`` wrote; trusts nothing.
package struct WireReader {
    private let bytes: [UInt8]
    private var position = 0

    /// More pieces than any layout gives.
    private static let mostPieces = Int(PieceLayout.longestBlob / Int64(PieceLayout.largestPiece)) + 1

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isAtEnd: Bool { position == bytes.count }

    package mutating func byte(_ what: String = "byte") throws(WireError) -> UInt8 {
        guard position < bytes.count else { throw WireError("\(what): the message ends before it") }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func number(_ what: String) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte(what)
            guard shift < 63 || (shift == 63 && next <= 1) else { throw WireError("\(what): longer than 64 bits") }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
    }

    /// A number that is at most `limit`.
    package mutating func count(_ what: String, upTo limit: Int = .max) throws(WireError) -> Int {
        let value = try number(what)
        guard value <= UInt64(limit) else { throw WireError("\(what): \(value) is more than \(limit)") }
        return Int(value)
    }

    package mutating func flag(_ what: String) throws(WireError) -> Bool {
        switch try byte(what) {
        case 0: return false
        case 1: return true
        case let other: throw WireError("\(what): \(other) is neither 0 nor 1")
        }
    }

    package mutating func raw(_ length: Int, _ what: String) throws(WireError) -> [UInt8] {
        guard bytes.count - position >= length else {
            throw WireError("\(what): \(length - (bytes.count - position)) bytes missing")
        }
        defer { position += length }
        return Array(bytes[position..<position + length])
    }

    package mutating func word(_ what: String) throws(WireError) -> UInt64 {
        try raw(8, what).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    package mutating func data(_ what: String, upTo limit: Int = 1 << 16) throws(WireError) -> [UInt8] {
        try raw(try count(what, upTo: limit), what)
    }

    package mutating func text(_ what: String, upTo limit: Int = 1024) throws(WireError) -> String {
        guard let text = String(validating: try data(what, upTo: limit), as: UTF8.self) else {
            throw WireError("\(what): no UTF-8")
        }
        return text
    }

    package mutating func peer(_ what: String = "peer") throws(WireError) -> PeerID { PeerID(try word(what)) }

    package mutating func digest() throws(WireError) -> Digest {
        let text = try text("digest", upTo: 160)
        do throws(ImageSpecError) {
            return try Digest(parsing: text)
        } catch {
            throw WireError(error.description)
        }
    }

    package mutating func contact() throws(WireError) -> Contact {
        Contact(
            id: try peer(), address: try text("address"), zone: try text("zone", upTo: 128),
            rack: try text("rack", upTo: 128))
    }

    package mutating func pieces() throws(WireError) -> PieceSet {
        let capacity = try count("piece set", upTo: Self.mostPieces)
        var set = PieceSet(capacity: capacity)
        if try flag("form of a piece set") {
            let bits = try raw((capacity + 7) / 8, "piece set")
            var words = [UInt64](repeating: 0, count: (capacity + 63) / 64)
            for (index, byte) in bits.enumerated() { words[index >> 3] |= UInt64(byte) << UInt64((index & 7) * 8) }
            set.setWords(words)
            return set
        }
        var end = 0
        for _ in 0..<(try count("runs", upTo: capacity)) {
            let start = end + (try count("run", upTo: capacity - end))
            end = start + (try count("run's length", upTo: capacity - start))
            for piece in start..<end { set.insert(piece) }
        }
        return set
    }
}
