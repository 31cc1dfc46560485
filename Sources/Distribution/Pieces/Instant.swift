/// A moment of a clock that never goes backwards; only differences mean anything.
package struct Instant: Hashable, Comparable, Sendable {
    /// Since the clock's own zero.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static let zero = Instant(nanoseconds: 0)

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment so much later.
    package static func + (moment: Instant, span: Span) -> Instant {
        Instant(nanoseconds: moment.nanoseconds &+ span.nanoseconds)
    }

    /// How long before this moment `earlier` was.
    package static func - (later: Instant, earlier: Instant) -> Span {
        Span(nanoseconds: later.nanoseconds &- earlier.nanoseconds)
    }
}

/// A length of time, to the nanosecond: `Duration` in 64 bits, for the paths that are walked millions of times.
package struct Span: Hashable, Comparable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    package static let zero = Span(nanoseconds: 0)

    package static func milliseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000) }
    package static func seconds(_ count: Double) -> Span { Span(nanoseconds: Int64(count * 1e9)) }

    package var seconds: Double { Double(nanoseconds) / 1e9 }
    package var duration: Duration { .nanoseconds(nanoseconds) }

    package static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func * (span: Span, factor: Double) -> Span { .seconds(span.seconds * factor) }
    package static func + (left: Span, right: Span) -> Span { Span(nanoseconds: left.nanoseconds + right.nanoseconds) }
}
