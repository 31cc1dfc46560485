import TestSupport
import Testing
import Transfer

/// The pace of transfers, in virtual time.
@Suite("the pacer")
struct PacerTests {
    /// What passed, when: askers of random sizes keep both lines full, the clock jumps as a busy machine's timers do.
    private func passed(rate: Int64, seed: UInt64, for seconds: Double) -> [(at: Double, bytes: Int)] {
        var random = SplitMix64(seed: seed)
        var pacer = Pacer(rate: rate, now: .zero)
        var sizes: [UInt64: Int] = [:]
        var serial: UInt64 = 0
        var now = 0.0
        var log: [(Double, Int)] = []
        while now < seconds {
            while sizes.count < 6 {
                serial += 1
                let bytes = Int.random(in: 1...pacer.portion(of: 16 << 20), using: &random)
                sizes[serial] = bytes
                pacer.ask(serial, bytes: bytes, Bool.random(using: &random) ? .foreground : .background)
            }
            let (tickets, wait) = pacer.release(now: .seconds(now))
            for ticket in tickets { log.append((now, sizes.removeValue(forKey: ticket) ?? 0)) }
            now += max(0.0005, wait?.inSeconds ?? 0) + Double.random(in: 0...0.004, using: &random)
        }
        return log
    }

    @Test(
        "no second sees more than 1.05 of the rate, nor less than 0.95 while somebody waits", arguments: UInt64(0)..<200
    )
    func anySecond(seed: UInt64) {
        let rate: Int64 = [200_000, 5_000_000, 1_250_000_000][Int(seed % 3)]
        let log = passed(rate: rate, seed: seed, for: 3)
        var (end, sum) = (0, 0)
        var (least, most) = (Int.max, 0)
        for (start, first) in log.enumerated() where first.at <= 2 {
            while end < log.count, log[end].at < first.at + 1 {
                sum += log[end].bytes
                end += 1
            }
            (least, most) = (min(least, sum), max(most, sum))
            sum -= log[start].bytes
        }
        #expect(Double(most) <= 1.05 * Double(rate), "seed \(seed)")
        #expect(Double(least) >= 0.95 * Double(rate), "seed \(seed)")
    }

    @Test("the background waits while anybody stands in the foreground")
    func foregroundFirst() {
        var pacer = Pacer(rate: 1000, now: .zero)
        pacer.ask(1, bytes: 500, .background)
        #expect(pacer.release(now: .zero).tickets == [1])
        pacer.ask(2, bytes: 10, .background)
        pacer.ask(3, bytes: 10, .foreground)
        pacer.ask(4, bytes: 10, .foreground)
        #expect(pacer.release(now: .zero).tickets == [])
        #expect(pacer.release(now: .milliseconds(500)).tickets == [3, 4, 2])
        #expect(pacer.isIdle)
    }

    @Test("without a rate everybody passes at once, the foreground first")
    func unlimited() {
        var free = Pacer(rate: nil, now: .zero)
        free.ask(1, bytes: 1 << 40, .background)
        free.ask(2, bytes: 1 << 40, .foreground)
        #expect(free.release(now: .zero).tickets == [2, 1])
    }

    @Test(
        "a range is read as RFC 9110 says",
        arguments: [
            ("bytes=0-9", 0..<10), ("bytes=5-", 5..<100), ("bytes=-10", 90..<100), ("bytes=-1000", 0..<100),
            ("bytes=90-1000", 90..<100), ("bytes=100-", nil), ("bytes=9-5", nil), ("bytes=-0", nil), ("bytes=", nil),
            ("bytes=a-b", nil), ("bytes=0-1,3-4", nil), ("pieces=0-1", nil), ("bytes=--1", nil),
            ("bytes=99999999999999999999-", nil),
        ] as [(String, Range<Int64>?)])
    func ranges(text: String, expected: Range<Int64>?) {
        #expect(PieceRange.parse(text, size: 100) == expected)
    }
}
