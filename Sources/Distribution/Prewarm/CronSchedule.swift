/// Moments that come again and again, as crontab(5) writes them, in UTC; pure.
///
/// Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each `*`, a number, a range `1-5`, a list
/// `1,3`, with steps `*/15`; months and days also by their first three letters. When both days are restricted either will do.
///
/// Source: crontab(5), Debian 12.
package struct CronSchedule: Equatable, Sendable {
    /// As it was written.
    package let text: String
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let days: Set<Int>
    private let months: Set<Int>
    private let weekdays: Set<Int>
    private let isAnyDay: Bool
    private let isAnyWeekday: Bool

    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Nil for what is no schedule, or one whose moment never comes, such as the 30th of February.
    package init?(_ text: String) {
        let fields = (Self.shorthands[text] ?? text).split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard fields.count == 5,
            let minutes = Self.field(fields[0], 0...59, []),
            let hours = Self.field(fields[1], 0...23, []),
            let days = Self.field(fields[2], 1...31, []),
            let months = Self.field(fields[3], 1...12, Self.monthNames, firstName: 1),
            let weekdays = Self.field(fields[4], 0...7, Self.dayNames)
        else { return nil }
        self.text = text
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = Set(weekdays.map { $0 % 7 })
        isAnyDay = fields[2].hasPrefix("*")
        isAnyWeekday = fields[4].hasPrefix("*")
        guard next(after: 0) != nil else { return nil }
    }

    private static func field(
        _ text: String, _ allowed: ClosedRange<Int>, _ names: [String], firstName: Int = 0
    ) -> Set<Int>? {
        func number(_ word: Substring) -> Int? {
            if let place = names.firstIndex(of: word.lowercased()) { return place + firstName }
            guard (1...2).contains(word.utf8.count), word.utf8.allSatisfy({ (48...57).contains($0) }) else {
                return nil
            }
            return Int(word).flatMap { allowed.contains($0) ? $0 : nil }
        }
        var found: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(halves.count) else { return nil }
            var range = allowed
            if halves[0] != "*" {
                let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
                guard (1...2).contains(ends.count), let first = number(ends[0]) else { return nil }
                if ends.count == 2 {
                    guard let last = number(ends[1]), last >= first else { return nil }
                    range = first...last
                } else {
                    // A step behind one number goes to the end.
                    range = halves.count == 2 ? first...allowed.upperBound : first...first
                }
            }
            var step = 1
            if halves.count == 2 {
                guard let given = Int(halves[1]), given > 0, given <= allowed.upperBound + 1 else { return nil }
                step = given
            }
            found.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
        }
        return found
    }

    /// The first moment behind `time`, both in seconds since 1970.
    package func next(after time: Int64) -> Int64? {
        let minute = time.quotientAndRemainder(dividingBy: 60)
        let start = (minute.quotient + 1) * 60
        let day: Int64 = 86400
        // Every combination that exists comes within a leap year's eight.
        for number in start / day...(start / day + 366 * 8) where fits(day: number) {
            for hour in hours.sorted() {
                for minute in minutes.sorted() {
                    let moment = number * day + Int64(hour * 3600 + minute * 60)
                    if moment >= start { return moment }
                }
            }
        }
        return nil
    }

    /// Days are counted since 1970.
    private func fits(day number: Int64) -> Bool {
        let (month, day) = Self.date(number)
        guard months.contains(month) else { return false }
        // 1970 began on a Thursday.
        let isWeekday = weekdays.contains(Int((number + 4) % 7))
        if isAnyDay || isAnyWeekday { return days.contains(day) && isWeekday }
        return days.contains(day) || isWeekday
    }

    /// Month and day of the month.
    ///
    /// Source: the proleptic Gregorian calendar, counted in years that begin in March and eras of 400 years.
    private static func date(_ number: Int64) -> (month: Int, day: Int) {
        let shifted = number + 719_468
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        return (Int(month < 10 ? month + 3 : month - 9), Int(ofYear - (153 * month + 2) / 5 + 1))
    }
}
