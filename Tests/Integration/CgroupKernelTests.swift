internal import CLinux
internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import TestSupport
internal import Testing

/// Which part of the machine's control groups a test works on.
private enum Part: String, CaseIterable {
    /// Every mount, as a container gets it.
    case whole
    /// The v2 mount alone, which has no controllers in a hybrid tree, but freezing, killing and device programs.
    case unified
    /// The v1 mounts alone: what there is where nobody mounts v2.
    case legacy

    /// `nil` where the machine has no such part.
    var tree: CgroupTree? {
        guard let tree = try? CgroupTree.detect(), !tree.mounts.isEmpty else { return nil }
        switch self {
        case .whole: return tree
        case .unified: return tree.unified.map { CgroupTree(mounts: [$0]) }
        case .legacy:
            return tree.layout == .unified ? nil : CgroupTree(mounts: tree.mounts.filter { $0.hierarchy == .v1 })
        }
    }
}

/// The processes that a test put into a group.
///
/// All of them are buried in the end: a zombie that nobody waits for blocks the exit tests of the whole run.
private final class Members {
    private let group: Cgroup
    private var all: [RunningCommand] = []

    init(_ group: Cgroup) {
        self.group = group
    }

    /// A process in the group that becomes `words` when it is told to.
    func add(_ words: String, to other: Cgroup? = nil) throws -> RunningCommand {
        let command = try RunningCommand(["/bin/sh", "-c", "read line; exec " + words], hasInput: true)
        all.append(command)
        try (other ?? group).add(command.pid)
        return command
    }

    /// Becomes `words` at once, and ends by itself.
    func run(_ words: String) throws -> CommandResult {
        let command = try add(words)
        all.removeLast()
        return command.finish(input: "\n", timeout: .seconds(20))
    }

    /// Kills the group and waits for its processes; gives how each ended.
    @discardableResult
    func end() -> [Int32] {
        try? group.kill()
        for command in all { command.signal(SIGKILL) }
        try? group.thaw()
        defer { all = [] }
        return all.map { $0.finish(timeout: .seconds(20)).status }
    }
}

/// Groups of the running kernel's, `/pouch-test-…`.
@Suite("control groups in the kernel", .needs(.root))
struct CgroupKernelTests {
    private static let parts = Part.allCases.filter { $0.tree != nil }

    /// A new group, gone after `body` whatever it did, with every process that got in.
    private func withGroup(
        _ part: Part, _ limits: ResourceLimits = ResourceLimits(), _ body: (Cgroup, Members) async throws -> Void
    ) async throws {
        let tree = try #require(part.tree)
        let path = try CgroupPath(parsing: "pouch-test-\(UInt64.random(in: 0 ... .max))")
        let group = try Cgroup.create(at: path, in: tree, for: limits)
        let members = Members(group)
        do {
            try group.apply(limits)
            try await body(group, members)
        } catch {
            members.end()
            try? group.remove()
            throw error
        }
        members.end()
        try group.remove()
    }

    /// Asks for 10 seconds.
    private func eventually(_ question: () throws -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if try question() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    private func text(_ file: String, of controller: ControllerName, _ group: Cgroup) throws -> String {
        let directory = try #require(group.directory(of: controller))
        let bytes = try WholeFile.read(directory + "/" + file)
        return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
    }

    @Test("are made on every mount and removed from every mount", arguments: parts)
    private func lifetime(part: Part) async throws {
        let tree = try #require(part.tree)
        let path = try CgroupPath(parsing: "pouch-test-life-\(UInt64.random(in: 0 ... .max))")
        let group = try Cgroup.create(at: path, in: tree)
        for mount in tree.mounts { #expect(access(group.directory(on: mount), F_OK) == 0) }
        let inside = try group.descendant("a/b")
        _ = try Cgroup.create(at: inside.path, in: tree)
        #expect(try Cgroup.create(at: path, in: tree) == group)  // empty: taken over
        let members = Members(group)
        let process = try members.add("sleep 100", to: inside)
        #expect(throws: CgroupError.self) { try Cgroup.create(at: inside.path, in: tree) }
        #expect(throws: CgroupError.self) { try group.remove(patience: 5) }
        #expect(try group.processes() == [process.pid])
        #expect(try group.processes(recursive: false).isEmpty)
        #expect(members.end() == [128 + SIGKILL])
        try group.remove()
        #expect(!group.exists)
        try group.remove()  // a group that is gone is removed
    }

    @Test("take a process in that moves itself", arguments: parts)
    private func entrance(part: Part) async throws {
        try await withGroup(part) { group, members in
            let entrance = try group.entrance()
            let child = Int32(clinux_raw_call(Int(SYS_fork), 0, 0, 0, 0, 0, 0))
            if child == 0 {
                // One thread, as in the runtime's child; nothing here allocates unless it fails.
                guard (try? entrance.enter(isBornInside: false)) != nil else { _exit(1) }
                while true { pause() }
            }
            defer {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
            }
            for mount in group.tree.mounts {
                let file = group.directory(on: mount) + "/cgroup.procs"
                let isInside = try await eventually { try WholeFile.read(file) == Array("\(child)\n".utf8) }
                #expect(isInside, "\(file)")
            }
        }
    }

    @Test("stop and go on", arguments: parts)
    private func freezer(part: Part) async throws {
        try await withGroup(part) { group, members in
            try members.add("sh -c 'while :; do :; done'").write("\n")
            #expect(try group.freezerState() == .thawed)
            try group.freeze()
            #expect(try group.freezerState() == .frozen)
            #expect(throws: CgroupError.self) { try Cgroup.create(at: group.path, in: group.tree) }
            try group.thaw()
            #expect(try group.freezerState() == .thawed)
            try group.freeze()
            try group.kill()  // reaches frozen processes
            #expect(members.end() == [128 + SIGKILL])
        }
    }

    @Test("die together, with all they made", arguments: parts)
    private func killing(part: Part) async throws {
        try await withGroup(part) { group, members in
            try members.add("sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; wait'").write("\n")
            #expect(try await eventually { try group.processes().count == 10 })
            try group.kill(SIGCONT)
            #expect(try group.processes().count == 10)
            try group.kill()
            #expect(members.end() == [128 + SIGKILL])
            try group.remove()
            #expect(!group.exists)
        }
    }

    @Test("keep devices from their processes", arguments: parts)
    private func devices(part: Part) async throws {
        var limits = ResourceLimits()
        let null = DeviceRule(allows: true, kind: .character, major: 1, minor: 3)
        limits.devices.rules = [DeviceRule(allows: false), null]
        try await withGroup(part, limits) { group, members in
            let result = try members.run("head -c 1 /dev/zero")
            #expect(result.status != 0)
            #expect(result.errors.contains("Operation not permitted"))
            #expect(try members.run("head -c 1 /dev/null").status == 0)
            // New rules take the place of the old ones.
            limits.devices.rules.append(DeviceRule(allows: true, kind: .character, major: 1, minor: 5))
            try group.apply(limits)
            #expect(try members.run("head -c 1 /dev/zero").status == 0)
        }
    }

    @Test func `have limits that can be raised and lowered`() async throws {
        var limits = ResourceLimits()
        limits.memory.limit = .at(64 << 20)
        limits.memory.swap = .at(128 << 20)
        limits.pids.limit = .at(20)
        limits.cpu.shares = 512
        limits.cpu.period = 50_000
        limits.cpu.quota = .at(20_000)
        limits.cpuset.cpus = "0"
        try await withGroup(.whole, limits) { group, members in
            let isV1 = group.tree.mount(of: .memory)?.hierarchy == .v1
            let memoryFile = isV1 ? "memory.limit_in_bytes" : "memory.max"
            #expect(try text(memoryFile, of: .memory, group) == "\(64 << 20)")
            #expect(try text("pids.max", of: .pids, group) == "20")
            #expect(try text("cpuset.cpus", of: .cpuset, group) == "0")
            for megabytes: UInt64 in [256, 512, 100, 32, 1024, 16] {
                limits.memory.limit = .at(megabytes << 20)
                limits.memory.swap = .at(2 * megabytes << 20)
                limits.cpu.period = 10_000 + megabytes * 100
                limits.cpu.quota = .at(5000 + megabytes * 50)
                limits.cpu.burst = megabytes * 10
                try group.apply(limits)
                #expect(try text(memoryFile, of: .memory, group) == "\(megabytes << 20)")
                let burst = isV1 ? "cpu.cfs_burst_us" : "cpu.max.burst"
                #expect(try text(burst, of: .cpu, group) == "\(megabytes * 10)")
            }
            limits = ResourceLimits()
            limits.memory.limit = .unlimited
            limits.pids.limit = .unlimited
            limits.cpu.quota = .unlimited
            try group.apply(limits)
            #expect(try text("pids.max", of: .pids, group) == "max")
            #expect(try group.statistics().memory.memory?.limit == .unlimited)
        }
    }

    @Test func `say which controller lacks what, and what to do`() async throws {
        try await withGroup(.whole) { group, members in
            var limits = ResourceLimits()
            limits.blockIO.leafWeight = 10
            let error = try #require(throws: CgroupError.self) { try group.apply(limits) }
            #expect(error.description.contains("leave"))
            limits = ResourceLimits()
            limits.cpuset.cpus = "9999"
            let refusal = try #require(throws: CgroupError.self) { try group.apply(limits) }
            #expect(refusal.description.contains("cpuset.cpus"))
            limits = ResourceLimits()
            limits.memory.limit = .at(1)
            limits.memory.checksBeforeUpdate = true
            try members.add("sleep 100").write("\n")
            #expect(try await eventually { try group.statistics().memory.memory?.usage ?? 0 > 4096 })
            #expect(throws: CgroupError.self) { try group.apply(limits) }
        }
    }

    /// The first block device of this machine that has requests to limit.
    private func blockDevice() throws -> (major: UInt32, minor: UInt32) {
        let names = try Files.list("/sys/block").filter { !$0.hasPrefix("ram") && !$0.hasPrefix("zram") }.sorted()
        let name = try #require(names.first { !$0.hasPrefix("loop") } ?? names.first)
        let numbers = String(decoding: try WholeFile.read("/sys/block/\(name)/dev"), as: UTF8.self)
            .split(whereSeparator: { !$0.isNumber }).compactMap { UInt32($0) }
        return (numbers[0], numbers[1])
    }

    @Test func `slow reading and writing down, device by device`() async throws {
        let device = try blockDevice()
        func rate(_ value: UInt64) -> [BlockIO.PerDevice] {
            [BlockIO.PerDevice(major: device.major, minor: device.minor, value: value)]
        }
        var limits = ResourceLimits()
        limits.blockIO.readRate = rate(1 << 20)
        limits.blockIO.writeRate = rate(2 << 20)
        limits.blockIO.readOperations = rate(300)
        limits.blockIO.writeOperations = rate(400)
        try await withGroup(.whole, limits) { group, _ in
            let name = "\(device.major):\(device.minor)"
            guard group.tree.mount(of: .blkio)?.hierarchy == .v1 else {
                #expect(try text("io.max", of: .io, group) == "\(name) rbps=1048576 wbps=2097152 riops=300 wiops=400")
                limits.blockIO.readRate = rate(0)
                try group.apply(limits)
                #expect(try text("io.max", of: .io, group) == "\(name) rbps=max wbps=2097152 riops=300 wiops=400")
                return
            }
            for (file, value) in [
                ("read_bps", "1048576"), ("write_bps", "2097152"), ("read_iops", "300"), ("write_iops", "400"),
            ] {
                #expect(try text("blkio.throttle.\(file)_device", of: .blkio, group) == "\(name) \(value)")
            }
            limits.blockIO.readRate = rate(0)
            try group.apply(limits)
            #expect(try text("blkio.throttle.read_bps_device", of: .blkio, group).isEmpty)
        }
    }

    @Test func `weigh reading and writing against others`() async throws {
        var limits = ResourceLimits()
        limits.blockIO.weight = 500
        try await withGroup(.whole) { group, _ in
            let isV1 = group.tree.mount(of: .blkio)?.hierarchy == .v1
            let controller = isV1 ? ControllerName.blkio : .io
            let names = isV1 ? ["blkio.bfq.weight", "blkio.weight"] : ["io.bfq.weight", "io.weight"]
            let directory = try #require(group.directory(of: controller))
            guard let file = names.first(where: { access("\(directory)/\($0)", F_OK) == 0 }) else {
                let error = try #require(throws: CgroupError.self) { try group.apply(limits) }
                #expect(error.description.contains("bfq"))
                return
            }
            try group.apply(limits)
            // io.weight goes from 1 to 10000 where BFQ's goes from 10 to 1000.
            let expected = file == "io.weight" ? "default 4950" : isV1 ? "500" : "default 500"
            #expect(try text(file, of: controller, group) == expected)
        }
    }

    @Test(.needs(.cgroupV2)) func `have files of the unified hierarchy by name`() async throws {
        var limits = ResourceLimits()
        limits.cpu.isIdle = true
        limits.unified.entries = [
            .init(file: "memory.high", value: "33554432"), .init(file: "memory.oom.group", value: "1"),
        ]
        try await withGroup(.whole, limits) { group, members in
            #expect(try text("cpu.idle", of: .cpu, group) == "1")
            #expect(try text("memory.high", of: .memory, group) == "33554432")
            #expect(try text("memory.oom.group", of: .memory, group) == "1")
            limits.unified.entries = [.init(file: "memory.nosuch", value: "1")]
            #expect(throws: CgroupError.self) { try group.apply(limits) }
            // One process over the limit takes the others with it.
            limits = ResourceLimits()
            limits.memory.limit = .at(16 << 20)
            limits.memory.swap = .at(16 << 20)
            limits.unified.entries = [.init(file: "memory.high", value: "max")]
            try group.apply(limits)
            try members.add("sleep 100").write("\n")
            try members.add("tail /dev/zero").write("\n")
            #expect(try await eventually { try group.processes().isEmpty })
            #expect(members.end() == [128 + SIGKILL, 128 + SIGKILL])
        }
    }

    @Test func `tell of processes killed for memory`() async throws {
        var limits = ResourceLimits()
        limits.memory.limit = .at(16 << 20)
        limits.memory.swap = .at(16 << 20)
        try await withGroup(.whole, limits) { group, members in
            var watch = try OOMWatch(group)
            #expect(try watch.drain() == .nothing)
            try members.add("tail /dev/zero").write("\n")
            var event = OOMWatch.Event.nothing
            // v2 also wakes for limits that were merely reached.
            for _ in 0..<1000 where event == .nothing {
                var waiting = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
                #expect(poll(&waiting, 1, 20_000) == 1)
                event = try watch.drain()
            }
            #expect(event == .killed(1))
            #expect(members.end() == [128 + SIGKILL])
            #expect(try group.outOfMemoryKills() == 1)
            #expect(try watch.drain() == .nothing)
            try group.remove()
            #expect(try watch.drain() == .groupRemoved)
        }
    }

    @Test func `count what was used`() async throws {
        var limits = ResourceLimits()
        limits.pids.limit = .at(9)
        limits.cpu.period = 10_000
        limits.cpu.quota = .at(1000)
        try await withGroup(.whole, limits) { group, members in
            try members.add("sh -c 'while :; do :; done'").write("\n")
            let isBusy = try await eventually {
                let figures = try group.statistics()
                return figures.cpu.throttledPeriods > 0 && figures.memory.memory?.usage ?? 0 > 0
            }
            #expect(isBusy)
            let figures = try group.statistics()
            #expect(figures.cpu.total > 0)
            #expect(figures.cpu.throttledPeriods > 0)
            #expect(figures.pids?.current == 1)
            #expect(figures.pids?.limit == .at(9))
            #expect(figures.memory.memory?.usage ?? 0 > 0)
            #expect(!figures.memory.details.entries.isEmpty)
        }
    }
}
