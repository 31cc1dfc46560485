internal import Engine
internal import Glibc
internal import LinuxKernel

/// What pouchd looks up on its machine before it starts.
enum Machine {
    /// The `pouch-runtime` executable: the one that was named, else the one beside us, else the one on PATH.
    static func runtimeExecutable(_ named: String?) throws(ConfigurationError) -> String {
        if let named {
            guard access(named, X_OK) == 0 else {
                throw .invalid(name: "pouch-runtime", value: named, why: String(cString: strerror(errno)))
            }
            return named
        }
        if let own = ownPath(), let slash = own.lastIndex(of: "/") {
            let beside = own[..<slash] + "/pouch-runtime"
            if access(String(beside), X_OK) == 0 { return String(beside) }
        }
        guard let found = onPath("pouch-runtime") else {
            throw .machine("pouch-runtime is neither beside pouchd nor on PATH: name it with --pouch-runtime")
        }
        return found
    }

    /// The address of ours from which packets go to the host of `server`; the loopback's when nobody knows.
    static func address(towards server: String) -> String {
        let rest = server.split(separator: "/", omittingEmptySubsequences: true)
        let host = rest.count > 1 ? rest[1].prefix { $0 != ":" } : ""
        var remote = sockaddr_in()
        remote.sin_family = sa_family_t(AF_INET)
        remote.sin_port = 9
        guard inet_pton(AF_INET, String(host), &remote.sin_addr) == 1 else { return "127.0.0.1" }
        let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard number >= 0 else { return "127.0.0.1" }
        defer { close(number) }
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &remote) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, length) }
        }
        let isNamed = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        guard isConnected == 0, isNamed == 0 else { return "127.0.0.1" }
        var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
        guard inet_ntop(AF_INET, &own.sin_addr, &text, socklen_t(text.count)) != nil else { return "127.0.0.1" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func ownPath() -> String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    static func onPath(_ name: String) -> String? {
        let path =
            getenv("PATH").map { String(cString: $0) } ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// OCI runtimes that are installed under their own names.
    static func installedRuntimes() -> [String: EngineConfiguration.Runtime] {
        var found: [String: EngineConfiguration.Runtime] = [:]
        for name in ["runc", "crun"] {
            if let path = onPath(name) { found[name] = EngineConfiguration.Runtime(path: path) }
        }
        return found
    }

    /// The number of a group by name or number; `nil` when there is none.
    static func group(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        return entries("/etc/group").first { $0.first == name[...] && $0.count > 2 }.flatMap { UInt32($0[2]) }
    }

    private static func entries(_ path: String) -> [[Substring]] {
        guard let bytes = try? WholeFile.read(path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false)
        }
    }

    /// The subordinate ids that `--userns-remap` names, for users and for groups.
    ///
    /// - Throws: ``ConfigurationError/invalid(name:value:why:)`` when the user or group has none.
    static func idMaps(
        for remap: String
    ) throws(ConfigurationError) -> (users: [EngineConfiguration.IDMap], groups: [EngineConfiguration.IDMap]) {
        let halves = (remap == "default" ? "pouchremap" : remap).split(separator: ":", maxSplits: 1).map(String.init)
        let user = halves.first ?? remap
        let group = halves.count == 2 ? halves[1] : user
        return (try map(user, in: "/etc/subuid", remap), try map(group, in: "/etc/subgid", remap))
    }

    private static func map(
        _ name: String, in file: String, _ remap: String
    ) throws(ConfigurationError) -> [EngineConfiguration.IDMap] {
        var names: Set<Substring> = [name[...]]
        let accounts = entries(file == "/etc/subuid" ? "/etc/passwd" : "/etc/group")
        for account in accounts where account.count > 2 && (account[0] == name || account[2] == name) {
            names.formUnion([account[0], account[2]])
        }
        var next: UInt32 = 0
        var maps: [EngineConfiguration.IDMap] = []
        for entry in entries(file) where entry.count == 3 && names.contains(entry[0]) {
            guard let first = UInt32(entry[1]), let count = UInt32(entry[2]), count > 0 else { continue }
            maps.append(EngineConfiguration.IDMap(container: next, host: first, size: count))
            next += count
        }
        guard !maps.isEmpty else {
            throw .invalid(
                name: "userns-remap", value: remap,
                why: "\(name) has no ids in \(file): add a line \(name):231072:65536")
        }
        return maps
    }
}
