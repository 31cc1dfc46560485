package import ContentStore

/// How registries are reached from this machine.
package struct RegistrySettings: Sendable {
    /// Base URLs to ask before the registry itself, by the registry's host; only for reading.
    package var mirrors: [String: [String]] = [:]
    /// Hosts, `host:port`s and networks such as `10.0.0.0/8` whose certificates need not be good, or that speak plain HTTP.
    package var insecure: [String] = []
    /// Folders that hold, in a folder named after a registry, `*.crt` authorities and `*.cert` with `*.key` for clients.
    package var certificateFolders = ["/etc/pouch/certs.d", "/etc/docker/certs.d"]
    package var retry = RetryPolicy()
    package var connectTimeout: Duration = .seconds(15)
    /// How long a registry may be silent in the middle of something.
    package var idleTimeout: Duration = .seconds(60)
    package var userAgent = "pouch/0.1.0"
    /// Blobs above this many bytes are pushed in chunks of it, so that a broken upload goes on where it was.
    package var chunkSize: Int64 = 128 << 20

    package init() {}

    /// Whether `authority`, a host with or without a port, need not prove who it is.
    ///
    /// As dockerd, the loopback addresses always are.
    package func isInsecure(_ authority: String) -> Bool {
        let host = Self.host(of: authority)
        if host == "localhost" || host == "::1" { return true }
        if insecure.contains(where: { $0.lowercased() == authority || $0.lowercased() == host }) { return true }
        guard let address = Self.ipv4(host) else { return false }
        return (["127.0.0.0/8"] + insecure).contains { Self.network($0, contains: address) }
    }

    static func host(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    private static func ipv4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    private static func network(_ text: String, contains address: UInt32) -> Bool {
        let halves = text.split(separator: "/")
        guard halves.count == 2, let base = ipv4(halves[0]), let bits = UInt32(halves[1]), bits <= 32 else {
            return false
        }
        return bits == 0 || (base ^ address) >> (32 - bits) == 0
    }
}
