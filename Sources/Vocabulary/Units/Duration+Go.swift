// Durations as Docker's API and command line write them, in Go's notation: `1h2m3.5s`.
extension Duration {
    /// The whole nanoseconds, as Docker's API has them; at the ends of `Int64` for what lies beyond.
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }

    private static let goUnits: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Reads Go's notation: numbers, each with a unit of `ns us µs ms s m h`, a sign before the first; or `0`.
    ///
    /// - Throws: ``ParseError``, also when `Int64` does not hold the nanoseconds.
    ///
    /// Source: Go, `time.ParseDuration`.
    package init(parsing text: String) throws(ParseError) {
        func malformed(_ reason: String) -> ParseError { ParseError("duration", text, reason) }
        let isNegative = text.hasPrefix("-")
        var rest = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !rest.isEmpty else { throw malformed("empty") }
        var total: UInt64 = 0
        while !rest.isEmpty, rest != "0" || total > 0 {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Decimal(parsing: number) else { throw malformed("a number must come before each unit") }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let unit = Self.goUnits.first(where: { $0.name == name }) else {
                throw malformed(name.isEmpty ? "a unit is missing, such as in 5s" : "unknown unit \"\(name)\"")
            }
            rest = rest.dropFirst(name.count)
            guard let part = value.times(unit.nanoseconds), part <= UInt64(Int64.max), total + part <= UInt64(Int64.max)
            else { throw malformed("too long") }
            total += part
        }
        self = .nanoseconds(isNegative ? -Int64(total) : Int64(total))
    }

    /// Go's notation: `1h2m3.5s`, `1.5ms`, `0s`.
    ///
    /// Source: Go, `Duration.String`.
    package var inGoNotation: String {
        let nanoseconds = inNanoseconds
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        switch magnitude {
        case 0: return "0s"
        case ..<1000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return sign + Self.fraction(magnitude, of: 1000) + "µs"
        case ..<1_000_000_000: return sign + Self.fraction(magnitude, of: 1_000_000) + "ms"
        default: break
        }
        let minutes = magnitude / 60_000_000_000
        var text = sign
        if minutes >= 60 { text += "\(minutes / 60)h" }
        if minutes > 0 { text += "\(minutes % 60)m" }
        return text + Self.fraction(magnitude % 60_000_000_000, of: 1_000_000_000) + "s"
    }

    private static func fraction(_ value: UInt64, of unit: UInt64) -> String {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
        guard rest > 0 else { return "\(whole)" }
        var digits = String(String(unit + rest).dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    /// Roughly and in words, as `docker ps` shows: `5 seconds`, `About a minute`, `2 weeks`.
    ///
    /// Source: docker/go-units, `HumanDuration`.
    package var inWords: String {
        let seconds = components.seconds
        let hours = (seconds + 1800) / 3600
        return switch seconds {
        case ..<1: "Less than a second"
        case 1: "1 second"
        case ..<60: "\(seconds) seconds"
        case ..<120: "About a minute"
        case ..<3600: "\(seconds / 60) minutes"
        default:
            switch hours {
            case 1: "About an hour"
            case ..<48: "\(hours) hours"
            case ..<(24 * 7 * 2): "\(hours / 24) days"
            case ..<(24 * 30 * 2): "\(hours / 24 / 7) weeks"
            case ..<(24 * 365 * 2): "\(hours / 24 / 30) months"
            default: "\(seconds / 3600 / 24 / 365) years"
            }
        }
    }
}
