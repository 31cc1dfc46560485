internal import Cgroups
internal import ContainerRuntime
internal import JSON
internal import RuntimeSpec
internal import ShimProtocol

/// Does once, on values that nobody needs, what every shim does: afterwards the program's pages are in, and Swift has built the
/// metadata of the types that take part, which it does at the first use in each process (2 ms for a container).
enum WarmUp {
    static func perform() {
        _ = try? CgroupTree.current()
        var spec = SpecTemplate.config(rootless: false)
        spec.linux?.cgroupsPath = "/warm-up"
        spec.linux?.seccomp = RuntimeSpec.Seccomp(
            defaultAction: .errno, architectures: [.x86_64],
            syscalls: [RuntimeSpec.Seccomp.Syscall(names: ["read"], action: .allow)])
        guard let again = try? RuntimeSpec(parsing: spec.encoded()) else { return }
        _ = try? SandboxPlan(spec: again, id: "warm-up", options: PlanOptions(bundle: "/"))
        var configuration = ShimConfiguration(id: "warm-up", bundle: "/")
        configuration.rootfsMounts = [
            ShimConfiguration.RootfsMount(type: "overlay", source: "overlay", options: ["ro"])
        ]
        configuration.attached = [ShimConfiguration.AttachedDescriptor(fd: 4, streams: .all)]
        configuration.log = ShimConfiguration.Log(path: "/", maxSize: 1, maxFile: 1)
        _ = try? ShimConfiguration(parsing: configuration.encoded())
        let process = ShimProcess(pid: 1, startTime: 1)
        _ = try? ShimReport(parsing: ShimReport.started(process, timings: ShimReport.Timings()).encoded())
        _ = try? ShimRequest(parsing: ShimRequest(.subscribe).encoded())
        _ = ShimEvent.deleted(failure: nil).encoded()
    }
}
