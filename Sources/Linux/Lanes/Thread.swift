internal import CLinux
internal import Glibc

/// A thread of its own for one piece of work that changes what a thread is: another namespace, another root, other credentials.
///
/// The thread is made for the work and dies after it, so what it entered can never leak into other work.
package enum DedicatedThread {
    /// Runs `body` on a fresh thread while the caller's thread serves other tasks.
    package static func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withCheckedContinuation { continuation in
            startThread(named: "dedicated") { continuation.resume(returning: capture(body)) }
        }.get()
    }

    /// Runs `body` on a fresh thread and blocks until it is done: for callers that are on a lane already.
    package static func runBlocking<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try start(body).wait()
    }

    /// Starts `body` on a fresh thread, beside the caller.
    package static func start<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) -> WorkUnderWay<Value, Failure> {
        let work = WorkUnderWay<Value, Failure>()
        startThread(named: "dedicated") { work.finish(capture(body)) }
        return work
    }
}

/// Work that runs on a thread of its own, and whose outcome somebody will wait for.
package final class WorkUnderWay<Value: Sendable, Failure: Error>: Sendable {
    private let outcome = Monitor<Result<Value, Failure>?>(nil)

    fileprivate func finish(_ result: Result<Value, Failure>) {
        outcome.withLock { $0 = result }
        outcome.announce()
    }

    /// Blocks until the work is done.
    package func wait() throws(Failure) -> Value {
        try outcome.wait { $0 }.get()
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// Starts a detached thread; `name` (at most 15 bytes) is what tools show.
func startThread(named name: String, _ run: @escaping @Sendable () -> Void) {
    let body = Unmanaged.passRetained(ThreadBody(name: name, run: run))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let failure = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
            _ = clinux_name_thread(body.name)
            body.run()
            return nil
        }, body.toOpaque())
    pthread_attr_destroy(&attributes)
    // Out of threads or memory: the waiting caller could never be told, so the process says so instead of hanging.
    precondition(failure == 0, "a thread can be started (pthread_create: error \(failure))")
}
