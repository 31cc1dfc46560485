internal import LinuxKernel
internal import RuntimeSpec

/// What the plan wants and this machine may not have, told before anything is made.
enum Preflight {
    static func check(_ plan: SandboxPlan) throws(RuntimeError) {
        if let process = plan.process { try checkLabels(of: process) }
        if plan.spec.linux?.mountLabel != nil { try needSELinux(for: "linux.mountLabel") }
        if plan.spec.linux?.intelRdt != nil {
            throw .plan(.unsupported(path: "linux.intelRdt", why: "this runtime does not use resctrl"))
        }
    }

    /// A label that nobody enforces is refused: a container that was to be confined never runs unconfined.
    static func checkLabels(of process: ProcessPlan) throws(RuntimeError) {
        if process.appArmorProfile != nil, !Files.exists("/sys/kernel/security/apparmor") {
            throw .plan(
                .unsupported(path: "process.apparmorProfile", why: "AppArmor is not enabled in this kernel"))
        }
        if process.selinuxLabel != nil { try needSELinux(for: "process.selinuxLabel") }
    }

    static var hasSELinux: Bool { Files.exists("/sys/fs/selinux/enforce") }

    private static func needSELinux(for path: String) throws(RuntimeError) {
        guard hasSELinux else {
            throw .plan(.unsupported(path: path, why: "SELinux is not enabled in this kernel"))
        }
    }
}
