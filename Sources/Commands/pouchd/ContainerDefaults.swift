internal import Engine
internal import JSON
internal import LinuxKernel
internal import Units

/// What containers get when they do not say otherwise.
struct ContainerDefaults {
    var runtimes: [String: EngineConfiguration.Runtime] = [:]
    var defaultRuntime: String?
    var cgroupParent: String?
    var usernsRemap: String?
    var logConfig: LogConfig
    var ulimits: [Ulimit] = []
    var shmSize: Int64?
    var storageDriver: String
    var bridge: EngineConfiguration.BridgeSettings
    var dns: [String]
    var dnsSearch: [String]
    var dnsOptions: [String]
    var hasInit: Bool
    var seccompProfile: String?
    var noNewPrivileges: Bool
    var quotaDriver: String?
    var labels: [String]

    init(_ flags: Flags, _ file: SettingsFile) throws {
        runtimes = try Self.runtimes(flags, file)
        defaultRuntime = try flags.defaultRuntime ?? file.string("default-runtime")
        cgroupParent = try flags.cgroupParent ?? file.string("cgroup-parent")
        usernsRemap = try (flags.usernsRemap ?? file.string("userns-remap")).flatMap { $0.isEmpty ? nil : $0 }
        storageDriver = try Self.storageDriver(flags.storageDriver ?? file.string("storage-driver") ?? "overlay2")
        logConfig = try Self.logConfig(flags, file)
        ulimits = try Self.ulimits(flags, file)
        shmSize = try Self.shmSize(flags, file)
        bridge = try Self.bridge(flags, file)
        dns = try flags.dns.isEmpty ? file.strings("dns") ?? [] : flags.dns
        dnsSearch = try flags.dnsSearch.isEmpty ? file.strings("dns-search") ?? [] : flags.dnsSearch
        dnsOptions = try flags.dnsOption.isEmpty ? file.strings("dns-opts") ?? [] : flags.dnsOption
        hasInit = try flags.`init` || file.bool("init") == true
        seccompProfile = try Self.seccompProfile(flags.seccompProfile ?? file.string("seccomp-profile"))
        quotaDriver = try flags.quotaDriver ?? file.string("quota-driver")
        if let quotaDriver, !["project", "btrfs", "loop"].contains(quotaDriver) {
            throw ConfigurationError.invalid(name: "quota-driver", value: quotaDriver, why: "project, btrfs or loop")
        }
        noNewPrivileges = try flags.noNewPrivileges || file.bool("no-new-privileges") == true
        labels = try flags.label.isEmpty ? file.strings("labels") ?? [] : flags.label
        for label in labels where !label.contains("=") {
            throw ConfigurationError.invalid(name: "label", value: label, why: "not KEY=VALUE")
        }
        try checkDefaultRuntime()
    }

    private func checkDefaultRuntime() throws {
        guard let name = defaultRuntime, !["pouch", "runc", "crun"].contains(name), runtimes[name] == nil else {
            return
        }
        throw ConfigurationError.invalid(
            name: "default-runtime", value: name, why: "no runtime has that name; add it with --add-runtime")
    }

    /// Puts the defaults into `configuration`.
    func apply(to configuration: inout EngineConfiguration) {
        configuration.runtimes.merge(runtimes) { $1 }
        if let defaultRuntime { configuration.defaultRuntime = defaultRuntime }
        if let cgroupParent { configuration.cgroupParent = cgroupParent }
        configuration.logConfig = logConfig
        configuration.storageDriver = storageDriver
        configuration.ulimits = ulimits
        if let shmSize { configuration.shmSize = shmSize }
        configuration.bridge = bridge
        configuration.dns = dns
        configuration.dnsSearch = dnsSearch
        configuration.dnsOptions = dnsOptions
        configuration.`init` = hasInit
        configuration.seccompProfile = seccompProfile
        configuration.noNewPrivileges = noNewPrivileges
        configuration.quotaDriver = quotaDriver
        configuration.labels = labels
    }

    private static func runtimes(
        _ flags: Flags, _ file: SettingsFile
    ) throws -> [String: EngineConfiguration.Runtime] {
        var found: [String: EngineConfiguration.Runtime] = [:]
        for text in flags.addRuntime {
            let (name, path) = try halves(text, "add-runtime", "NAME=PATH")
            guard name != "pouch" else {
                throw ConfigurationError.invalid(name: "add-runtime", value: text, why: "pouch is built in")
            }
            found[name] = EngineConfiguration.Runtime(path: path)
        }
        let inFile = try file.members("runtimes") { field throws(JSONError) in
            EngineConfiguration.Runtime(
                path: try field["path"].string(), arguments: try field["runtimeArgs"].stringsIfPresent() ?? [])
        }
        for (name, runtime) in inFile { found[name] = runtime }
        return found
    }

    private static func storageDriver(_ name: String) throws(ConfigurationError) -> String {
        guard ["overlay2", "btrfs", "vfs"].contains(name) else {
            throw .invalid(name: "storage-driver", value: name, why: "overlay2, btrfs or vfs")
        }
        return name
    }

    private static func logConfig(_ flags: Flags, _ file: SettingsFile) throws -> LogConfig {
        var options: [String: String] = [:]
        for text in flags.logOption {
            let (name, value) = try halves(text, "log-opt", "KEY=VALUE")
            options[name] = value
        }
        for (name, value) in try file.members("log-opts", { field throws(JSONError) in try field.string() }) {
            options[name] = value
        }
        let driver = try flags.logDriver ?? file.string("log-driver") ?? "json-file"
        guard ["json-file", "none"].contains(driver) else {
            throw ConfigurationError.invalid(name: "log-driver", value: driver, why: "json-file or none")
        }
        return LogConfig(type: driver, config: options)
    }

    private static func ulimits(_ flags: Flags, _ file: SettingsFile) throws -> [Ulimit] {
        var found: [Ulimit] = []
        for text in flags.defaultUlimit {
            let (name, value) = try halves(text, "default-ulimit", "NAME=SOFT[:HARD]")
            let numbers = value.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
            guard (1...2).contains(numbers.count), let soft = numbers[0], let hard = numbers[numbers.count - 1] else {
                throw ConfigurationError.invalid(name: "default-ulimit", value: text, why: "not NAME=SOFT[:HARD]")
            }
            found.append(Ulimit(name: name, soft: soft, hard: hard))
        }
        found += try file.members("default-ulimits") { field throws(JSONError) in
            Ulimit(name: "", soft: try field["Soft"].int(), hard: try field["Hard"].int())
        }.map { name, limit in Ulimit(name: name, soft: limit.soft, hard: limit.hard) }
        return found
    }

    private static func bridge(_ flags: Flags, _ file: SettingsFile) throws -> EngineConfiguration.BridgeSettings {
        var settings = EngineConfiguration.BridgeSettings()
        settings.name = try flags.bridge ?? file.string("bridge") ?? ""
        guard settings.name.utf8.count < 16 else {
            throw ConfigurationError.invalid(name: "bridge", value: settings.name, why: "longer than 15 bytes")
        }
        if let text = try flags.bridgeAddress ?? file.string("bip") {
            do throws(ParseError) { settings.address = try Subnet.interface(text) } catch {
                throw ConfigurationError.invalid(name: "bip", value: text, why: error.reason)
            }
        }
        if let text = try flags.fixedRange ?? file.string("fixed-cidr") {
            do throws(ParseError) { settings.range = try Subnet(parsing: text) } catch {
                throw ConfigurationError.invalid(name: "fixed-cidr", value: text, why: error.reason)
            }
        }
        if let mtu = try flags.mtu ?? file.int("mtu"), mtu != 0 {
            guard (68...65535).contains(mtu) else {
                throw ConfigurationError.invalid(name: "mtu", value: "\(mtu)", why: "between 68 and 65535 bytes")
            }
            settings.mtu = UInt32(mtu)
        }
        return settings
    }

    private static func shmSize(_ flags: Flags, _ file: SettingsFile) throws -> Int64? {
        guard let text = try flags.defaultShmSize ?? file.string("default-shm-size") else { return nil }
        do throws(ParseError) {
            return Int64(clamping: try ByteCount(parsing: text).bytes)
        } catch {
            throw ConfigurationError.invalid(name: "default-shm-size", value: text, why: "\(error)")
        }
    }

    /// The profile's text: `path` names a file, unless it is a word that the engine knows.
    private static func seccompProfile(_ path: String?) throws -> String? {
        guard let path, !path.isEmpty, path != "builtin" else { return nil }
        if path == "unconfined" { return path }
        do throws(SyscallError) {
            return String(decoding: try WholeFile.read(path), as: UTF8.self)
        } catch {
            throw ConfigurationError.invalid(name: "seccomp-profile", value: path, why: "\(error)")
        }
    }

    private static func halves(
        _ text: String, _ name: String, _ form: String
    ) throws -> (String, String) {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty else {
            throw ConfigurationError.invalid(name: name, value: text, why: "not \(form)")
        }
        return (String(halves[0]), String(halves[1]))
    }
}
