/// How often and how fast something is tried again; pure.
package struct RetryPolicy: Sendable {
    /// Tries altogether.
    package var attempts: Int
    package var first: Duration
    package var longest: Duration

    package init(attempts: Int = 5, first: Duration = .milliseconds(250), longest: Duration = .seconds(30)) {
        self.attempts = attempts
        self.first = first
        self.longest = longest
    }

    /// How long to wait after failure number `failures`, counted from 1; nil when it is time to give up.
    ///
    /// Doubles each time; half of it is left to chance, so that many clients of one registry do not come back together.
    /// `asked` is what the registry demands at least, up to ten times the longest wait.
    package func delay(
        after failures: Int, asked: Duration? = nil, using random: inout some RandomNumberGenerator
    ) -> Duration? {
        guard failures < attempts else { return nil }
        var delay = first
        for _ in 1..<max(1, failures) where delay < longest { delay *= 2 }
        delay = min(delay, longest)
        let share = Int64.random(in: 500...1000, using: &random)
        return max(delay * Int(share) / 1000, min(asked ?? .zero, longest * 10))
    }
}
