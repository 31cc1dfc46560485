internal import ArgumentParser
internal import ClusterModel
internal import Glibc
internal import HTTPKit
internal import Identity
internal import Lanes
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import PoolTracker
internal import RegistryClient
internal import ServiceLifecycle
internal import UnixSignals

/// What concerns the exchange of images in a pool.
struct TrackerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tracker", abstract: "Know which node has which pieces of images.",
        subcommands: [TrackerServe.self, TrackerToken.self])
}

/// Where a tracker keeps its authority and what it knows of its nodes.
struct TrackerState: ParsableArguments {
    @Option(help: "Where the pool's authority, tokens and certificates are kept.") var state = "/var/lib/pouch-server"
}

/// Serves a tracker until a signal ends it.
struct TrackerServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the tracker of a pool.",
        discussion: "Nodes join with a token (pouch-server tracker token) and prove at the registry what they may have."
    )

    @OptionGroup var state: TrackerState
    @Option(help: "ADDRESS:PORT, with port 0 for one that is free; always with TLS.") var listen = "0.0.0.0:7950"
    @Option(help: "The Unix socket for pouch prewarm.") var socket = "/run/pouch/tracker.sock"
    @Option(help: "A registry without a good certificate, or without TLS: HOST[:PORT] or a network (repeatable).")
    var insecureRegistry: [String] = []
    @Flag(help: "Say more in the log.") var debug = false

    func run() async throws {
        try await PouchServer.reporting { try await serve() }
    }

    private func serve() async throws {
        PouchServer.startLogging(debug: debug)
        let logger = Logger(label: "pouch-server")
        let address = try ListenAddress(parsing: listen)
        var registries = RegistrySettings()
        registries.insecure = insecureRegistry
        let (folder, path) = (state.state, socket)
        let tracker = try await Lanes.shared.run { [registries] () throws(IdentityError) in
            try PoolTracker(
                folder: folder, host: address.host, port: address.port, socket: path, registries: registries,
                group: MultiThreadedEventLoopGroup.singleton, logger: logger
            ) { text in try YAMLDocuments.read(text, name: "prewarm") }
        }
        try await tracker.bind()
        print("https://\(address.host):\(tracker.boundPort ?? address.port)")
        fflush(nil)
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: tracker)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await services.run()
    }
}

/// Prints a token that lets one node join.
struct TrackerToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token that lets one node join the pool, once.")

    @OptionGroup var state: TrackerState
    @Option(help: "Minutes until it is useless.") var minutes: Int64 = 60
    @Flag(help: "The node only passes pieces on: it never fetches from registries for others.") var peerOnly = false

    func run() async throws {
        try await PouchServer.reporting {
            let (folder, roles) = (state.state, peerOnly ? Set([NodeRole.peer]) : [.peer, .seed])
            let expires = Int64(time(nil)) + minutes * 60
            let token = try await Lanes.shared.run { () throws(IdentityError) in
                let authority = try CertificateAuthority(folder: folder)
                return try TokenBook(folder: "\(folder)/tokens").make(for: authority, roles: roles, expires: expires)
            }
            print(token.text)
        }
    }
}
