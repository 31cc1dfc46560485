internal import JSON
internal import TestSupport

/// Values, texts and keys that a seed decides.
struct SomeJSON {
    var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    mutating func value(depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth < 5 ? 9 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random))
        case 3: return JSONValue(number: random.next() | 1 << 63)
        case 4: return .double(double())
        case 5: return .string(text())
        case 6: return .array((0..<length()).map { _ in value(depth: depth + 1) })
        default: return .object(JSONObject((0..<length()).map { _ in (text(), value(depth: depth + 1)) }))
        }
    }

    private mutating func length() -> Int {
        Int.random(in: 0...Int.random(in: 0...20, using: &random), using: &random)
    }

    private mutating func double() -> Double {
        let value = Double(bitPattern: random.next())
        return value.isFinite ? value : 0.1
    }

    mutating func text() -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0...0x1F, 0x20...0x7F, 0x20...0x7F, 0xA0...0x2FF, 0xFF01...0xFFFD, 0x1F300...0x1F5FF,
        ]
        var text = ""
        for _ in 0..<length() {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
