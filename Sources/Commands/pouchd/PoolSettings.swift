internal import ClusterModel
internal import Glibc
internal import NodeAgent
internal import PoolClient

/// Which pool this node belongs to; none unless `--join` or `--join-config` says so.
struct PoolSettings {
    var address: PoolAddress?
    var nodeName: String
    var nodeAddress: String?
    var labels: [String: String] = [:]

    init(_ flags: Flags, _ file: SettingsFile) throws {
        let pool = flags.pool
        nodeName = try pool.nodeName ?? file.string("node-name") ?? Self.hostName()
        nodeAddress = try pool.nodeAddress ?? file.string("node-address")
        for text in try pool.nodeLabel.isEmpty ? file.strings("node-labels") ?? [] : pool.nodeLabel {
            let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw ConfigurationError.invalid(name: "node-label", value: text, why: "not KEY=VALUE")
            }
            labels[halves[0]] = halves[1]
        }
        if let path = try pool.joinConfig ?? file.string("join-config") {
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
