internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration file again on SIGHUP, and takes over what can change while the daemon runs.
struct Reload: Service, CustomStringConvertible {
    let flags: Flags
    let configFile: String?
    let threshold: DaemonLog.Threshold
    let logger: Logger

    /// Said by the service group's log: the flags may hold a token.
    var description: String { "Reload" }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            SystemdNotification.notify("RELOADING=1")
            do {
                let settings = try Settings(flags, Pouchd.file(configFile))
                threshold.level = settings.log.level
                logger.info("configuration reloaded", metadata: ["log-level": "\(settings.log.level)"])
            } catch {
                logger.error("configuration not reloaded", metadata: ["error": "\(error)"])
            }
            SystemdNotification.notify("READY=1")
        }
    }
}
