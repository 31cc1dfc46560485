internal import LinuxKernel
internal import RuntimeSpec
internal import Testing

@testable internal import ContainerRuntime

/// A configuration like the one `spec` writes, to be changed by a test.
private func configuration(_ change: (inout RuntimeSpec) -> Void = { _ in }) -> RuntimeSpec {
    var spec = SpecTemplate.config(rootless: false)
    spec.process?.terminal = false
    change(&spec)
    return spec
}

private func plan(
    _ spec: RuntimeSpec, _ change: (inout PlanOptions) -> Void = { _ in }
) throws(PlanError) -> SandboxPlan {
    var options = PlanOptions(bundle: "/bundle")
    change(&options)
    return try SandboxPlan(spec: spec, id: "one", options: options)
}

@Suite("SandboxPlan")
struct SandboxPlanTests {
    @Test func listsEveryStepOfAnUsualContainerInOrder() throws {
        let plan = try plan(configuration())
        #expect(
            plan.steps.map(\.description) == [
                "new cgroup namespace",
                "bring up lo",
                "hostname pouch",
                "make the host's mounts rslave",
                "root filesystem /bundle/rootfs",
                "mount proc on /proc",
                "mount tmpfs on /dev [nosuid,strictatime,mode=755,size=65536k]",
                "mount devpts on /dev/pts [nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5]",
                "mount tmpfs (shm) on /dev/shm [nosuid,noexec,nodev,mode=1777,size=65536k]",
                "mount mqueue on /dev/mqueue [nosuid,noexec,nodev]",
                "mount sysfs on /sys [nosuid,noexec,nodev,ro]",
                "mount cgroup on /sys/fs/cgroup [nosuid,noexec,nodev,relatime,ro]",
                "device /dev/null", "device /dev/zero", "device /dev/full", "device /dev/random",
                "device /dev/urandom", "device /dev/tty",
                "link /dev/fd to /proc/self/fd", "link /dev/stdin to /proc/self/fd/0",
                "link /dev/stdout to /proc/self/fd/1", "link /dev/stderr to /proc/self/fd/2",
                "link /dev/core to /proc/kcore", "link /dev/ptmx to pts/ptmx",
                "pivot_root",
                "working directory /",
                "make / read-only",
                "read-only path /proc/bus", "read-only path /proc/fs", "read-only path /proc/irq",
                "read-only path /proc/sys", "read-only path /proc/sysrq-trigger",
                "masked path /proc/acpi", "masked path /proc/asound", "masked path /proc/kcore",
                "masked path /proc/keys", "masked path /proc/latency_stats", "masked path /proc/timer_list",
                "masked path /proc/timer_stats", "masked path /proc/sched_debug", "masked path /sys/firmware",
                "masked path /proc/scsi",
            ])
        #expect(plan.newNamespaces == [.pid, .network, .ipc, .uts, .mount, .cgroup])
        #expect(plan.joinedByParent.isEmpty)
        #expect(plan.rootfs == "/bundle/rootfs")
    }

    @Test func ordersHooksTerminalAndRoot() throws {
        let spec = configuration {
            let hook = RuntimeSpec.Hook(path: "/bin/true")
            $0.hooks = RuntimeSpec.Hooks(prestart: [hook], createContainer: [hook])
            $0.process?.terminal = true
            $0.linux?.rootfsPropagation = "rshared"
        }
        let steps = try plan(spec).steps.map(\.description)
        let order = [
            "root filesystem /bundle/rootfs", "hooks of the runtime", "createContainer hooks", "terminal", "pivot_root",
            "make / rshared",
        ]
        #expect(steps.filter { order.contains($0) } == order)
    }

    @Test func keepsADevThatIsReadOnlyWritableUntilItIsFilled() throws {
        let spec = configuration {
            $0.mounts = [RuntimeSpec.Mount(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["ro"])]
        }
        let steps = try plan(spec).steps
        #expect(steps.contains(.readOnlyMount("/dev")))
        for case .mount(let mount) in steps { #expect(!mount.change.set.contains(.readOnly)) }
    }

    @Test func leavesABoundDevAlone() throws {
        let spec = configuration {
            $0.mounts = [RuntimeSpec.Mount(destination: "/dev", source: "/dev", options: ["rbind"])]
        }
        let steps = try plan(spec).steps
        #expect(!steps.contains { if case .device = $0 { true } else { false } })
        #expect(!steps.contains { if case .link = $0 { true } else { false } })
    }

    @Test func sortsNamespacesByWhoMustMakeThem() throws {
        let spec = configuration {
            $0.hostname = nil
            $0.linux?.namespaces = [
                RuntimeSpec.Namespace(type: .user, path: "/proc/7/ns/user"),
                RuntimeSpec.Namespace(type: .network, path: "/proc/7/ns/net"),
                RuntimeSpec.Namespace(type: .pid, path: "/proc/7/ns/pid"),
                RuntimeSpec.Namespace(type: .cgroup, path: "/proc/7/ns/cgroup"),
                RuntimeSpec.Namespace(type: .mount), RuntimeSpec.Namespace(type: .time),
            ]
            $0.linux?.timeOffsets = [
                "monotonic": RuntimeSpec.TimeOffset(secs: 3), "boottime": RuntimeSpec.TimeOffset(secs: -1, nanosecs: 5),
            ]
        }
        let plan = try plan(spec)
        #expect(plan.newNamespaces == [.mount, .time])
        #expect(plan.joinedByParent.map(\.kind) == [.network, .pid])
        #expect(plan.joinedUserNamespace?.path == "/proc/7/ns/user")
        #expect(plan.steps.first == .enter(.cgroup, path: "/proc/7/ns/cgroup"))
        #expect(plan.timeOffsets == "boottime -1 5\nmonotonic 3 0\n")
        #expect(plan.opensSourcesInParent)
    }

    @Test func bindsDevicesWhereNodesCannotBeMade() throws {
        let spec = configuration {
            $0.linux?.namespaces?.append(RuntimeSpec.Namespace(type: .user))
            $0.linux?.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: 1000, size: 10)]
            $0.linux?.gidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: 2000, size: 10)]
        }
        let plan = try plan(spec)
        for case .device(let device) in plan.steps { #expect(device.isBound) }
        #expect(plan.userNamespace?.users == [IDMap(inside: 0, outside: 1000, size: 10)])
    }

    @Test func emptySetsOfCapabilitiesStayEmpty() throws {
        let spec = configuration { $0.process?.capabilities = nil }
        let process = try #require(try plan(spec).process)
        #expect(process.capabilities == ProcessPlan.CapabilityPlan())
        let some = try #require(try plan(configuration()).process)
        #expect(some.capabilities.inheritable.isEmpty && some.capabilities.ambient.isEmpty)
        #expect(some.capabilities.effective.spelled == ["CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_AUDIT_WRITE"])
    }

    @Test func ofRepeatedVariablesTheLaterCounts() throws {
        let spec = configuration { $0.process?.env = ["A=1", "B=2", "A=3"] }
        #expect(try plan(spec).process?.environment == ["B=2", "A=3"])
    }

    @Test func handsListenDescriptorsOn() throws {
        let process = try #require(
            try plan(configuration()) {
                $0.listenDescriptors = 2
                $0.preservedDescriptors = 1
            }.process)
        #expect(process.inheritedDescriptors == 3)
        #expect(process.environment.suffix(2) == ["LISTEN_FDS=2", "LISTEN_PID=1"])
    }
}

@Suite("Specifications that cannot become a plan")
struct HostileSpecTests {
    /// A change, and the path that the refusal has to name.
    struct Case: CustomStringConvertible {
        var path: String
        var change: @Sendable (inout RuntimeSpec) -> Void
        var description: String { path }

        init(_ path: String, _ change: @escaping @Sendable (inout RuntimeSpec) -> Void) {
            self.path = path
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("ociVersion") { $0.ociVersion = "2.0.0" },
        Case("ociVersion") { $0.ociVersion = "one" },
        Case("root.path") { $0.root = nil },
        Case("process.args") { $0.process?.args = [] },
        Case("process.args[0]") { $0.process?.args = [""] },
        Case("process.args[1]") { $0.process?.args = ["a", "b\0c"] },
        Case("process.env[0]") { $0.process?.env = ["A=\0"] },
        Case("process.cwd") { $0.process?.cwd = "relative" },
        Case("process.oomScoreAdj") { $0.process?.oomScoreAdj = 1001 },
        Case("process.rlimits[0].type") {
            $0.process?.rlimits = [RuntimeSpec.Rlimit(type: "RLIMIT_NOSUCH", soft: 1, hard: 1)]
        },
        Case("process.rlimits[1].type") {
            $0.process?.rlimits = Array(repeating: RuntimeSpec.Rlimit(type: "RLIMIT_CPU", soft: 1, hard: 1), count: 2)
        },
        Case("process.scheduler.nice") {
            $0.process?.scheduler = RuntimeSpec.Scheduler(policy: .other, nice: 20)
        },
        Case("process.scheduler.priority") {
            $0.process?.scheduler = RuntimeSpec.Scheduler(policy: .batch, priority: 1)
        },
        Case("process.ioPriority.priority") {
            $0.process?.ioPriority = RuntimeSpec.IOPriority(class: .idle, priority: 8)
        },
        Case("process.execCPUAffinity.initial") {
            $0.process?.execCPUAffinity = RuntimeSpec.CPUAffinity(initial: "3-1")
        },
        Case("linux.namespaces[6]") { $0.linux?.namespaces?.append(RuntimeSpec.Namespace(type: .pid)) },
        Case("linux.namespaces[6].path") {
            $0.linux?.namespaces?.append(RuntimeSpec.Namespace(type: .user, path: "../x"))
        },
        Case("linux.uidMappings") { $0.linux?.namespaces?.append(RuntimeSpec.Namespace(type: .user)) },
        Case("linux.uidMappings") {
            $0.linux?.uidMappings = [RuntimeSpec.IDMapping(containerID: 0, hostID: 0, size: 1)]
        },
        Case("hostname") { $0.linux?.namespaces?.removeAll { $0.type == .uts } },
        Case("mounts") { $0.linux?.namespaces?.removeAll { $0.type == .mount } },
        Case("linux.timeOffsets") { $0.linux?.timeOffsets = ["monotonic": RuntimeSpec.TimeOffset(secs: 1)] },
        Case("linux.sysctl.kernel.panic") { $0.linux?.sysctl = ["kernel.panic": "1"] },
        Case("linux.sysctl.kernel.hostname") { $0.linux?.sysctl = ["kernel.hostname": "x"] },
        Case("linux.sysctl.net.ipv4.ip_forward") {
            $0.linux?.namespaces?.removeAll { $0.type == .network }
            $0.linux?.sysctl = ["net.ipv4.ip_forward": "1"]
        },
        Case("linux.sysctl.net/../kernel/panic") { $0.linux?.sysctl = ["net/../kernel/panic": "1"] },
        Case("linux.sysctl.net..x") { $0.linux?.sysctl = ["net..x": "1"] },
        Case("linux.rootfsPropagation") { $0.linux?.rootfsPropagation = "sideways" },
        Case("linux.devices[0].path") {
            $0.linux?.devices = [RuntimeSpec.Device(type: .character, path: "dev/x", major: 1, minor: 3)]
        },
        Case("linux.devices[0]") { $0.linux?.devices = [RuntimeSpec.Device(type: .block, path: "/dev/x", major: 1)] },
        Case("mounts[0].destination") { $0.mounts = [RuntimeSpec.Mount(destination: "", type: "tmpfs")] },
        Case("mounts[0].type") { $0.mounts = [RuntimeSpec.Mount(destination: "/x", source: "/y")] },
        Case("mounts[0].source") { $0.mounts = [RuntimeSpec.Mount(destination: "/x", options: ["bind"])] },
        Case("mounts[0].options") {
            $0.mounts = [RuntimeSpec.Mount(destination: "/x", source: "/y", options: ["bind", "idmap"])]
        },
        Case("mounts[0].options") {
            $0.mounts = [RuntimeSpec.Mount(destination: "/x", type: "proc", options: ["tmpcopyup"])]
        },
    ]

    @Test("are refused by the path of what is wrong", arguments: cases)
    func refused(_ one: Case) {
        let spec = configuration(one.change)
        #expect {
            _ = try plan(spec)
        } throws: { error in
            guard let error = error as? PlanError else { return false }
            switch error {
            case .invalid(let path, _), .unsupported(let path, _): return path == one.path
            }
        }
    }

    @Test func noNameOfAContainerLeavesItsFolder() {
        for name in ["", ".", "..", "a/b", "../x", "a b", "é", "a\0", String(repeating: "x", count: 1025)] {
            #expect(!SandboxPlan.isValid(id: name), "\(name)")
        }
        for name in ["a", "A-b_c.d+e", "..a", String(repeating: "x", count: 1024)] {
            #expect(SandboxPlan.isValid(id: name), "\(name)")
        }
    }
}
