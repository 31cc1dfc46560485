/// Moments as docker writes them: RFC 3339 in UTC with up to nine digits of the second, trailing zeros left out.
struct Timestamp {
    /// The second that `prefix` shows.
    private var second: Int64 = .min
    /// As in `2006-01-02T15:04:05`, without the fraction.
    private var prefix: [UInt8] = []

    /// Appends `nanoseconds` since 1970; the part before the fraction is kept from call to call.
    mutating func append(_ nanoseconds: Int64, to bytes: inout [UInt8]) {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let whole = remainder < 0 ? quotient - 1 : quotient
        if whole != second {
            prefix = Self.prefix(of: whole)
            second = whole
        }
        bytes.append(contentsOf: prefix)
        Self.appendFraction(nanoseconds - whole * 1_000_000_000, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func appendFraction(_ fraction: Int64, to bytes: inout [UInt8]) {
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        var rest = fraction
        var unit: Int64 = 100_000_000
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        }
    }

    private static func prefix(of second: Int64) -> [UInt8] {
        let (days, time) = (second.flooredQuotient(86400), second - second.flooredQuotient(86400) * 86400)
        let (year, month, day) = civil(days)
        var bytes: [UInt8] = []
        append(year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        append(time / 3600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(time / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(time % 60, digits: 2, to: &bytes)
        return bytes
    }

    private static func append(_ number: Int64, digits: Int, to bytes: inout [UInt8]) {
        var unit: Int64 = 1
        for _ in 1..<digits { unit *= 10 }
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
            unit /= 10
        }
    }

    /// The date of a day counted from 1970-01-01, in the Gregorian calendar.
    ///
    /// Counts years from March, so that the day a leap year adds is the last one of its year; 400 years are 146,097 days.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
