internal import ArgumentParser

/// The command line's part about the pool.
struct PoolFlags: ParsableArguments {
    @Option(
        name: .customLong("join"),
        help: "Run the pods of a pool: its server's https://HOST:PORT, or http:// on this machine.")
    var join: String?
    @Option(name: .customLong("join-config"), help: "The same, with the address and credentials of a kubeconfig.")
    var joinConfig: String?
    @Option(name: .customLong("node-name"), help: "This node's name in the pool; else the machine's.")
    var nodeName: String?
    @Option(
        name: .customLong("node-address"), help: "Where others reach this node; else the address towards the server.")
    var nodeAddress: String?
    @Option(name: .customLong("node-label"), help: "KEY=VALUE of the node in the pool (repeatable).")
    var nodeLabel: [String] = []

    /// Those that were given, with their values as text.
    var given: [String: String] {
        var found: [String: String] = [:]
        found["join"] = join
        found["join-config"] = joinConfig
        found["node-name"] = nodeName
        found["node-address"] = nodeAddress
        if !nodeLabel.isEmpty { found["node-label"] = "[\(nodeLabel.joined(separator: " "))]" }
        return found
    }
}
