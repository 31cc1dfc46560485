internal import LinuxKernel
internal import RuntimeSpec
internal import Seccomp

/// The filter of a container: compiled in the parent, loaded in the child.
struct SeccompWork {
    let program: SeccompProgram
    let listenerPath: String?
    let listenerMetadata: String?

    /// Takes the compiled program from `cache` when it has it; `nil` when the specification has no filter.
    init?(_ seccomp: RuntimeSpec.Seccomp?, cache: SeccompCache) throws(RuntimeError) {
        guard let seccomp else { return nil }
        let profile = try Self.profile(seccomp)
        if profile.defaultAction == .allow, profile.rules.isEmpty, seccomp.listenerPath == nil { return nil }
        do {
            var compiled = try cache.program(for: profile)
            // Whoever names a listener gets one, as with crun, even if no rule speaks of it.
            if seccomp.listenerPath != nil { compiled.notifies = true }
            program = compiled
        } catch {
            throw .invalid(error.description)
        }
        listenerPath = seccomp.listenerPath
        listenerMetadata = seccomp.listenerMetadata
        guard !program.notifies || listenerPath != nil else {
            throw .plan(
                .invalid(path: "linux.seccomp.listenerPath", why: "is missing, and SCMP_ACT_NOTIFY needs a listener"))
        }
    }

    /// - Throws: ``RuntimeError/step(_:_:)``.
    func load() throws(RuntimeError) -> Int32? {
        do { return try program.install()?.release() } catch { throw .step("seccomp filter", error) }
    }

    /// Refuses to have a listener asked about the calls that bring it about.
    ///
    /// It is sent on its way by a process that has the filter already. `write` is no such call here, but is in other
    /// runtimes, which refuse it.
    private static func checkNotified(_ rules: [SeccompRule]) throws(RuntimeError) {
        for rule in rules where rule.action == .notify {
            for name in ["sendmsg", "write"] where rule.names.contains(name) {
                throw .plan(
                    .unsupported(
                        path: "linux.seccomp.syscalls", why: "SCMP_ACT_NOTIFY cannot be used for the \(name) syscall"))
            }
        }
    }

    static func profile(_ seccomp: RuntimeSpec.Seccomp) throws(RuntimeError) -> SeccompProfile {
        func action(
            _ action: RuntimeSpec.Seccomp.Action, _ errno: UInt32?, _ path: String
        ) throws(RuntimeError) -> SeccompAction {
            guard let known = SeccompAction(name: action.rawValue, errno: errno) else {
                throw .plan(.unsupported(path: path, why: "\(action.rawValue) is not known here"))
            }
            return known
        }
        var profile = SeccompProfile(
            defaultAction: try action(seccomp.defaultAction, seccomp.defaultErrnoRet, "linux.seccomp.defaultAction"))
        for name in seccomp.architectures ?? [] {
            guard let known = SeccompArchitecture(rawValue: name.rawValue) else {
                throw .plan(
                    .unsupported(path: "linux.seccomp.architectures", why: "libseccomp does not know \(name.rawValue)"))
            }
            profile.architectures.append(known)
        }
        for name in seccomp.flags ?? [] {
            guard let known = SeccompFlags(name: name) else {
                throw .plan(.invalid(path: "linux.seccomp.flags", why: "\(name) is not known here"))
            }
            profile.flags.formUnion(known)
        }
        for (index, call) in (seccomp.syscalls ?? []).enumerated() {
            let path = "linux.seccomp.syscalls[\(index)]"
            var conditions: [SeccompCondition] = []
            for condition in call.args ?? [] {
                guard let comparison = SeccompCondition.Comparison(rawValue: condition.op.rawValue),
                    condition.index < 6
                else { throw .plan(.invalid(path: "\(path).args", why: "there are arguments 0 to 5 only")) }
                conditions.append(
                    SeccompCondition(
                        condition.index, comparison, condition.value, maskedValue: condition.valueTwo ?? 0))
            }
            profile.rules.append(
                SeccompRule(call.names, try action(call.action, call.errnoRet, "\(path).action"), when: conditions))
        }
        guard profile.defaultAction != .notify else {
            throw .plan(
                .unsupported(
                    path: "linux.seccomp.defaultAction", why: "SCMP_ACT_NOTIFY cannot be used as default action"))
        }
        try checkNotified(profile.rules)
        return profile
    }
}
