internal import CLinux
internal import Glibc
internal import LinuxKernel

extension SeccompProgram {
    /// Makes the filter that `profile` describes: libseccomp's, behind a prologue of ours.
    ///
    /// A few milliseconds for a usual profile: ``SeccompCache`` spares them. Asks nothing of the kernel but a memory
    /// file. Names that neither libseccomp nor ``NewestCalls`` knows are skipped, as every runtime does: a profile lists
    /// calls of machines that this one is not.
    ///
    /// - Throws: ``SeccompError/invalidProfile(_:)`` for a condition on an argument that no call has.
    package static func compile(_ profile: SeccompProfile) throws(SeccompError) -> SeccompProgram {
        for rule in profile.rules {
            for condition in rule.conditions where condition.argument > 5 {
                throw .invalidProfile("\(rule.names.first ?? ""): a call has no argument \(condition.argument)")
            }
        }
        let library = try LibraryFilter(defaultAction: profile.defaultAction)
        try library.take(profile)
        let prologue = FilterPrologue(profile)
        let bytes = prologue.instructions.bytes + (try library.exported())
        guard bytes.count / 8 <= 4096 else {
            throw .invalidProfile("makes \(bytes.count / 8) instructions; the kernel takes 4096")
        }
        return SeccompProgram(bytes: bytes, flags: profile.flags, notifies: profile.notifies)
    }
}

extension SeccompProfile {
    /// The profile's architectures, the machine's own first whether it is named or not.
    var allArchitectures: [SeccompArchitecture] {
        var all: [SeccompArchitecture] = [.native]
        for architecture in architectures where !all.contains(architecture) { all.append(architecture) }
        return all
    }
}

/// A `scmp_filter_ctx`.
private struct LibraryFilter: ~Copyable {
    private let context: scmp_filter_ctx

    init(defaultAction: SeccompAction) throws(SeccompError) {
        clinux_seccomp_newest_api()
        guard let context = seccomp_init(defaultAction.code) else {
            throw .library(doing: "start a filter", errno: EINVAL)
        }
        self.context = context
    }

    deinit {
        seccomp_release(context)
    }

    func take(_ profile: SeccompProfile) throws(SeccompError) {
        // A tree instead of a list: a call with conditions is found in 9 steps, not in 400.
        _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        for architecture in profile.allArchitectures {
            let result = seccomp_arch_add(context, architecture.token)
            // EDOM: of the other byte order, so no program of it can run here.
            guard result == 0 || result == -EEXIST || result == -EDOM else {
                throw .library(doing: "add architecture \(architecture.rawValue)", errno: -result)
            }
        }
        for rule in profile.rules where rule.action != profile.defaultAction {
            let alternatives = rule.alternatives.map { conditions in conditions.map(scmp_arg_cmp.init) }
            for name in rule.names {
                let number = seccomp_syscall_resolve_name(name)
                guard number != __NR_SCMP_ERROR else { continue }
                for conditions in alternatives { try add(number, name, rule.action, conditions) }
            }
        }
    }

    private func add(
        _ number: Int32, _ name: String, _ action: SeccompAction, _ conditions: [scmp_arg_cmp]
    ) throws(SeccompError) {
        let result = clinux_seccomp_rule(context, action.code, number, conditions, UInt32(conditions.count))
        // EDOM: an architecture of the profile has no such call.
        guard result == 0 || result == -EDOM else {
            throw .library(doing: "add rule for \(name)", errno: -result)
        }
    }

    func exported() throws(SeccompError) -> [UInt8] {
        do {
            return try bytes()
        } catch {
            throw .kernel(doing: "export the filter", error)
        }
    }

    private func bytes() throws(SyscallError) -> [UInt8] {
        let file = Descriptor(owning: try checkNegative("memfd_create") { clinux_seccomp_memfd() })
        let result = seccomp_export_bpf(context, file.raw)
        guard result == 0 else { throw SyscallError("seccomp_export_bpf", errno: -result) }
        let number = file.raw
        try check("lseek") { lseek(number, 0, SEEK_SET) }
        return try file.readToEnd()
    }
}

extension scmp_arg_cmp {
    fileprivate init(_ condition: SeccompCondition) {
        self.init(
            arg: condition.argument, op: condition.comparison.libraryValue, datum_a: condition.value,
            datum_b: condition.maskedValue)
    }
}

extension SeccompCondition.Comparison {
    fileprivate var libraryValue: scmp_compare {
        switch self {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}

extension SeccompRule {
    /// Sets of conditions of which one has to hold: one set, unless two conditions are about the same argument.
    ///
    /// A filter has no way to compare one argument twice in one rule; runc takes such conditions as alternatives, and
    /// profiles in the field count on it.
    var alternatives: [[SeccompCondition]] {
        Set(conditions.map(\.argument)).count == conditions.count ? [conditions] : conditions.map { [$0] }
    }
}

extension FilterPrologue {
    /// What libseccomp cannot do for `profile`.
    ///
    /// Like runc, nothing is answered with ENOSYS when the default lets calls pass or says ENOSYS itself.
    init(_ profile: SeccompProfile) {
        let hidesNewer = !profile.defaultAction.isPermissive && profile.defaultAction != Self.notImplemented
        sections = profile.allArchitectures.map { architecture in
            var section = Section(architecture: architecture)
            for rule in profile.rules {
                for name in rule.names {
                    let known = seccomp_syscall_resolve_name_arch(architecture.token, name)
                    let own = known == __NR_SCMP_ERROR ? NewestCalls.number(of: name, on: architecture) : nil
                    guard let number = own ?? UInt32(exactly: known) else { continue }
                    if hidesNewer, !section.isOutOfOrder(number) {
                        section.newestKnown = max(section.newestKnown ?? 0, number)
                    }
                    if own != nil, rule.action != profile.defaultAction {
                        section.add(rule, for: number, otherwise: profile.defaultAction)
                    }
                }
            }
            return section
        }
    }
}

extension FilterPrologue.Section {
    fileprivate mutating func add(_ rule: SeccompRule, for number: UInt32, otherwise: SeccompAction) {
        let rules = rule.alternatives.map { FilterPrologue.Call.Rule(action: rule.action, conditions: $0) }
        if let index = calls.firstIndex(where: { $0.number == number }) {
            calls[index].rules += rules
        } else {
            calls.append(FilterPrologue.Call(number: number, rules: rules, otherwise: otherwise))
        }
    }
}
