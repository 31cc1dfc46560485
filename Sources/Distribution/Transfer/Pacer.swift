/// Says when bytes may pass so that no second sees more than the rate allows; pure.
///
/// Askers wait in two lines: the background's turn comes when nobody stands in the foreground's. It lets through while it has
/// an allowance and may run into debt by one portion, so portions must be small beside the rate: see ``portion(of:)``.
/// In any second at most 1 + 1/40 times the rate passes, and one portion.
package struct Pacer: Sendable {
    /// Who goes first.
    package enum Urgency: Sendable {
        case foreground, background
    }

    private struct Waiter {
        var ticket: UInt64
        var bytes: Int
    }

    /// Bytes per second; nil lets everything pass.
    package let rate: Int64?
    private var foreground: [Waiter] = []
    private var background: [Waiter] = []
    /// Bytes that may pass now; negative after a portion that was larger than what was left.
    private var allowance: Double
    private var refilled: Duration

    /// Saved up at most: a fortieth of a second's bytes.
    private static let saved = 0.025

    /// `now` is on the clock of all later calls.
    package init(rate: Int64?, now: Duration) {
        self.rate = rate
        refilled = now
        allowance = Double(rate ?? 0) * Self.saved
    }

    /// How many bytes should be asked for at once: a hundredth of a second's, at most `most`.
    package func portion(of most: Int) -> Int {
        guard let rate else { return most }
        return max(1, min(most, Int(rate / 100)))
    }

    package var isIdle: Bool { foreground.isEmpty && background.isEmpty }

    /// Joins a line; ``release(now:)`` gives `ticket` back when the bytes may pass.
    package mutating func ask(_ ticket: UInt64, bytes: Int, _ urgency: Urgency) {
        switch urgency {
        case .foreground: foreground.append(Waiter(ticket: ticket, bytes: bytes))
        case .background: background.append(Waiter(ticket: ticket, bytes: bytes))
        }
    }

    /// Who may pass now, in order, and how long to wait before asking again while somebody is left.
    package mutating func release(now: Duration) -> (tickets: [UInt64], wait: Duration?) {
        guard let rate else {
            defer { (foreground, background) = ([], []) }
            return ((foreground + background).map(\.ticket), nil)
        }
        let perSecond = Double(rate)
        let passed = max(.zero, now - refilled)
        refilled = max(refilled, now)
        allowance = min(perSecond * Self.saved, allowance + perSecond * passed.inSeconds)
        var tickets: [UInt64] = []
        while allowance > 0, let next = popFirst() {
            allowance -= Double(next.bytes)
            tickets.append(next.ticket)
        }
        if isIdle { return (tickets, nil) }
        let wait = Duration.seconds(max(0, -allowance) / perSecond)
        return (tickets, max(wait, .milliseconds(1)))
    }

    private mutating func popFirst() -> Waiter? {
        if !foreground.isEmpty { return foreground.removeFirst() }
        return background.isEmpty ? nil : background.removeFirst()
    }
}

extension Duration {
    /// As a number.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
