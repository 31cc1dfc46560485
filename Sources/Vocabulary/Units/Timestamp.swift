internal import Glibc
internal import SwiftOverlayShims

/// A moment in UTC, to the nanosecond.
///
/// Written as RFC 3339 does, `2026-11-21T09:17:45.123456789Z`.
package struct Timestamp: Hashable, Sendable {
    /// Since 1970-01-01, leap seconds left out.
    package let seconds: Int64
    /// From 0 to 999,999,999, after `seconds`.
    package let nanosecond: Int32

    /// The start of year 1: Go's zero time, with which Docker's API says "never".
    package static let never = Timestamp(seconds: -62_135_596_800)

    package init(seconds: Int64, nanosecond: Int32 = 0) {
        self.seconds = seconds
        self.nanosecond = nanosecond
    }

    /// So many nanoseconds after 1970-01-01.
    package init(nanoseconds: Int64) {
        let part = nanoseconds % 1_000_000_000
        seconds = nanoseconds / 1_000_000_000 - (part < 0 ? 1 : 0)
        nanosecond = Int32(part < 0 ? part + 1_000_000_000 : part)
    }

    /// The nanoseconds since 1970-01-01; at the ends of `Int64` for what lies beyond the years 1678 to 2262.
    package var nanoseconds: Int64 {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(Int64(nanosecond))
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }

    /// The time of the system's clock.
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanosecond: Int32(time.tv_nsec))
    }

    package func duration(since earlier: Timestamp) -> Duration {
        .seconds(seconds - earlier.seconds) + .nanoseconds(Int64(nanosecond - earlier.nanosecond))
    }

    package func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = Int64(nanosecond) + attoseconds / 1_000_000_000
        let part = Timestamp(nanoseconds: nanoseconds)
        return Timestamp(seconds: self.seconds + seconds + part.seconds, nanosecond: part.nanosecond)
    }
}

extension Timestamp: Comparable {
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanosecond) < (right.seconds, right.nanosecond)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with as many decimals as there are.
    package var description: String {
        guard nanosecond > 0 else { return "\(dateAndTime)Z" }
        var decimals = Self.padded(Int64(nanosecond), 9)
        while decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(dateAndTime).\(decimals)Z"
    }

    /// RFC 3339 with nine decimals always, as in logs: texts sort as times do.
    package var withAllDecimals: String {
        "\(dateAndTime).\(Self.padded(Int64(nanosecond), 9))Z"
    }

    private var dateAndTime: String {
        let day = seconds.flooredQuotient(86400)
        let second = seconds - day * 86400
        let date = CivilDate(day: day)
        let (year, month, dayOfMonth) = (
            Self.padded(date.year, 4), Self.padded(date.month, 2), Self.padded(date.day, 2)
        )
        let (hour, minute) = (Self.padded(second / 3600, 2), Self.padded(second / 60 % 60, 2))
        return "\(year)-\(month)-\(dayOfMonth)T\(hour):\(minute):\(Self.padded(second % 60, 2))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(rfc3339: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A day of the Gregorian calendar, also before it was in use.
///
/// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
struct CivilDate {
    let year: Int64
    let month: Int64
    let day: Int64

    /// The date so many days after 1970-01-01.
    init(day: Int64) {
        let shifted = day + 719_468  // days since 0000-03-01: a leap day is the last of its year
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The date, or `nil` when the month has no such day.
    init?(year: Int64, month: Int64, day: Int64) {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), (1...lengths[Int(month) - 1]).contains(day) else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// Days since 1970-01-01.
    var dayNumber: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
