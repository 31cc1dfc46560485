internal import Cgroups
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import TestSupport
internal import Testing

@testable internal import ContainerRuntime

@Suite("State")
struct StateTests {
    private func state(_ id: String) -> ContainerState {
        ContainerState(
            id: id, ociVersion: "1.2.0", bundle: "/b", rootfs: "/b/rootfs", pid: 7, startTime: 99,
            created: 1_700_000_000_123_456_789, owner: 0, annotations: ["a": "b"], cgroupPath: "/pouch/x",
            namespaces: [.pid, .mount])
    }

    @Test func isTheSameAfterAFile() throws {
        try withScratchDirectorySync { folder in
            let store = StateStore(root: folder)
            _ = try store.reserve("one", config: [])
            var state = state("one")
            state.sharesCgroup = true
            state.externalDescriptors = ["/dev/null", "pipe:[7]", "a \"quoted\" one"]
            try store.save(state)
            #expect(try store.load("one") == state)
            store.shareState(of: "one")
            let shared = try JSONValue(parsing: try WholeFile.read("\(folder)/one/status"))
            #expect(shared["external_descriptors"]?.stringValue?.hasPrefix(#"["/dev/null""#) == true)
            #expect(store.all() == ["one"])
            store.remove("one")
            #expect(store.all().isEmpty && !store.isReserved("one"))
        }
    }

    @Test func aNameIsTakenOnce() throws {
        try withScratchDirectorySync { folder in
            let store = StateStore(root: "\(folder)/deeper/still")
            _ = try store.reserve("one", config: [])
            #expect(throws: RuntimeError.exists(id: "one")) { _ = try store.reserve("one", config: []) }
            #expect(throws: RuntimeError.notFound(id: "one")) { try store.load("one") }
            #expect(store.all().isEmpty)
        }
    }

    @Test func namesThatLeaveTheRootAreNobody() {
        let store = StateStore(root: "/tmp")
        #expect(throws: RuntimeError.notFound(id: "../etc")) { try store.load("../etc") }
    }

    @Test func aPidOfSomebodyElseIsNotTheContainer() throws {
        var other = state("one")
        other.pid = Processes.ownPID
        #expect(!Launcher().isAlive(other))
        other.startTime = try #require(Processes.startTime(of: Processes.ownPID))
        #expect(Launcher().isAlive(other))
    }

    @Test func momentsAreWrittenInUTC() {
        #expect(Timestamp(nanoseconds: 1_700_000_000_000_000_042).text == "2023-11-14T22:13:20.000000042Z")
    }

    @Test func reportsCrossTheSocketUnchanged() {
        let failure = Report.Failure(
            RuntimeError.step("mount proc on /proc", SyscallError("fsopen", errno: 1, subject: "proc")))
        #expect(Report(Report.failed(failure).bytes) == .failed(failure))
        #expect(Report(Report.note("init: mount").bytes) == .note("init: mount"))
        #expect(
            failure.error == .step("mount proc on /proc", SyscallError("fsopen", errno: 1, subject: "proc")))
        let hook = RuntimeError.hook(kind: "createContainer", path: "/x", why: "ended with code 1")
        #expect(Report.Failure(hook).error == hook)
        for report in [Report.proceed, .hooks, .terminal, .listener, .ready] { #expect(Report(report.bytes) == report) }
        #expect(Report([]) == nil && Report([69, 0, 0]) == nil && Report([255]) == nil)
    }

    @Test func exitCodesAreAShells() {
        let missing = RuntimeError.program("x", SyscallError("execve", errno: 2))
        #expect(missing.exitCode == 127 && missing.description == "exec: \"x\": executable file not found in $PATH")
        let denied = RuntimeError.program("/x", SyscallError("execve", errno: 13))
        #expect(denied.exitCode == 126 && denied.description == "exec: \"/x\": permission denied")
        #expect(RuntimeError.notFound(id: "x").exitCode == 125)
    }
}

@Suite("Resources")
struct ResourceMappingTests {
    private func rules(_ asked: [RuntimeSpec.Resources.DeviceCgroup]) throws(PlanError) -> [DeviceRule] {
        try ResourceLimits(RuntimeSpec.Resources(devices: asked), forDevices: true).devices.rules
    }

    @Test func everyContainerMayUseTheHarmlessDevices() throws {
        let rules = try rules([])
        #expect(rules.contains(DeviceRule(allows: true, kind: .character, major: 1, minor: 3)))
        #expect(!rules.contains { $0.kind == .all })
    }

    @Test func allowingEverythingNeedsNoMore() throws {
        #expect(try rules([.init(allow: true)]) == [DeviceRule(allows: true)])
    }

    @Test func negativeNumbersStandForAny() throws {
        let first = try #require(try rules([.init(allow: true, type: "c", major: 10, minor: -1, access: "rw")]).first)
        #expect(first == DeviceRule(allows: true, kind: .character, major: 10, access: [.read, .write]))
    }

    @Test func refusesWhatMeansNothing() {
        #expect(
            throws: PlanError.invalid(path: "linux.resources.devices[0].access", why: "x is none of r, w and m")
        ) { _ = try rules([.init(allow: true, access: "rx")]) }
        #expect(throws: PlanError.self) { _ = try rules([.init(allow: true, type: "q")]) }
        // Taken for "any", this would open every device of the machine.
        #expect(throws: PlanError.self) { _ = try rules([.init(allow: true, type: "c", major: 1 << 40)]) }
    }

    @Test func anUpdateLeavesDevicesAlone() throws {
        var pids = RuntimeSpec.Resources.Pids()
        pids.limit = -1
        let limits = try ResourceLimits(RuntimeSpec.Resources(pids: pids), forDevices: false)
        #expect(limits.devices.rules.isEmpty && limits.pids.limit == .unlimited)
    }
}
