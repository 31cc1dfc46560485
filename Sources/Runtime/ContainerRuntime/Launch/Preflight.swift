internal import LinuxKernel
internal import RuntimeSpec

/// What the plan wants and this machine may not have, told before anything is made.
enum Preflight {
    static func check(_ plan: SandboxPlan) throws(RuntimeError) {
        if plan.process?.appArmorProfile != nil, !Files.exists("/sys/kernel/security/apparmor") {
            throw .plan(
                .unsupported(path: "process.apparmorProfile", why: "AppArmor is not enabled in this kernel"))
        }
        if plan.process?.selinuxLabel != nil || plan.spec.linux?.mountLabel != nil,
            !Files.exists("/sys/fs/selinux/enforce")
        {
            throw .plan(.unsupported(path: "process.selinuxLabel", why: "SELinux is not enabled in this kernel"))
        }
        if plan.spec.linux?.intelRdt != nil {
            throw .plan(.unsupported(path: "linux.intelRdt", why: "this runtime does not use resctrl"))
        }
    }
}
