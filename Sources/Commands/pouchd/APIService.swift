internal import Engine
internal import HTTPKit
internal import ImageBuild
internal import ServiceLifecycle

/// The API as a member of the daemon's service group: it answers once the engine has taken over what it found.
struct APIService: Service {
    let engine: Engine
    let builder: ImageBuilder
    let server: HTTPServer
    /// Called when clients can connect.
    let ready: @Sendable () -> Void

    func run() async throws {
        try await engine.recover()
        try await builder.recover()
        try await server.bind()
        ready()
        try await server.run()
    }
}
