internal import Engine
internal import ServiceLifecycle

/// The engine as a member of the daemon's service group.
struct EngineService: Service {
    let engine: Engine

    func run() async throws {
        await cancelWhenGracefulShutdown {
            async let kept: Void = engine.keepSpace()
            await engine.run()
            await kept
        }
    }
}
