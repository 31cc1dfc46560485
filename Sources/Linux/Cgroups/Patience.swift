internal import Glibc

/// Waiting for the kernel, for a bounded time, in steps that grow from 0.1 ms to 10.
struct Patience {
    private var step: Int = 100_000
    private var left: Int

    init(milliseconds: Int) {
        left = milliseconds * 1_000_000
    }

    /// Sleeps one step; false when the time is up.
    mutating func wait() -> Bool {
        guard left > 0 else { return false }
        var time = timespec(tv_sec: 0, tv_nsec: step)
        nanosleep(&time, nil)
        left -= step
        step = min(step * 2, 10_000_000)
        return true
    }
}
