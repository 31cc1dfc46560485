internal import Glibc

/// A point in time, in seconds and nanoseconds since 1970, as the API and people write it.
struct Moment: Equatable {
    var seconds: Int64
    var nanoseconds: Int64 = 0

    static func now() -> Moment {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Moment(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    init(seconds: Int64, nanoseconds: Int64 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Reads RFC 3339, such as `2026-11-21T09:23:39.409294187Z`; shorter forms down to the day mean local time.
    ///
    /// `nil` when it is none.
    init?(parsing text: String) {
        var scanner = Scanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2)
        else { return nil }
        var broken = tm()
        (broken.tm_year, broken.tm_mon, broken.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
        if scanner.skip("T") || scanner.skip(" ") {
            guard let hour = scanner.number(2) else { return nil }
            broken.tm_hour = Int32(hour)
            if scanner.skip(":") { broken.tm_min = Int32(scanner.number(2) ?? 0) }
            if scanner.skip(":") { broken.tm_sec = Int32(scanner.number(2) ?? 0) }
            if scanner.skip(".") { nanoseconds = scanner.fraction() } else { nanoseconds = 0 }
        } else {
            nanoseconds = 0
        }
        guard let offset = scanner.offset() else {
            guard scanner.isAtEnd else { return nil }
            broken.tm_isdst = -1
            seconds = Int64(mktime(&broken))
            return
        }
        guard scanner.isAtEnd else { return nil }
        seconds = Int64(timegm(&broken)) - offset
    }

    /// `2026-11-21 09:23:39 +0000 UTC`, as `CreatedAt` is written, in local time.
    var local: String { broken("%Y-%m-%d %H:%M:%S %z %Z") }

    /// `2026-11-21T09:23:39.409294187Z`, with the local offset.
    var stamp: String {
        let zone = broken("%z")
        let offset = zone == "+0000" ? "Z" : "\(zone.prefix(3)):\(zone.suffix(2))"
        return broken("%Y-%m-%dT%H:%M:%S") + "." + padded(nanoseconds, 9) + offset
    }

    /// In the local time zone, through strftime(3).
    func broken(_ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 128)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// How long ago that was, in words.
    func ago(now: Moment = .now()) -> String {
        Human.duration(seconds: now.seconds - seconds - (now.nanoseconds < nanoseconds ? 1 : 0)) + " ago"
    }

    /// What `--since` and `--until` send: a moment or a span before now, in seconds since 1970; other text as it is.
    static func filter(_ text: String, now: Moment = .now()) -> String {
        if let span = try? parsedDuration(text) {
            let total = now.seconds * 1_000_000_000 + now.nanoseconds - span
            return "\(total / 1_000_000_000).\(padded(total % 1_000_000_000, 9))"
        }
        guard let moment = Moment(parsing: text) else { return text }
        return "\(moment.seconds).\(padded(moment.nanoseconds, 9))"
    }

    private struct Scanner {
        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func number(_ digits: Int) -> Int? {
            let piece = rest.prefix(digits)
            guard piece.count == digits, piece.allSatisfy({ "0"..."9" ~= $0 }) else { return nil }
            rest = rest.dropFirst(digits)
            return Int(piece)
        }

        mutating func skip(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        mutating func fraction() -> Int64 {
            let digits = rest.prefix { $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return Int64((digits + "000000000").prefix(9)) ?? 0
        }

        mutating func offset() -> Int64? {
            if skip("Z") || skip("z") { return 0 }
            guard let sign = rest.first, sign == "+" || sign == "-" else { return nil }
            rest.removeFirst()
            guard let hours = number(2) else { return nil }
            _ = skip(":")
            let total = Int64(hours * 3600 + (number(2) ?? 0) * 60)
            return sign == "-" ? -total : total
        }
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
