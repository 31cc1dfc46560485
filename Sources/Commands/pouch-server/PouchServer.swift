internal import ArgumentParser
internal import Glibc
internal import Logging

/// The control plane of a pool.
@main
struct PouchServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pouch-server", abstract: "The control plane of a pool of nodes.",
        subcommands: [Serve.self, Snapshot.self, TrackerCommand.self])

    /// Runs `body`; what it throws goes to standard error behind the program's name.
    static func reporting(_ body: () async throws -> Void) async throws {
        signal(SIGPIPE, SIG_IGN)
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch {
            let bytes = Array("pouch-server: \(error)\n".utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
            throw ExitCode(1)
        }
    }

    static func startLogging(debug: Bool) {
        let level: Logger.Level = debug ? .debug : .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }
}
