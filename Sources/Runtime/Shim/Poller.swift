internal import CLinux
internal import Glibc
internal import LinuxKernel

/// What a descriptor is waited for.
struct Readiness: OptionSet {
    let rawValue: UInt32

    static let input = Readiness(rawValue: UInt32(CLINUX_READY_INPUT))
    static let priority = Readiness(rawValue: UInt32(CLINUX_READY_PRIORITY))
    static let output = Readiness(rawValue: UInt32(CLINUX_READY_OUTPUT))
    /// Reported without being asked for.
    static let error = Readiness(rawValue: UInt32(CLINUX_READY_ERROR))
    /// Reported without being asked for: both directions are closed.
    static let hangup = Readiness(rawValue: UInt32(CLINUX_READY_HANGUP))
}

/// Waits for many descriptors at once; every one is known by a token that is never used twice.
///
/// So a report about a descriptor that was closed earlier in the same round finds nobody, even if its number is taken again.
struct Poller: ~Copyable {
    private let epoll: Descriptor
    private var lastToken: UInt64 = 0
    private var reports = [clinux_ready](repeating: clinux_ready(), count: 16)

    init() throws(SyscallError) {
        epoll = Descriptor(owning: try checkNegative("epoll_create1") { clinux_epoll_create() })
    }

    mutating func makeToken() -> UInt64 {
        lastToken += 1
        return lastToken
    }

    func add(_ fd: Int32, _ interest: Readiness, token: UInt64) throws(SyscallError) {
        let number = epoll.raw
        try checkNegative("epoll_ctl") { clinux_epoll_add(number, fd, interest.rawValue, token) }
    }

    func change(_ fd: Int32, _ interest: Readiness, token: UInt64) throws(SyscallError) {
        let number = epoll.raw
        try checkNegative("epoll_ctl") { clinux_epoll_change(number, fd, interest.rawValue, token) }
    }

    func remove(_ fd: Int32) {
        _ = clinux_epoll_remove(epoll.raw, fd)
    }

    /// Waits for at most `milliseconds`, for ever when `nil`, and calls `body` for each report; none when a signal interrupts.
    mutating func wait(milliseconds: Int32?, _ body: (UInt64, Readiness) -> Void) {
        let count = clinux_epoll_wait(epoll.raw, &reports, Int32(reports.count), milliseconds ?? -1)
        for index in 0..<max(Int(count), 0) {
            body(reports[index].token, Readiness(rawValue: reports[index].ready))
        }
    }
}

/// One descriptor in a poller, which is told only of changes.
struct Watch {
    let fd: Int32
    let token: UInt64
    private var interest: Readiness?

    init(_ fd: Int32, token: UInt64) {
        self.fd = fd
        self.token = token
    }

    /// Waits for `wanted` from now on; `nil` not even for the other end's closing.
    mutating func want(_ wanted: Readiness?, in poller: borrowing Poller) throws(SyscallError) {
        guard wanted != interest else { return }
        switch (interest, wanted) {
        case (nil, let wanted?): try poller.add(fd, wanted, token: token)
        case (_, let wanted?): try poller.change(fd, wanted, token: token)
        case (_, nil): poller.remove(fd)
        }
        interest = wanted
    }
}
