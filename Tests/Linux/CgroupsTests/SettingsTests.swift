@testable internal import Cgroups
internal import Testing

/// What each controller writes, on either generation.
@Suite("settings")
struct SettingsTests {
    private func lines(_ controller: some Controller, _ hierarchy: Hierarchy) throws -> [String] {
        try controller.settings(on: hierarchy).map { "\($0.file)=\($0.keepsFirstWord ? "* " : "")\($0.value)" }
    }

    @Test func `of memory`() throws {
        var memory = Memory()
        memory.limit = .at(1 << 20)
        memory.swap = .at(3 << 20)
        memory.reservation = .at(1 << 19)
        #expect(
            try lines(memory, .v1) == [
                "memory.limit_in_bytes=1048576", "memory.memsw.limit_in_bytes=3145728",
                "memory.soft_limit_in_bytes=524288",
            ])
        #expect(
            try lines(memory, .v2) == ["memory.swap.max=2097152", "memory.max=1048576", "memory.low=524288"])
        memory.swap = .unlimited
        #expect(try lines(memory, .v2).first == "memory.swap.max=max")
        #expect(try lines(memory, .v1)[1] == "memory.memsw.limit_in_bytes=-1")
        memory.swap = memory.limit
        #expect(try lines(memory, .v2).first == "memory.swap.max=0")
        memory.limit = .unlimited
        memory.swap = nil
        memory.reservation = .at(0)
        #expect(try lines(memory, .v1) == ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"])
        #expect(try lines(memory, .v2) == ["memory.swap.max=max", "memory.max=max"])
    }

    @Test func `of memory that one generation lacks`() throws {
        var memory = Memory()
        memory.swappiness = 60
        memory.disablesOOMKiller = true
        #expect(try lines(memory, .v1) == ["memory.oom_control=1", "memory.swappiness=60"])
        #expect(throws: CgroupError.self) { try memory.settings(on: .v2) }
        memory = Memory()
        memory.disablesOOMKiller = false
        #expect(try lines(memory, .v2).isEmpty)
        memory.killsAsGroup = true
        memory.high = .at(4096)
        #expect(try lines(memory, .v2) == ["memory.high=4096", "memory.oom.group=1"])
        #expect(throws: CgroupError.self) { try memory.settings(on: .v1) }
        memory = Memory()
        memory.kernel = .at(4096)
        #expect(try lines(memory, .v1).isEmpty)
        #expect(memory.ignored(on: .v1).count == 1)
    }

    @Test func `of memory that no kernel takes`() {
        var memory = Memory()
        memory.swap = .at(4096)
        #expect(throws: CgroupError.self) { try memory.settings(on: .v2) }
        memory.limit = .at(8192)
        #expect(throws: CgroupError.self) { try memory.settings(on: .v2) }
        #expect(throws: CgroupError.self) { try memory.settings(on: .v1) }
        memory = Memory()
        memory.swappiness = 101
        #expect(throws: CgroupError.self) { try memory.settings(on: .v1) }
    }

    @Test func `of processors' time`() throws {
        var cpu = CPU()
        cpu.shares = 1024
        cpu.quota = .at(50_000)
        cpu.period = 100_000
        cpu.burst = 10_000
        #expect(
            try lines(cpu, .v1) == [
                "cpu.shares=1024", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=10000",
            ])
        #expect(try lines(cpu, .v2) == ["cpu.weight=39", "cpu.max=50000 100000", "cpu.max.burst=10000"])
        cpu = CPU()
        cpu.period = 20_000
        #expect(try lines(cpu, .v2) == ["cpu.max=* 20000"])
        cpu = CPU()
        cpu.quota = .unlimited
        #expect(try lines(cpu, .v2) == ["cpu.max=max"])
        #expect(try lines(cpu, .v1) == ["cpu.cfs_quota_us=-1"])
        cpu = CPU()
        cpu.shares = 2048
        cpu.isIdle = true
        #expect(try lines(cpu, .v2) == ["cpu.weight=79", "cpu.idle=1"])
        cpu.isIdle = false
        #expect(try lines(cpu, .v1) == ["cpu.idle=0", "cpu.shares=2048"])
        cpu = CPU()
        cpu.realtimePeriod = 1_000_000
        cpu.realtimeRuntime = 5000
        #expect(try lines(cpu, .v1) == ["cpu.rt_period_us=1000000", "cpu.rt_runtime_us=5000"])
        #expect(throws: CgroupError.self) { try cpu.settings(on: .v2) }
    }

    @Test func `of shares keep the ends of the scale, and one of two middles`() {
        for conversion in [CPU.SharesConversion.linear, .throughDefault] {
            #expect(CPU.weight(ofShares: 0, conversion) == 1)
            #expect(CPU.weight(ofShares: 2, conversion) == 1)
            #expect(CPU.weight(ofShares: 262_144, conversion) == 10_000)
            #expect(CPU.weight(ofShares: .max, conversion) == 10_000)
            var last: UInt64 = 0
            for shares in stride(from: UInt64(2), through: 262_144, by: 37) {
                let weight = CPU.weight(ofShares: shares, conversion)
                #expect(weight >= last)
                last = weight
            }
        }
        #expect(CPU.weight(ofShares: 1024, .linear) == 39)
        #expect(CPU.weight(ofShares: 1024, .throughDefault) == 100)
        #expect(CPU.weight(ofShares: 512, .throughDefault) == 59)
        #expect(CPU.weight(ofShares: 4096, .throughDefault) == 303)
    }

    @Test func `of processors`() throws {
        var cpuset = CPUSet()
        cpuset.cpus = "0-3,8"
        cpuset.memoryNodes = "0"
        #expect(try lines(cpuset, .v1) == ["cpuset.cpus=0-3,8", "cpuset.mems=0"])
        #expect(try lines(cpuset, .v2) == ["cpuset.cpus=0-3,8", "cpuset.mems=0"])
        cpuset.cpus = "0; reboot"
        #expect(throws: CgroupError.self) { try cpuset.settings(on: .v1) }
    }

    @Test func `of tasks`() throws {
        for hierarchy in [Hierarchy.v1, .v2] {
            #expect(try lines(Pids(limit: .at(7)), hierarchy) == ["pids.max=7"])
            #expect(try lines(Pids(limit: Limit(-1)), hierarchy) == ["pids.max=max"])
            #expect(try lines(Pids(limit: Limit(0)), hierarchy).isEmpty)
        }
    }

    @Test func `of block devices`() throws {
        var blockIO = BlockIO()
        blockIO.weight = 500
        blockIO.weightPerDevice = [.init(major: 8, minor: 0, value: 100)]
        blockIO.readRate = [.init(major: 8, minor: 0, value: 1000)]
        blockIO.writeOperations = [.init(major: 8, minor: 16, value: 0)]
        #expect(
            try lines(blockIO, .v1) == [
                "blkio.bfq.weight=500", "blkio.bfq.weight_device=8:0 100", "blkio.throttle.read_bps_device=8:0 1000",
                "blkio.throttle.write_iops_device=8:16 0",
            ])
        #expect(
            try lines(blockIO, .v2) == [
                "io.bfq.weight=500", "io.bfq.weight=8:0 100", "io.max=8:0 rbps=1000", "io.max=8:16 wiops=max",
            ])
        #expect(try blockIO.settings(on: .v1)[0].otherwise.map(\.file) == ["blkio.weight"])
        #expect(try blockIO.settings(on: .v2)[0].otherwise.map(\.value) == ["4950"])
        blockIO = BlockIO()
        blockIO.leafWeight = 10
        #expect(try lines(blockIO, .v1) == ["blkio.leaf_weight=10"])
        #expect(throws: CgroupError.self) { try blockIO.settings(on: .v2) }
        blockIO = BlockIO()
        blockIO.weight = 5
        #expect(throws: CgroupError.self) { try blockIO.settings(on: .v1) }
    }

    @Test func `of huge pages, with those that are only reserved`() throws {
        var huge = HugePages()
        huge.limits = [.init(pageSize: "2MB", limit: .at(4 << 20)), .init(pageSize: "1GB", limit: .unlimited)]
        #expect(
            try lines(huge, .v2) == [
                "hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304", "hugetlb.1GB.max=max",
                "hugetlb.1GB.rsvd.max=max",
            ])
        #expect(try lines(huge, .v1)[1] == "hugetlb.2MB.rsvd.limit_in_bytes=4194304")
        huge.limits = [.init(pageSize: "2MB/../x", limit: .at(1))]
        #expect(throws: CgroupError.self) { try huge.settings(on: .v2) }
    }

    @Test func `of networks and RDMA`() throws {
        var network = Network()
        network.classID = 0x10_0001
        network.priorities = [.init(interface: "eth0", priority: 5)]
        #expect(try lines(network, .v1) == ["net_cls.classid=1048577", "net_prio.ifpriomap=eth0 5"])
        #expect(throws: CgroupError.self) { try network.settings(on: .v2) }
        #expect(try lines(Network(), .v2).isEmpty)
        var rdma = RDMA()
        rdma.limits = [.init(device: "mlx5_1", handles: 3, objects: 10_000), .init(device: "mlx4_0", objects: 1)]
        #expect(
            try lines(rdma, .v2) == ["rdma.max=mlx5_1 hca_handle=3 hca_object=10000", "rdma.max=mlx4_0 hca_object=1"])
    }

    @Test func `by the name of their file`() throws {
        var unified = Unified()
        unified.entries = [
            .init(file: "memory.high", value: "1000"), .init(file: "io.max", value: "8:0 rbps=1\n8:1 wbps=2"),
        ]
        #expect(try lines(unified, .v2) == ["memory.high=1000", "io.max=8:0 rbps=1", "io.max=8:1 wbps=2"])
        #expect(throws: CgroupError.self) { try unified.settings(on: .v1) }
        for file in ["../cgroup.procs", "memory", ".hidden", "a/b.c"] {
            unified.entries = [.init(file: file, value: "1")]
            #expect(throws: CgroupError.self) { try unified.settings(on: .v2) }
        }
    }

    @Test func `of everything come in one order`() throws {
        var limits = ResourceLimits()
        limits.pids.limit = .at(5)
        limits.memory.limit = .at(4096)
        limits.cpuset.cpus = "0"
        limits.unified.entries = []
        let tree = CgroupTree(mounts: [.init(directory: "/c", hierarchy: .v2)])
        #expect(
            try limits.settings(in: tree).map { $0.map(\.file) } == [["cpuset.cpus"], ["memory.max"], ["pids.max"]])
    }

    @Test func `of each controller follow the mount that has it`() throws {
        var limits = ResourceLimits()
        limits.memory.limit = .at(4096)
        limits.hugePages.limits = [.init(pageSize: "2MB", limit: .at(1 << 21))]
        let tree = CgroupTree(mounts: [
            .init(directory: "/c/memory", hierarchy: .v1, controllers: [.memory]),
            .init(directory: "/c/unified", hierarchy: .v2),
        ])
        #expect(
            try limits.settings(in: tree).flatMap { $0.map(\.file) } == [
                "memory.limit_in_bytes", "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max",
            ])
    }
}
