internal import Glibc

/// A bounded set of threads for work that blocks: mounts, unpacking, recursive deletes, file I/O.
///
/// The cooperative pool is as wide as the machine has cores, so one blocked thread there stalls unrelated tasks; here it
/// stalls nobody. Threads start on demand and end after some seconds without work. When all of them are busy, work waits in
/// order of arrival, so nothing that runs here may wait for other work that has yet to start here.
///
/// Being a `TaskExecutor`, it can also carry whole async functions: `withTaskExecutorPreference(lanes) { … }`.
package final class Lanes: TaskExecutor {
    /// The lanes of this process.
    package static let shared = Lanes(width: 64)

    /// The most threads that ever run at once.
    package let width: Int
    private let monitor = Monitor(Backlog())

    private enum Work {
        case lane(BlockingLane)
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Backlog {
        var work = Fifo<Work>()
        var threads = 0
        var idle = 0
    }

    private static let idleSeconds = 5

    package init(width: Int) {
        precondition(width > 0, "lanes need at least one thread")
        self.width = width
    }

    /// Runs `body` on a thread that may block, while the caller's thread serves other tasks.
    ///
    /// Not cancellable: a system call under way finishes first.
    package func run<Result: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await withCheckedContinuation { continuation in
            submit(.closure { continuation.resume(returning: capture(body)) })
        }.get()
    }

    /// Starts `body` on a thread that may block, without waiting for it.
    package func start(_ body: @escaping @Sendable () -> Void) { submit(.closure(body)) }

    /// How many threads there are right now.
    package var threads: Int { monitor.withLock { $0.threads } }

    package func enqueue(_ job: consuming ExecutorJob) {
        submit(.job(UnownedJob(job)))
    }

    func enqueue(_ lane: BlockingLane) { submit(.lane(lane)) }

    private func submit(_ work: Work) {
        let needsThread = monitor.withLock { backlog in
            backlog.work.append(work)
            guard backlog.work.count > backlog.idle, backlog.threads < width else { return false }
            backlog.threads += 1
            return true
        }
        if needsThread {
            startThread(named: "lane") { self.serve() }
        } else {
            monitor.announceToOne()
        }
    }

    /// The life of one thread.
    private func serve() {
        while let work = nextWork() {
            switch work {
            case .lane(let lane): lane.drain()
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .closure(let body): body()
            }
        }
    }

    private func nextWork() -> Work? {
        monitor.withLock { $0.idle += 1 }
        let work = monitor.wait(atMost: Self.idleSeconds) { backlog -> Work? in
            guard let work = backlog.work.popFirst() else { return nil }
            backlog.idle -= 1
            return work
        }
        if let work { return work }
        return monitor.withLock { backlog in
            backlog.idle -= 1
            if let late = backlog.work.popFirst() { return late }
            backlog.threads -= 1
            return nil
        }
    }
}

/// Runs `body` and keeps what it threw, with its type.
func capture<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Result<Value, Failure> {
    do throws(Failure) {
        return .success(try body())
    } catch {
        return .failure(error)
    }
}
