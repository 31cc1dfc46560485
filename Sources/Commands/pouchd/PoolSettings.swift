internal import ClusterModel
internal import Glibc
internal import NodeAgent
internal import PoolClient
internal import Units

/// Which pool this node belongs to: that of `--join` or `--join-config`, else the one that it joined before.
struct PoolSettings {
    /// What lets this node in the first time, where no file is named; not passed on to what the daemon starts.
    private static let tokenVariable = "POUCH_JOIN_TOKEN"

    /// Nil where nothing is said.
    var address: PoolAddress?
    /// Where it says how others than those in `address` are known: a kubeconfig's credentials are used as they are.
    var hasCredentials = false
    var tokenFile: String?
    var token: String?
    var streamPort: Int
    var pressure = PressureLimits()
    var refreshPeriod: Duration
    var nodeName: String
    /// Whether somebody said it.
    var isNamed: Bool
    var nodeAddress: String?
    var labels: [String: String] = [:]

    init(_ flags: Flags, _ file: SettingsFile) throws {
        let pool = flags.pool
        tokenFile = try pool.joinTokenFile ?? file.string("join-token-file")
        token = getenv(Self.tokenVariable).map { String(cString: $0) }
        unsetenv(Self.tokenVariable)
        streamPort = try pool.nodeStreamPort ?? file.int("node-stream-port") ?? 10250
        guard (0...65535).contains(streamPort) else {
            throw ConfigurationError.invalid(name: "node-stream-port", value: "\(streamPort)", why: "not a port")
        }
        let seconds = try pool.nodeSyncSeconds ?? file.int("node-sync-seconds") ?? 60
        guard (1...86400).contains(seconds) else {
            throw ConfigurationError.invalid(name: "node-sync-seconds", value: "\(seconds)", why: "not 1 to 86400")
        }
        refreshPeriod = .seconds(seconds)
        if let text = try pool.evictionMemory ?? file.string("eviction-memory") {
            guard let count = try? ByteCount(parsing: text), let bytes = Int64(exactly: count.bytes) else {
                throw ConfigurationError.invalid(
                    name: "eviction-memory", value: text, why: "not an amount such as 100m")
            }
            pressure.memory = bytes
        }
        if let text = try pool.evictionDisk ?? file.string("eviction-disk") {
            guard text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) else {
                throw ConfigurationError.invalid(name: "eviction-disk", value: text, why: "not a part such as 10%")
            }
            pressure.disk = percent / 100
        }
        let named = try pool.nodeName ?? file.string("node-name")
        (nodeName, isNamed) = (named ?? Self.hostName(), named != nil)
        nodeAddress = try pool.nodeAddress ?? file.string("node-address")
        for text in try pool.nodeLabel.isEmpty ? file.strings("node-labels") ?? [] : pool.nodeLabel {
            let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw ConfigurationError.invalid(name: "node-label", value: text, why: "not KEY=VALUE")
            }
            labels[halves[0]] = halves[1]
        }
        if let path = try pool.joinConfig ?? file.string("join-config") {
            hasCredentials = true
            do throws(ManifestError) { address = try PoolAddress(kubeconfig: path) } catch {
                throw ConfigurationError.invalid(name: "join-config", value: path, why: error.description)
            }
        } else if let server = try pool.join ?? file.string("join") {
            guard ["https://", "http://", "unix://"].contains(where: server.hasPrefix) else {
                throw ConfigurationError.invalid(name: "join", value: server, why: "not https://HOST:PORT")
            }
            address = PoolAddress(server)
        }
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }
}
