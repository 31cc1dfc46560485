internal import JSON
internal import LinuxKernel

/// The JSON file of `--config-file`: dockerd's `daemon.json`.
struct SettingsFile {
    static let standard = "/etc/pouch/pouchd.json"

    private let path: String
    private let root: JSONValue

    /// Keys and the flags that must not be given beside them.
    private static let keys: [String: String] = [
        "data-root": "data-root", "exec-root": "exec-root", "hosts": "host", "pidfile": "pidfile",
        "log-level": "log-level", "log-format": "log-format", "debug": "debug", "default-runtime": "default-runtime",
        "runtimes": "add-runtime", "userns-remap": "userns-remap", "cgroup-parent": "cgroup-parent", "group": "group",
        "labels": "label", "default-ulimits": "default-ulimit", "init": "init", "default-shm-size": "default-shm-size",
        "bridge": "bridge", "bip": "bip", "fixed-cidr": "fixed-cidr", "mtu": "mtu", "dns": "dns",
        "dns-search": "dns-search", "dns-opts": "dns-opt", "log-driver": "log-driver",
        "log-opts": "log-opt", "seccomp-profile": "seccomp-profile", "no-new-privileges": "no-new-privileges",
        "quota-driver": "quota-driver",
        "shutdown-timeout": "shutdown-timeout", "live-restore": "live-restore", "tls": "tls", "tlsverify": "tlsverify",
        "registry-mirrors": "registry-mirror", "insecure-registries": "insecure-registry",
        "max-concurrent-downloads": "max-concurrent-downloads", "max-concurrent-uploads": "max-concurrent-uploads",
        "tlscacert": "tlscacert", "tlscert": "tlscert", "tlskey": "tlskey", "pouch-runtime": "pouch-runtime",
        "storage-driver": "storage-driver", "registry-listen": "registry-listen", "registry-push": "registry-push",
        "registry-pull-through": "registry-pull-through",
        "image-limit": "image-limit", "image-high-water": "image-high-water", "image-low-water": "image-low-water",
        "registry-tlscert": "registry-tlscert", "registry-tlskey": "registry-tlskey",
        "registry-tlscacert": "registry-tlscacert", "registry-plain-http": "registry-plain-http",
        "join": "join", "join-config": "join-config", "join-token-file": "join-token-file",
        "node-stream-port": "node-stream-port", "eviction-memory": "eviction-memory", "eviction-disk": "eviction-disk",
        "node-sync-seconds": "node-sync-seconds", "node-name": "node-name", "node-address": "node-address",
        "node-labels": "node-label",
        "pool-tracker": "pool-tracker", "pool-token": "pool-token", "pool-token-file": "pool-token-file",
        "pool-node": "pool-node", "pool-listen": "pool-listen", "pool-advertise": "pool-advertise",
        "pool-plain-http": "pool-plain-http",
        "pool-upload-limit": "pool-upload-limit", "pool-download-limit": "pool-download-limit",
        "pool-origin-limit": "pool-origin-limit",
    ]

    /// An empty file, for a daemon without one.
    init() {
        path = ""
        root = .object([:])
    }

    /// Reads `path`.
    ///
    /// - Throws: ``ConfigurationError/file(path:why:)`` also for keys that nobody knows.
    init(reading path: String) throws(ConfigurationError) {
        self.path = path
        let bytes: [UInt8]
        do throws(SyscallError) {
            bytes = try WholeFile.read(path)
        } catch {
            throw .file(path: path, why: "\(error)")
        }
        root = bytes.allSatisfy({ $0 <= 32 }) ? .object([:]) : try Self.parse(bytes, path)
        guard let object = root.objectValue else { throw .file(path: path, why: "it is not a JSON object") }
        let unknown = object.keys.filter { Self.keys[$0] == nil }.sorted()
        guard unknown.isEmpty else {
            throw .file(
                path: path,
                why: "the following directives don't match any configuration option: \(unknown.joined(separator: ", "))"
            )
        }
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws(ConfigurationError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .file(path: path, why: "invalid JSON: \(error)")
        }
    }

    /// Refuses a setting that stands both in the file and among the flags that were given, name to value.
    func refuseConflicts(with given: [String: String]) throws(ConfigurationError) {
        guard let object = root.objectValue else { return }
        let both = object.compactMap { key, value -> String? in
            guard let flag = Self.keys[key], let text = given[flag] else { return nil }
            return "\(key): (from flag: \(text), from file: \(String(decoding: value.encoded(), as: UTF8.self)))"
        }
        guard both.isEmpty else {
            throw .file(
                path: path,
                why: "the following directives are specified both as a flag and in the configuration file: "
                    + both.joined(separator: ", "))
        }
    }

    private var field: JSONField { JSONField(root) }

    private func read<T>(_ body: (JSONField) throws(JSONError) -> T) throws(ConfigurationError) -> T {
        do throws(JSONError) {
            return try body(field)
        } catch {
            throw .file(path: path, why: "\(error)")
        }
    }

    func string(_ key: String) throws(ConfigurationError) -> String? {
        try read { field throws(JSONError) in try field[key].stringIfPresent() }
    }

    func bool(_ key: String) throws(ConfigurationError) -> Bool? {
        try read { field throws(JSONError) in try field[key].boolIfPresent() }
    }

    func int(_ key: String) throws(ConfigurationError) -> Int? {
        try read { field throws(JSONError) in try field[key].intIfPresent(Int.self) }
    }

    func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        try read { field throws(JSONError) in try field[key].stringsIfPresent() }
    }

    /// Whether the value of `key` is an object.
    func isObject(_ key: String) -> Bool { root[key]?.objectValue != nil }

    /// The members of an object, each read by `body`.
    func members<T>(
        _ key: String, _ body: (JSONField) throws(JSONError) -> T
    ) throws(ConfigurationError) -> [(String, T)] {
        try read { field throws(JSONError) in
            try (field[key].entriesIfPresent() ?? []).map { entry throws(JSONError) in (entry.0, try body(entry.1)) }
        }
    }
}
