internal import Glibc
internal import Units

/// Moments as a person at this machine reads and writes them.
extension Timestamp {
    /// `2026-11-21 09:23:39 +0000 UTC`, as `CreatedAt` is written, in local time.
    var local: String { broken("%Y-%m-%d %H:%M:%S %z %Z") }

    /// `2026-11-21T09:23:39`, with nine decimals if asked, and the local offset.
    func stamp(withDecimals: Bool) -> String {
        let decimals = withDecimals ? "." + String(1_000_000_000 + Int(nanosecond)).dropFirst() : ""
        let zone = broken("%z")
        return broken("%Y-%m-%dT%H:%M:%S") + decimals + (zone == "+0000" ? "Z" : "\(zone.prefix(3)):\(zone.suffix(2))")
    }

    /// In the local time zone, through strftime(3).
    private func broken(_ format: String) -> String {
        var time = time_t(seconds)
        var parts = tm()
        localtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 128)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// How long ago that was, in words.
    func ago(now: Timestamp) -> String { now.duration(since: self).inWords + " ago" }

    /// What `--since` and `--until` send: seconds since 1970; text that is no moment goes to the daemon as it is.
    static func filter(_ text: String, now: Timestamp = .now) -> String {
        guard let moment = try? Timestamp(parsing: text, now: now) else { return text }
        return "\(moment.seconds).\(String(1_000_000_000 + Int(moment.nanosecond)).dropFirst())"
    }
}
