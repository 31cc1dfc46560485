extension SeccompProfile {
    /// The profile for a container that asked for none: an allow-list, so that calls nobody thought of are refused.
    ///
    /// Made of the groups in this folder, each with its reason. A refused call fails with EPERM, one newer than this
    /// program with ENOSYS. `capabilities` are the names (`CAP_SYS_ADMIN`) in the container's bounding set; `kernel` is
    /// the running one.
    package static func `default`(
        capabilities: Set<String> = [], kernel: KernelVersion = KernelVersion(5, 10),
        architecture: SeccompArchitecture = .native
    ) -> SeccompProfile {
        let family = architecture.family
        var profile = SeccompProfile(defaultAction: .errno(1), architectures: family)
        for group in CallGroup.files + CallGroup.processes + CallGroup.resources + CallGroup.privileged {
            guard group.capabilities.isEmpty || group.capabilities.contains(where: capabilities.contains),
                group.architectures.isEmpty || group.architectures.contains(where: family.contains),
                group.since.map({ $0 <= kernel }) ?? true
            else { continue }
            profile.rules.append(SeccompRule(group.names, .allow))
        }
        profile.rules += cloning(isAdministrator: capabilities.contains("CAP_SYS_ADMIN"), architecture)
        profile.rules += personalities + socketFamilies
        return profile
    }

    /// Threads and processes for all, new namespaces for administrators.
    ///
    /// clone3 hides its flags behind a pointer that no filter can follow, so others are told that it does not exist,
    /// and their C library takes clone.
    private static func cloning(isAdministrator: Bool, _ architecture: SeccompArchitecture) -> [SeccompRule] {
        if isAdministrator { return [SeccompRule(["clone", "clone3"], .allow)] }
        let newNamespaces: UInt64 = 0x7e02_0000  // mount, cgroup, uts, ipc, user, pid, net
        let flags: UInt32 = architecture == .s390x || architecture == .s390 ? 1 : 0
        return [
            SeccompRule(["clone"], .allow, when: [SeccompCondition(flags, .maskedEqual, newNamespaces)]),
            SeccompRule(["clone3"], FilterPrologue.notImplemented),
        ]
    }

    /// The personalities that 32-bit chroots, old installers and debuggers ask for; `READ_IMPLIES_EXEC` and the ones of
    /// other systems are not among them.
    private static var personalities: [SeccompRule] {
        let values: [UInt64] = [
            0x0,  // Linux
            0x8,  // Linux with 32 bits
            0x20000,  // a kernel that calls itself 2.6
            0x20008,
            0x40000,  // fixed addresses, which a debugger asks for: weakens the caller alone
            0xffff_ffff,  // only asks
        ]
        return values.map { SeccompRule(["personality"], .allow, when: [exactly(0, $0)]) }
    }

    /// Every family but the kernel's crypto (38) and the hypervisor's sockets (40): the one is attack surface that
    /// libraries do without, the other is no namespace's and reaches the host.
    ///
    /// The kernel looks at 32 bits of the argument, so the filter must too: "not equal" over 64 would pass 40 with a
    /// bit set above. As masks, the other families up to 47 are seven rules.
    private static var socketFamilies: [SeccompRule] {
        let ranges: [(mask: UInt64, value: UInt64)] = [
            (0xffff_ffe0, 0),  // 0 to 31
            (0xffff_fffc, 32), (0xffff_fffe, 36), (0xffff_ffff, 39),  // 32 to 37, 39
            (0xffff_ffff, 41), (0xffff_fffe, 42), (0xffff_fffc, 44),  // 41 to 47
        ]
        return ranges.map { range in
            let condition = SeccompCondition(0, .maskedEqual, range.mask, maskedValue: range.value)
            return SeccompRule(["socket"], .allow, when: [condition])
        }
    }

    /// `argument`'s low 32 bits are `value`.
    private static func exactly(_ argument: UInt32, _ value: UInt64) -> SeccompCondition {
        SeccompCondition(argument, .maskedEqual, 0xffff_ffff, maskedValue: value)
    }
}

extension SeccompArchitecture {
    /// This convention with those that 32-bit programs use beside it.
    package var family: [SeccompArchitecture] {
        switch self {
        case .x86_64: [.x86_64, .x86, .x32]
        case .aarch64: [.aarch64, .arm]
        case .s390x: [.s390x, .s390]
        default: [self]
        }
    }
}
