internal import DockerClient

/// What may stand before the command.
struct GlobalOptions {
    var host: String?
    var isDebugging = false
    var showsVersion = false

    static var flags: [Flag<GlobalOptions>] {
        [
            .text(
                "host", short: "H", "Daemon socket to connect to (default: POUCH_HOST, or \(Endpoint.standard))", \.host
            ),
            .toggle("debug", short: "D", "Tell on standard error how long each stage took", \.isDebugging),
            .toggle("version", short: "v", "Print version information and quit", \.showsVersion),
            .ignored("log-level", short: "l", "string", "Accepted for docker's sake"),
        ]
    }

    /// The flag, else `POUCH_HOST`, else the standard socket.
    func endpoint(_ environment: (String) -> String?) throws(ClientError) -> Endpoint {
        if let host { return try Endpoint(parsing: host) }
        if let host = environment("POUCH_HOST"), !host.isEmpty { return try Endpoint(parsing: host) }
        return .standard
    }
}
