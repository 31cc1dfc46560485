internal import CLinux
internal import Glibc
internal import LinuxKernel

/// A `scmp_filter_ctx`.
struct LibraryFilter: ~Copyable {
    private let context: scmp_filter_ctx
    private let defaultAction: SeccompAction

    /// Asks nothing of the kernel: what libseccomp believes of it is settled first.
    init(defaultAction: SeccompAction) throws(SeccompError) {
        clinux_seccomp_newest_api()
        guard let context = seccomp_init(defaultAction.code) else {
            throw .library(doing: "start a filter", errno: EINVAL)
        }
        self.context = context
        self.defaultAction = defaultAction
    }

    deinit {
        seccomp_release(context)
    }

    func add(_ architecture: SeccompArchitecture) throws(SeccompError) {
        let result = seccomp_arch_add(context, architecture.token)
        // EDOM: of the other byte order, so no program of it can run here.
        guard result == 0 || result == -EEXIST || result == -EDOM else {
            throw .library(doing: "add architecture \(architecture.rawValue)", errno: -result)
        }
    }

    /// Adds what `rule` says of `name` on every architecture; a name that the library does not know is skipped.
    func add(_ rule: SeccompRule, for name: String) throws(SeccompError) {
        let number = seccomp_syscall_resolve_name(name)
        guard number != __NR_SCMP_ERROR, rule.action != defaultAction else { return }
        for conditions in rule.alternatives {
            let comparisons = conditions.map(scmp_arg_cmp.init)
            let result = clinux_seccomp_rule(
                context, rule.action.code, number, comparisons, UInt32(comparisons.count))
            // EDOM: an architecture of the profile has no such call.
            guard result == 0 || result == -EDOM else {
                throw .library(doing: "add rule for \(name)", errno: -result)
            }
        }
    }

    func exported() throws(SeccompError) -> [UInt8] {
        // A tree instead of a list.
        _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
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
