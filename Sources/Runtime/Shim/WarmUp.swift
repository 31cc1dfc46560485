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
        var options = PlanOptions(bundle: "/")
        options.rootfsMounts = [RootfsMount(type: "overlay", source: "overlay", options: ["ro"])]
        if let plan = try? SandboxPlan(spec: again, id: "warm-up", options: options) { Launcher.rehearse(plan) }
        var configuration = ShimConfiguration(id: "warm-up", bundle: "/")
        configuration.rootfsMounts = [
            ShimConfiguration.RootfsMount(type: "overlay", source: "overlay", options: ["ro"])
        ]
        configuration.attached = [ShimConfiguration.AttachedDescriptor(fd: 4, streams: .all)]
        configuration.log = ShimConfiguration.Log(path: "/", maxSize: 1, maxFile: 1)
        if let again = try? ShimConfiguration(parsing: configuration.encoded()) { _ = BuiltInRuntime(again) }
        _ = LogEncoder(maxSize: 1, attributes: JSONObject([("a", "b")]))
        // A copy that does nothing: how it answers is what counts.
        _ = try? Errand { ErrandAnswer() }.answer()
        let process = ShimProcess(pid: 1, startTime: 1)
        _ = try? ShimReport(parsing: ShimReport.started(process, timings: ShimReport.Timings()).encoded())
        _ = try? ShimRequest(parsing: ShimRequest(.subscribe).encoded())
        if let process = again.process {
            let exec = ShimRequest(.exec(id: "warm-up", process: process, streams: .all))
            _ = try? ShimRequest(parsing: exec.encoded())
            _ = try? ExecPlan(process, in: again, id: "warm-up", options: options)
        }
        _ = ShimEvent.deleted(failure: nil).encoded()
    }
}
