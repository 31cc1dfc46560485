/// What `--security-opt` asks for.
struct SecurityOptions: Equatable, Sendable {
    enum Seccomp: Equatable, Sendable {
        case standard
        case unconfined
        /// A profile as JSON.
        case profile(String)
    }

    var seccomp = Seccomp.standard
    var appArmor: String?
    var labels: [String] = []
    var labelsDisabled = false
    var noNewPrivileges: Bool
    /// `systempaths=unconfined`: nothing is masked or read-only.
    var systemPathsUnconfined = false

    /// - Throws: ``EngineError/invalid(_:)`` for an option that does not exist.
    init(_ options: [String], noNewPrivilegesByDefault: Bool) throws(EngineError) {
        noNewPrivileges = noNewPrivilegesByDefault
        for option in options {
            guard let separator = option.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                switch option {
                case "no-new-privileges": noNewPrivileges = true
                case "disable": labelsDisabled = true
                default: throw .invalid("invalid --security-opt 1: \"\(option)\"")
                }
                continue
            }
            let value = String(option[option.index(after: separator)...])
            switch option[..<separator] {
            case "seccomp":
                seccomp =
                    value == "unconfined"
                    ? .unconfined : value == "builtin" || value.isEmpty ? .standard : .profile(value)
            case "apparmor": appArmor = value
            case "label": if value == "disable" { labelsDisabled = true } else { labels.append(value) }
            case "no-new-privileges":
                guard let flag = ["true": true, "false": false, "1": true, "0": false][value] else {
                    throw .invalid("invalid --security-opt 2: \"\(option)\"")
                }
                noNewPrivileges = flag
            case "systempaths":
                guard value == "unconfined" else { throw .invalid("invalid --security-opt 2: \"\(option)\"") }
                systemPathsUnconfined = true
            default: throw .invalid("invalid --security-opt 2: \"\(option)\"")
            }
        }
    }
}

/// Capabilities as people name them and as the kernel does.
enum CapabilityNames {
    /// What a container has unless it says otherwise: enough for a package manager, too little to reach the host.
    static let standard = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    static let all = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ].map { "CAP_" + $0 }

    /// The capabilities of a container, in the kernel's order.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` for a name that does not exist.
    static func resolved(add: [String], drop: [String], privileged: Bool) throws(EngineError) -> [String] {
        let added = try normalised(add)
        let dropped = try normalised(drop)
        if privileged { return all }
        var chosen: Set<String>
        if added.contains("ALL") {
            chosen = Set(all).subtracting(dropped)
        } else if dropped.contains("ALL") {
            chosen = Set(added)
        } else {
            chosen = Set(standard).subtracting(dropped).union(added)
        }
        chosen.remove("ALL")
        return all.filter { chosen.contains($0) }
    }

    private static func normalised(_ names: [String]) throws(EngineError) -> [String] {
        var result: [String] = []
        for name in names {
            let upper = name.uppercased()
            if upper == "ALL" {
                result.append(upper)
                continue
            }
            let full = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
            guard all.contains(full) else { throw .invalid("invalid capability: \"\(name)\"") }
            result.append(full)
        }
        return result
    }
}

/// `--device-cgroup-rule`: `c 42:* rmw`.
struct DeviceRule: Equatable, Sendable {
    /// `a`, `b` or `c`.
    var type: String
    /// Nil is any.
    var major: Int64?
    var minor: Int64?
    var access: String

    static func parse(_ text: String) throws(EngineError) -> DeviceRule {
        let refusal = EngineError.invalid("invalid device cgroup rule format: '\(text)'")
        let words = text.split(separator: " ")
        guard words.count == 3, ["a", "b", "c"].contains(words[0]), !words[2].isEmpty,
            words[2].allSatisfy({ "rwm".contains($0) })
        else { throw refusal }
        let numbers = words[1].split(separator: ":")
        guard numbers.count == 2, numbers.allSatisfy({ $0 == "*" || Int64($0) != nil }) else { throw refusal }
        return DeviceRule(
            type: String(words[0]), major: Int64(numbers[0]), minor: Int64(numbers[1]), access: String(words[2]))
    }
}
