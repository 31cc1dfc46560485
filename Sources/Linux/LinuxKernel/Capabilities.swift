internal import CLinux
internal import Glibc

/// A set of capabilities, one bit each.
///
/// Source: capabilities(7), Linux 6.1; include/uapi/linux/capability.h.
package struct CapabilitySet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The names in the order of their numbers, without `CAP_`.
    package static let names: [StaticString] = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]

    /// One capability by name, with or without `CAP_`, in either case; `nil` when Linux has none of that name.
    package init?(named name: String) {
        var bare = name.uppercased()[...]
        if bare.hasPrefix("CAP_") { bare = bare.dropFirst(4) }
        guard let number = Self.names.firstIndex(where: { $0.description == bare }) else { return nil }
        self.init(rawValue: 1 << UInt64(number))
    }

    /// Their names with `CAP_`, in the order of their numbers.
    package var spelled: [String] {
        Self.names.indices.filter { rawValue >> UInt64($0) & 1 == 1 }.map { "CAP_\(Self.names[$0])" }
    }

    package static let sysAdmin = CapabilitySet(rawValue: 1 << 21)
    package static let sysPtrace = CapabilitySet(rawValue: 1 << 19)
    package static let sysResource = CapabilitySet(rawValue: 1 << 24)
    package static let setPCAP = CapabilitySet(rawValue: 1 << 8)
}

/// Reading and changing the five capability sets of the calling thread.
package enum Capabilities {
    /// The effective, permitted and inheritable sets.
    package static func current() throws(SyscallError)
        -> (effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet)
    {
        var header = clinux_cap_header(version: 0x2008_0522, pid: 0)
        var low = [clinux_cap_sets(), clinux_cap_sets()]
        try checkNegative("capget") { clinux_capget(&header, &low) }
        func joined(_ field: KeyPath<clinux_cap_sets, UInt32>) -> CapabilitySet {
            CapabilitySet(rawValue: UInt64(low[0][keyPath: field]) | UInt64(low[1][keyPath: field]) << 32)
        }
        return (joined(\.effective), joined(\.permitted), joined(\.inheritable))
    }

    /// Sets three of the five sets at once.
    ///
    /// - Throws: `EPERM` for a capability that is not permitted now.
    package static func set(
        effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet
    ) throws(SyscallError) {
        var header = clinux_cap_header(version: 0x2008_0522, pid: 0)
        func half(_ shift: UInt64) -> clinux_cap_sets {
            clinux_cap_sets(
                effective: UInt32(truncatingIfNeeded: effective.rawValue >> shift),
                permitted: UInt32(truncatingIfNeeded: permitted.rawValue >> shift),
                inheritable: UInt32(truncatingIfNeeded: inheritable.rawValue >> shift))
        }
        let sets = [half(0), half(32)]
        try checkNegative("capset") { clinux_capset(&header, sets) }
    }

    /// Takes everything outside `kept` from the bounding set, for good.
    ///
    /// Numbers that this kernel does not have are passed over.
    ///
    /// - Throws: `EPERM` without `CAP_SETPCAP`.
    package static func bound(to kept: CapabilitySet) throws(SyscallError) {
        for number in 0..<64 where kept.rawValue >> UInt64(number) & 1 == 0 {
            let result = clinux_prctl(24, UInt(number), 0, 0, 0)  // PR_CAPBSET_DROP
            if result == -EINVAL { return }
            try checkNegative("prctl(PR_CAPBSET_DROP)", "\(number)") { result }
        }
    }

    /// Makes `raised` the whole ambient set.
    ///
    /// - Throws: `EPERM` for one that is not both permitted and inheritable.
    package static func setAmbient(_ raised: CapabilitySet) throws(SyscallError) {
        try checkNegative("prctl(PR_CAP_AMBIENT_CLEAR_ALL)") { clinux_prctl(47, 4, 0, 0, 0) }
        for number in 0..<64 where raised.rawValue >> UInt64(number) & 1 == 1 {
            try checkNegative("prctl(PR_CAP_AMBIENT_RAISE)", "\(number)") { clinux_prctl(47, 2, UInt(number), 0, 0) }
        }
    }

    /// Those that this kernel knows: the ones in its bounding set's range.
    package static func known() -> CapabilitySet {
        var known: UInt64 = 0
        for number in 0..<UInt64(64) {
            if clinux_prctl(23, UInt(number), 0, 0, 0) < 0 { break }  // PR_CAPBSET_READ
            known |= 1 << number
        }
        return CapabilitySet(rawValue: known)
    }

    /// The bounding set of the calling thread.
    package static func bounding() -> CapabilitySet {
        var found: UInt64 = 0
        for number in 0..<UInt64(64) where clinux_prctl(23, UInt(number), 0, 0, 0) == 1 { found |= 1 << number }
        return CapabilitySet(rawValue: found)
    }
}
