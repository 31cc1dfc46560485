internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Synchronization

/// Tells of the end of processes that are not our children: one thread with one epoll for all of them.
///
/// Source: pidfd_open(2): a pidfd is readable once its process has ended.
final class ProcessWatch: Sendable {
    static let shared = ProcessWatch()

    private let epoll: Int32
    private let watched = Mutex<[Int32: @Sendable () -> Void]>([:])

    private init() {
        epoll = clinux_epoll_create()
        // Lives as long as pouchd; an epoll with nothing in it sleeps.
        let _: WorkUnderWay<Void, Never> = DedicatedThread.start { [self] in run() }
    }

    /// Calls `body` once, on the watch's thread, when the process behind `pidfd` has ended; at once when it has.
    ///
    /// A machine that has no descriptors left for it hears of the end by other ways alone.
    func whenEnded(_ pidfd: consuming Descriptor, _ body: @escaping @Sendable () -> Void) {
        let number = pidfd.release()
        watched.withLock { $0[number] = body }
        if clinux_epoll_add(epoll, number, UInt32(CLINUX_READY_INPUT), UInt64(number)) < 0 { end(number) }
    }

    private func run() {
        var reports = [clinux_ready](repeating: clinux_ready(), count: 32)
        while true {
            let count = clinux_epoll_wait(epoll, &reports, Int32(reports.count), -1)
            guard count > 0 else { continue }
            for report in reports.prefix(Int(count)) { end(Int32(report.token))?() }
        }
    }

    @discardableResult
    private func end(_ number: Int32) -> (@Sendable () -> Void)? {
        _ = clinux_epoll_remove(epoll, number)
        defer { close(number) }
        return watched.withLock { $0.removeValue(forKey: number) }
    }
}
