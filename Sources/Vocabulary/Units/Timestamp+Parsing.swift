extension Timestamp {
    /// Reads RFC 3339, with any number of decimals of which nine count.
    ///
    /// - Throws: ``ParseError``.
    package init(rfc3339 text: String) throws(ParseError) {
        var reader = Reader(text)
        guard let moment = reader.moment(zoneMayBeMissing: false), reader.isAtEnd else {
            throw ParseError("time", text, "not as in 2026-11-21T09:17:45.5Z")
        }
        self = moment
    }

    /// Reads what `--since` and `--until` take.
    ///
    /// That is RFC 3339, also without a zone (then in UTC), without seconds or as a date alone; seconds since 1970
    /// with up to nine decimals; or a duration before `now`.
    ///
    /// - Throws: ``ParseError``.
    ///
    /// Source: moby, `api/types/time.GetTimestamp`.
    package init(parsing text: String, now: Timestamp) throws(ParseError) {
        var reader = Reader(text)
        if let moment = reader.moment(zoneMayBeMissing: true), reader.isAtEnd {
            self = moment
        } else if let decimal = Decimal(parsing: text[...]), decimal.whole < 1 << 53 {
            self.init(seconds: Int64(decimal.whole), nanosecond: Int32(decimal.fraction(of: 1_000_000_000)))
        } else if let duration = try? Duration(parsing: text) {
            self = now.advanced(by: .zero - duration)
        } else {
            throw ParseError("time", text, "neither a date, nor seconds since 1970, nor a duration such as 10m")
        }
    }

    /// Takes a text apart from its start.
    private struct Reader {
        private var rest: Substring.UTF8View

        init(_ text: String) {
            rest = text[...].utf8
        }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func moment(zoneMayBeMissing: Bool) -> Timestamp? {
            guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
                let date = CivilDate(year: year, month: month, day: day)
            else { return nil }
            let midnight = date.dayNumber * 86400
            if zoneMayBeMissing, isAtEnd { return Timestamp(seconds: midnight) }
            guard take("T") || take("t") || take(" "), let hour = number(2), hour < 24, take(":"),
                let minute = number(2), minute < 60
            else { return nil }
            var second: Int64 = 0
            var nanosecond: Int32 = 0
            if take(":") {
                guard let whole = number(2), whole < 61, let part = decimals() else { return nil }
                (second, nanosecond) = (whole, part)
            } else if !zoneMayBeMissing {
                return nil
            }
            guard let offset = zone() ?? (zoneMayBeMissing && isAtEnd ? 0 : nil) else { return nil }
            return Timestamp(seconds: midnight + hour * 3600 + minute * 60 + second - offset, nanosecond: nanosecond)
        }

        /// Seconds east of Greenwich.
        private mutating func zone() -> Int64? {
            if take("Z") || take("z") { return 0 }
            let isEast = take("+")
            guard isEast || take("-"), let hours = number(2), hours < 24, take(":"), let minutes = number(2),
                minutes < 60
            else { return nil }
            return (hours * 3600 + minutes * 60) * (isEast ? 1 : -1)
        }

        /// Nanoseconds; none when there is no point, `nil` when no digit follows it.
        private mutating func decimals() -> Int32? {
            guard take(".") else { return 0 }
            let digits = rest.prefix(while: Self.isDigit)
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            return Int32((String(Substring(digits)) + "00000000").prefix(9))
        }

        private mutating func number(_ width: Int) -> Int64? {
            let digits = rest.prefix(width)
            guard digits.count == width, digits.allSatisfy(Self.isDigit) else { return nil }
            rest = rest.dropFirst(width)
            return Int64(Substring(digits))
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        private static func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }
}
