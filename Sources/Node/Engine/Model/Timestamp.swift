internal import Glibc

/// A moment of the wall clock, in nanoseconds since 1970; written as RFC 3339 with up to nine decimals.
///
/// Docker writes "0001-01-01T00:00:00Z" for "never".
package struct Timestamp: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Docker's zero time.
    package static let never = Timestamp(nanoseconds: .min)

    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package var isNever: Bool { self == .never }

    /// Whole seconds since 1970, rounded down; 0 for ``never``.
    package var seconds: Int64 {
        if isNever { return 0 }
        let quotient = nanoseconds / 1_000_000_000
        return nanoseconds % 1_000_000_000 < 0 ? quotient - 1 : quotient
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    package func advanced(by duration: Duration) -> Timestamp {
        Timestamp(nanoseconds: nanoseconds &+ duration.nanoseconds)
    }

    package func duration(to later: Timestamp) -> Duration {
        .nanoseconds(later.nanoseconds - nanoseconds)
    }

    package var description: String { written(digits: nil) }

    /// With exactly nine decimals, as log lines have it, so that lines sort and align.
    package var withNineDigits: String { written(digits: 9) }

    private func written(digits: Int?) -> String {
        if isNever { return "0001-01-01T00:00:00Z" }
        let whole = seconds
        let fraction = nanoseconds - whole * 1_000_000_000
        let civil = CivilDate(secondsSince1970: whole)
        var text = "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
        text += "T\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
        if digits != nil || fraction != 0 {
            var decimals = padded(fraction, 9)
            if digits == nil { while decimals.hasSuffix("0") { decimals.removeLast() } }
            text += "." + decimals
        }
        return text + "Z"
    }

    /// Reads RFC 3339, with any offset and any number of decimals.
    package init?(rfc3339 text: String) {
        guard let parsed = CivilDate.parse(text) else { return nil }
        self = parsed
    }

    /// Reads what `since` and `until` take: seconds since 1970 with a fraction, RFC 3339, or a date.
    package init?(query text: String) {
        if let parsed = CivilDate.parse(text) {
            self = parsed
            return
        }
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = halves.first, let whole = Int64(first) else { return nil }
        var nanoseconds: Int64 = 0
        if halves.count == 2 {
            let decimals = halves[1].prefix(9)
            guard decimals.allSatisfy(\.isNumber), let value = Int64(decimals.isEmpty ? "0" : String(decimals)) else {
                return nil
            }
            nanoseconds = value
            for _ in decimals.count..<9 { nanoseconds *= 10 }
        }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return nil }
        self.nanoseconds = scaled + nanoseconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        if text.isEmpty || text.hasPrefix("0001-01-01") {
            self = .never
            return
        }
        guard let parsed = Timestamp(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time: \(text)")
        }
        self = parsed
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Timestamp: Zeroed {
    package static var zero: Timestamp { .never }
}

extension Duration {
    /// Rounded towards zero; saturates.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled &+ attoseconds / 1_000_000_000
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A date of the proleptic Gregorian calendar, in UTC.
private struct CivilDate {
    var year: Int64
    var month: Int64
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    init(secondsSince1970 seconds: Int64) {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let rest = seconds - days * 86400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest % 3600 / 60
        second = rest % 60
    }

    /// Source: as above, days_from_civil.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func parse(_ text: String) -> Timestamp? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int, from: inout ArraySlice<UInt8>) -> Int64? {
            guard from.count >= digits else { return nil }
            var value: Int64 = 0
            for byte in from.prefix(digits) {
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            from = from.dropFirst(digits)
            return value
        }
        func take(_ bytes: String, from: inout ArraySlice<UInt8>) -> Bool {
            guard let first = from.first, bytes.utf8.contains(first) else { return false }
            from = from.dropFirst()
            return true
        }
        guard let year = number(4, from: &rest), take("-", from: &rest), let month = number(2, from: &rest),
            take("-", from: &rest), let day = number(2, from: &rest), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let date = days(year: year, month: month, day: day) * 86400
        if rest.isEmpty { return Timestamp(nanoseconds: date * 1_000_000_000) }
        guard take("Tt ", from: &rest), let hour = number(2, from: &rest), hour < 24 else { return nil }
        var minute: Int64 = 0
        var second: Int64 = 0
        var nanoseconds: Int64 = 0
        if take(":", from: &rest) {
            guard let value = number(2, from: &rest), value < 60 else { return nil }
            minute = value
            if take(":", from: &rest) {
                guard let value = number(2, from: &rest), value < 61 else { return nil }
                second = value
            }
        }
        if take(".", from: &rest) {
            var scale: Int64 = 100_000_000
            while let digit = rest.first, digit >= 48, digit <= 57 {
                nanoseconds += Int64(digit - 48) * scale
                scale /= 10
                rest = rest.dropFirst()
            }
        }
        var offset: Int64 = 0
        if !rest.isEmpty, !(rest.count == 1 && take("Zz", from: &rest)) {
            let sign: Int64 = rest.first == UInt8(ascii: "-") ? -1 : 1
            guard take("+-", from: &rest), let hours = number(2, from: &rest) else { return nil }
            _ = take(":", from: &rest)
            guard let minutes = number(2, from: &rest), rest.isEmpty else { return nil }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard year >= 1678, year <= 2261 else { return nil }
        let seconds = date + hour * 3600 + minute * 60 + second - offset
        return Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }
}
