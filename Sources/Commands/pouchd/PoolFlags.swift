internal import ArgumentParser

/// The command line's part about the pool.
struct PoolFlags: ParsableArguments {
    @Option(
        name: .customLong("join"),
        help: "Run the pods of a pool: its server's https://HOST:PORT, or http:// on this machine.")
    var join: String?
    @Option(
        name: .customLong("join-token-file"),
        help: "A file with the one-time token for the first start; else it is in $POUCH_JOIN_TOKEN.")
    var joinTokenFile: String?
    @Option(name: .customLong("join-config"), help: "The same, with the address and credentials of a kubeconfig.")
    var joinConfig: String?
    @Option(name: .customLong("node-name"), help: "This node's name in the pool; else the machine's.")
    var nodeName: String?
    @Option(
        name: .customLong("node-address"), help: "Where others reach this node; else the address towards the server.")
    var nodeAddress: String?
    @Option(
        name: .customLong("node-stream-port"),
        help: "Where the pool's server asks this node for logs and streams; 10250, or 0 for any that is free.")
    var nodeStreamPort: Int?
    @Option(
        name: .customLong("eviction-memory"),
        help: "Pods go by their priority when less memory than this can be had; 100m.")
    var evictionMemory: String?
    @Option(
        name: .customLong("eviction-disk"),
        help: "The same for the part of the disk, or of its files, that is free; 10%.")
    var evictionDisk: String?
    @Option(
        name: .customLong("node-sync-seconds"),
        help: "How often pods' files of ConfigMaps and Secrets are brought up to date; 60.")
    var nodeSyncSeconds: Int?
    @Option(name: .customLong("node-label"), help: "KEY=VALUE of the node in the pool (repeatable).")
    var nodeLabel: [String] = []

    /// Those that were given, with their values as text.
    var given: [String: String] {
        var found: [String: String] = [:]
        found["join"] = join
        found["join-token-file"] = joinTokenFile
        found["join-config"] = joinConfig
        found["eviction-memory"] = evictionMemory
        found["eviction-disk"] = evictionDisk
        found["node-sync-seconds"] = nodeSyncSeconds.map(String.init)
        found["node-stream-port"] = nodeStreamPort.map(String.init)
        found["node-name"] = nodeName
        found["node-address"] = nodeAddress
        if !nodeLabel.isEmpty { found["node-label"] = "[\(nodeLabel.joined(separator: " "))]" }
        return found
    }
}
