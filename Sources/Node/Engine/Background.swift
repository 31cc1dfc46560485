/// Work that goes on after the request that began it: reading a shim's events, restart timers, health checks.
///
/// All of it runs as children of ``run()``, so it ends with the engine; work that arrives before waits for it.
final class Background: Sendable {
    private let stream: AsyncStream<@Sendable () async -> Void>
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func start(_ work: @escaping @Sendable () async -> Void) {
        continuation.yield(work)
    }

    /// Serves until the calling task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await work in stream {
                group.addTask { await work() }
            }
            group.cancelAll()
        }
    }
}
