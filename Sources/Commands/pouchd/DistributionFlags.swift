internal import ArgumentParser

/// What concerns images that the nodes of a pool give each other.
struct DistributionFlags: ParsableArguments {
    @Option(
        name: .customLong("pool-tracker"),
        help: "HOST:PORT of a pool's tracker; images then come from the pool's nodes, and go to them.")
    var tracker: String?
    @Option(
        name: .customLong("pool-token"),
        help:
            "What pouch-server tracker token printed; for the first start only. Others see it: better one of the next.")
    var token: String?
    @Option(
        name: .customLong("pool-token-file"),
        help: "A file with the token; else the environment's POUCH_POOL_TOKEN.")
    var tokenFile: String?
    @Option(name: .customLong("pool-node"), help: "This node's name in the pool; the host's name.")
    var node: String?
    @Option(name: .customLong("pool-listen"), help: "ADDRESS:PORT where other nodes fetch pieces; 0.0.0.0:7951.")
    var listen: String?
    @Option(name: .customLong("pool-advertise"), help: "ADDRESS[:PORT] where they reach it; as the tracker sees it.")
    var advertise: String?
    @Flag(name: .customLong("pool-plain-http"), help: "Send pieces without TLS, in a network that is trusted.")
    var plainHTTP = false
    @Option(name: .customLong("pool-upload-limit"), help: "Bytes a second to other nodes, such as 50m.")
    var uploadLimit: String?
    @Option(name: .customLong("pool-download-limit"), help: "Bytes a second from other nodes.")
    var downloadLimit: String?
    @Option(name: .customLong("pool-origin-limit"), help: "Bytes a second from registries for the pool.")
    var originLimit: String?

    /// The flags that were given, with their values as text.
    var given: [String: String] {
        let texts: [(String, String?)] = [
            ("pool-tracker", tracker), ("pool-token", token), ("pool-token-file", tokenFile), ("pool-node", node),
            ("pool-listen", listen),
            ("pool-advertise", advertise), ("pool-plain-http", plainHTTP ? "true" : nil),
            ("pool-upload-limit", uploadLimit), ("pool-download-limit", downloadLimit),
            ("pool-origin-limit", originLimit),
        ]
        return Dictionary(texts.compactMap { name, text in text.map { (name, $0) } }) { first, _ in first }
    }
}
