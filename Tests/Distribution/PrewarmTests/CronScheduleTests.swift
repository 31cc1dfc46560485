import Prewarm
import TestSupport
import Testing

@Suite("moments that come again")
struct CronScheduleTests {
    /// 2026-11-21 19:30:15 UTC, a Saturday.
    private static let now: Int64 = 1_795_289_415

    @Test(
        "the next moment",
        arguments: [
            ("* * * * *", 1_795_289_460), ("*/15 * * * *", 1_795_290_300), ("0 3 * * *", 1_795_316_400),
            ("30 19 * * *", 1_795_375_800), ("0 0 * * 1-5", 1_795_392_000), ("0 0 * * mon", 1_795_392_000),
            ("@daily", 1_795_305_600), ("@monthly", 1_796_083_200), ("0 0 1 jan *", 1_798_761_600),
            ("0 12 29 2 *", 1_835_438_400), ("5,40 19-20 * * 6", 1_795_290_000), ("0 0 13 * 5", 1_795_737_600),
            ("59 23 31 12 *", 1_798_761_540),
        ])
    func next(text: String, expected: Int64) throws {
        #expect(try #require(CronSchedule(text)).next(after: Self.now) == expected)
    }

    @Test(
        "what is no schedule, or never comes",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *", "1,,2 * * * *", "a * * * *", "0 0 30 2 *", "@reboot", "-1 * * * *", "1/2/3 * * * *",
            "+1 * * * *",
        ])
    func bad(text: String) { #expect(CronSchedule(text) == nil) }

    @Test("moments come in order, fit their fields, and none is left out", arguments: UInt64(0)..<1000)
    func anything(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let minute = Int.random(in: 0...59, using: &random)
        let step = Int.random(in: 1...23, using: &random)
        let weekday = Int.random(in: 0...6, using: &random)
        let schedule = try #require(CronSchedule("\(minute) */\(step) * * \(weekday)"))
        var time = Int64.random(in: 0...4_000_000_000, using: &random)
        for _ in 0..<3 {
            let next = try #require(schedule.next(after: time))
            #expect(next > time && next % 60 == 0, "seed \(seed)")
            #expect(next / 60 % 60 == Int64(minute) && next / 3600 % 24 % Int64(step) == 0, "seed \(seed)")
            #expect((next / 86400 + 4) % 7 == Int64(weekday), "seed \(seed)")
            // Whoever asks a second before gets the same one.
            #expect(schedule.next(after: next - 1) == next && next - time <= 7 * 86400, "seed \(seed)")
            time = next
        }
    }
}
