package import Units

/// The time of day when it was made, and from then on without a jump: leases do not end because somebody sets the clock.
package struct MonotonicClock: Sendable {
    private let origin = Timestamp.now
    private let start = ContinuousClock.now

    package init() {}

    package func now() -> Timestamp { origin.advanced(by: ContinuousClock.now - start) }
}
