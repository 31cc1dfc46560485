/// Reads the `Retry-After` of an answer.
///
/// Source: RFC 9110, section 10.2.3.
enum RetryAfter {
    /// Seconds, or a date in the form that HTTP writes today; `now` in seconds since 1970.
    static func parse(_ text: String, now: Int64) -> Duration? {
        let text = text.trimmingSpaces
        if let seconds = Int64(text) { return .seconds(max(0, seconds)) }
        return HTTPDate.seconds(text).map { .seconds(max(0, $0 - now)) }
    }
}

/// A moment as HTTP writes it.
///
/// Source: RFC 9110, section 5.6.7.
enum HTTPDate {
    /// Seconds since 1970 of a text such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func seconds(_ text: String) -> Int64? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]), let year = Int64(words[3]),
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (1...31).contains(day), (1970...9999).contains(year) else { return nil }
        // Days since 1970 in a calendar whose years begin in March, so that the leap day is the last.
        let shifted = month < 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * Int64((month + 10) % 12) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}

extension String {
    var trimmingSpaces: String {
        var rest = Substring(self)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
