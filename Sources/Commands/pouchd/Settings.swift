internal import Engine
internal import HTTPKit
internal import JSON
internal import Logging
internal import Units

/// Flags and file together, checked: what pouchd does.
struct Settings {
    var dataRoot: String
    var execRoot: String
    var hosts: [Host]
    var pidfile: String
    var log: LogSettings
    var group: SocketGroup
    var tls: TLSFiles
    var containers: ContainerDefaults
    var registries: RegistryDefaults
    var pouchRuntime: String?
    var shutdownTimeout: Duration
    var registry: RegistrySettings
    var pool: PoolSettings
    /// Nil where images may grow.
    var imageSpace: EngineConfiguration.ImageSpace?
    /// Nil where images come from registries alone.
    var distribution: DistributionDefaults?

    /// The group of Unix sockets; one that was asked for must exist.
    struct SocketGroup: Equatable {
        var name: String
        var isDemanded: Bool
    }

    init(_ flags: Flags, _ file: SettingsFile) throws {
        try file.refuseConflicts(with: flags.given)
        dataRoot = try Self.absolute(flags.dataRoot ?? file.string("data-root") ?? "/var/lib/pouch", "data-root")
        execRoot = try Self.absolute(flags.execRoot ?? file.string("exec-root") ?? "/run/pouch", "exec-root")
        let hosts = try flags.host.isEmpty ? file.strings("hosts") ?? [] : flags.host
        self.hosts = try (hosts.isEmpty ? ["unix:///run/pouch/pouchd.sock"] : hosts).map { host in
            try Host(parsing: host)
        }
        pidfile = try flags.pidfile ?? file.string("pidfile") ?? "\(execRoot)/pouchd.pid"
        log = try LogSettings(flags, file)
        let named = try flags.group ?? file.string("group")
        group = SocketGroup(name: named ?? "pouch", isDemanded: named != nil && named != "")
        tls = try TLSFiles(flags, file)
        containers = try ContainerDefaults(flags, file)
        registries = try RegistryDefaults(flags, file)
        pouchRuntime = try flags.pouchRuntime ?? file.string("pouch-runtime")
        registry = try RegistrySettings(flags, file)
        pool = try PoolSettings(flags, file)
        distribution = try DistributionDefaults(flags, file)
        imageSpace = try ImageSpaceDefaults(flags, file, isInPool: distribution != nil).space
        shutdownTimeout = .seconds(try flags.shutdownTimeout ?? file.int("shutdown-timeout") ?? 10)
        if try flags.liveRestore ?? file.bool("live-restore") == false {
            throw ConfigurationError.invalid(
                name: "live-restore", value: "false", why: "containers always outlive the daemon")
        }
        if self.hosts.contains(where: \.isTCP) { try tls.demandAll() }
    }

    private static func absolute(_ path: String, _ name: String) throws -> String {
        guard path.hasPrefix("/") else {
            throw ConfigurationError.invalid(name: name, value: path, why: "the path must be absolute")
        }
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    /// What the HTTP server listens on.
    func listeners(group: UInt32?) -> [Listener] {
        hosts.map { host in
            switch host {
            case .unix(let path): .unix(UnixListener(path: path, group: group))
            case .tcp(let address, let port):
                .tls(
                    TLSListener(
                        host: address, port: port, authority: tls.authority, certificate: tls.certificate, key: tls.key)
                )
            }
        }
    }
}

/// One place to listen at.
enum Host: Equatable, Sendable, CustomStringConvertible {
    case unix(path: String)
    case tcp(address: String, port: Int)

    var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .tcp(let address, let port): "tcp://\(address):\(port)"
        }
    }

    var isTCP: Bool { if case .tcp = self { true } else { false } }

    /// - Throws: ``ConfigurationError/invalid(name:value:why:)``, also for what dockerd has and this does not.
    init(parsing text: String) throws {
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst(7))
            guard path.hasPrefix("/") else {
                throw ConfigurationError.invalid(name: "host", value: text, why: "no absolute path")
            }
            self = .unix(path: path)
            return
        }
        if text.hasPrefix("fd://") {
            throw ConfigurationError.invalid(
                name: "host", value: text, why: "socket activation is not supported: use unix://PATH")
        }
        guard text.hasPrefix("tcp://") else {
            throw ConfigurationError.invalid(name: "host", value: text, why: "not unix://PATH or tcp://ADDRESS:PORT")
        }
        let rest = text.dropFirst(6)
        let colon = rest.lastIndex(of: ":")
        var address = String(rest[..<(colon ?? rest.endIndex)])
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        let port = colon.map { String(rest[rest.index(after: $0)...]) } ?? "2376"
        guard let port = UInt16(port) else {
            throw ConfigurationError.invalid(name: "host", value: text, why: "bad port")
        }
        self = .tcp(address: address.isEmpty ? "0.0.0.0" : address, port: Int(port))
    }
}

/// The PEM files of `tcp://` hosts.
struct TLSFiles: Equatable {
    var authority: String
    var certificate: String
    var key: String
    private var isVerified: Bool

    init(_ flags: Flags, _ file: SettingsFile) throws {
        authority = try flags.tlsCACert ?? file.string("tlscacert") ?? ""
        certificate = try flags.tlsCert ?? file.string("tlscert") ?? ""
        key = try flags.tlsKey ?? file.string("tlskey") ?? ""
        isVerified = try flags.tlsVerify || file.bool("tlsverify") == true
    }

    /// A TCP port without mutual TLS is root for everyone who can reach it.
    func demandAll() throws {
        guard isVerified, !authority.isEmpty, !certificate.isEmpty, !key.isEmpty else {
            throw ConfigurationError.machine("tcp:// hosts need --tlsverify with --tlscacert, --tlscert and --tlskey")
        }
    }
}

/// What is logged, and how.
struct LogSettings: Equatable {
    var level: Logger.Level
    var isJSON: Bool

    init(_ flags: Flags, _ file: SettingsFile) throws {
        let isDebug = try flags.debug || file.bool("debug") == true
        level = isDebug ? .debug : try Self.level(flags.logLevel ?? file.string("log-level") ?? "info")
        let format = try flags.logFormat ?? file.string("log-format") ?? "text"
        guard format == "text" || format == "json" else {
            throw ConfigurationError.invalid(name: "log-format", value: format, why: "text or json")
        }
        isJSON = format == "json"
    }

    private static func level(_ text: String) throws -> Logger.Level {
        switch text.lowercased() {
        case "trace": .trace
        case "debug": .debug
        case "info": .info
        case "warn", "warning": .warning
        case "error": .error
        case "fatal", "panic": .critical
        default:
            throw ConfigurationError.invalid(name: "log-level", value: text, why: "debug, info, warn, error or fatal")
        }
    }
}
