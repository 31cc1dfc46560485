internal import Glibc
internal import LinuxKernel

/// A `pouch-server` of a test's own.
///
/// What it says goes to files, so that one that says much never waits for a test to read it.
package final class PoolServer: Sendable {
    /// What it printed first: its URL.
    package let address: String
    private let process: RunningCommand

    private init(_ address: String, _ process: RunningCommand) {
        self.address = address
        self.process = process
    }

    /// Starts it with `words`, such as `serve --listen 127.0.0.1:0`, and waits until it has said where it listens.
    ///
    /// `folder` gets its log.
    package static func start(in folder: String, _ words: [String]) async throws -> PoolServer {
        let (said, log) = ("\(folder)/pouch-server.said", "\(folder)/pouch-server.log")
        let script = "exec \"$@\" >\"\(said)\" 2>>\"\(log)\""
        try? Files.remove(said)
        let process = try await withThread { () throws(SyscallError) in
            try RunningCommand(["/bin/sh", "-c", script, "sh", Executables.poolServer] + words)
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, !process.hasEnded {
            let text = String(decoding: (try? WholeFile.read(said)) ?? [], as: UTF8.self)
            if text.contains("\n") { return PoolServer(String(text.prefix { $0 != "\n" }), process) }
            try await Task.sleep(for: .milliseconds(20))
        }
        process.signal(SIGKILL)
        _ = await withThread { process.finish(timeout: .seconds(20)) }
        throw DaemonNotReady(log: String(decoding: (try? WholeFile.read(log)) ?? [], as: UTF8.self))
    }

    /// Ends it with `signal`, 15 or 9, and waits for its end.
    package func end(signal number: Int32 = SIGKILL) async {
        process.signal(number)
        _ = await withThread { [process] in process.finish(timeout: .seconds(20)) }
    }
}

/// Runs `body` with a server that is there for it alone.
package func withPoolServer<Result>(
    in folder: String, _ words: [String], _ body: (PoolServer) async throws -> Result
) async throws -> Result {
    let server = try await PoolServer.start(in: folder, words)
    do {
        let result = try await body(server)
        await server.end(signal: SIGTERM)
        return result
    } catch {
        await server.end()
        throw error
    }
}
