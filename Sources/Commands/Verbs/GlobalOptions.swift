internal import DockerClient
internal import Glibc

/// What may stand before the command.
struct GlobalOptions {
    var host: String?
    var isDebugging = false
    var showsVersion = false
    var tls = TLSFlags()

    static var flags: [Flag<GlobalOptions>] {
        [
            .text(
                "host", short: "H", "Daemon socket to connect to (default: POUCH_HOST, or \(Endpoint.standard))", \.host
            ),
            .toggle("debug", short: "D", "Tell on standard error how long each stage took", \.isDebugging),
            .toggle("version", short: "v", "Print version information and quit", \.showsVersion),
            .ignored("log-level", short: "l", "string", "Accepted for docker's sake"),
        ] + TLSFlags.flags
    }

    /// The flag, else `POUCH_HOST`, else the standard socket.
    func endpoint(_ environment: (String) -> String?) throws(ClientError) -> Endpoint {
        guard let text = host ?? environment("POUCH_HOST"), !text.isEmpty else { return .standard }
        guard text.hasPrefix("tcp://") else { return try Endpoint(parsing: text) }
        return try tls.endpoint(text, environment) { access($0, R_OK) == 0 }
    }
}
