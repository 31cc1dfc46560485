@testable internal import Cgroups
internal import Glibc
internal import LinuxKernel
internal import TestSupport
internal import Testing

/// Groups made of plain files, as either generation writes them.
@Suite("figures of a group")
struct StatisticsTests {
    private func withFiles<Result>(
        _ files: [String: String], on hierarchy: Hierarchy, _ body: (Cgroup) throws -> Result
    ) throws -> Result {
        try withScratchDirectorySync { root in
            var mounts: [CgroupTree.Mount] = [.init(directory: root, hierarchy: .v2)]
            if hierarchy == .v1 {
                mounts = [
                    .init(
                        directory: root, hierarchy: .v1,
                        controllers: [.memory, .cpu, .cpuacct, .pids, .blkio, .freezer])
                ]
            }
            mkdir(root + "/g", 0o755)
            for (name, text) in files { try WholeFile.replace(root + "/g/" + name, with: Array(text.utf8)) }
            return try body(Cgroup(at: try CgroupPath(parsing: "g"), in: CgroupTree(mounts: mounts)))
        }
    }

    @Test func `are read from v1`() throws {
        let files = [
            "memory.usage_in_bytes": "4096\n", "memory.max_usage_in_bytes": "8192\n", "memory.failcnt": "3\n",
            "memory.limit_in_bytes": "1048576\n", "memory.memsw.usage_in_bytes": "4097\n",
            "memory.memsw.limit_in_bytes": "9223372036854771712\n", "memory.stat": "cache 1\nrss 2\ntotal_cache 5\n",
            "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            "cpu.stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 777\nnr_bursts 1\nburst_time 9\n",
            "cpuacct.usage": "1000\n", "cpuacct.usage_user": "600\n", "cpuacct.usage_sys": "400\n",
            "cpuacct.usage_percpu": "700 300 \n", "cpuacct.usage_all": "cpu user system\n0 500 200\n1 100 200\n",
            "pids.current": "2\n", "pids.max": "max\n",
            "blkio.bfq.io_service_bytes_recursive": "8:0 Read 0\n8:0 Write 10\nTotal 10\n",
            "blkio.throttle.io_serviced_recursive": "254:0 Read 1\n254:0 Total 1\nTotal 1\n",
        ]
        let figures = try withFiles(files, on: .v1) { try $0.statistics() }
        #expect(figures.memory.memory == .init(usage: 4096, peak: 8192, limit: .at(1 << 20), failures: 3))
        #expect(figures.memory.swap?.limit == .unlimited)
        #expect(figures.memory.cache == 5)
        #expect(figures.memory.processesKilled == 2)
        #expect(figures.memory.details["rss"] == 2)
        #expect((figures.cpu.total, figures.cpu.user, figures.cpu.system) == (1000, 600, 400))
        #expect(figures.cpu.perProcessor == [700, 300])
        #expect(figures.cpu.perProcessorSystem == [200, 200])
        #expect((figures.cpu.throttledPeriods, figures.cpu.throttled, figures.cpu.burst) == (4, 777, 9))
        #expect(figures.pids == .init(current: 2, limit: .unlimited))
        #expect(figures.blockIO.serviceBytes.map(\.value) == [0, 10])
        #expect(figures.blockIO.serviced.first == .init(major: 254, minor: 0, operation: "Read", value: 1))
    }

    @Test func `are read from v2`() throws {
        let files = [
            "memory.current": "4096\n", "memory.max": "max\n", "memory.peak": "5000\n", "memory.swap.current": "7\n",
            "memory.swap.max": "100\n", "memory.stat": "anon 1\nfile 33\n",
            "memory.events": "low 0\nhigh 0\nmax 6\noom 1\noom_kill 1\n",
            "cpu.stat": "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 1\nnr_throttled 1\nthrottled_usec 8\n",
            "pids.current": "1\n", "pids.max": "9\n",
            "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n253:0 \n",
        ]
        let figures = try withFiles(files, on: .v2) { try $0.statistics() }
        #expect(figures.memory.memory == .init(usage: 4096, peak: 5000, limit: .unlimited, failures: 6))
        #expect(figures.memory.swap?.limit == .at(100))
        #expect(figures.memory.cache == 33)
        #expect((figures.cpu.total, figures.cpu.user, figures.cpu.throttled) == (5000, 3000, 8000))
        #expect(figures.pids == .init(current: 1, limit: .at(9)))
        #expect(figures.blockIO.serviceBytes.map(\.value) == [1, 2, 0])
        #expect(figures.blockIO.serviced.map(\.operation) == ["Read", "Write", "Discard"])
    }

    @Test func `are empty where there are no files`() throws {
        for hierarchy in [Hierarchy.v1, .v2] {
            let figures = try withFiles([:], on: hierarchy) { try $0.statistics() }
            #expect(figures.memory.memory == nil)
            #expect(figures.pids == nil)
        }
    }

    @Test func `settings reach their files, and missing files are named with a way out`() throws {
        let files = ["memory.max": "max", "cpu.max": "50000 100000", "io.weight": "100", "pids.max": "max"]
        try withFiles(files, on: .v2) { group in
            var limits = ResourceLimits()
            limits.memory.limit = .at(8192)
            limits.cpu.period = 20_000
            limits.blockIO.weight = 10
            try group.apply(limits)
            let read = { (name: String) in
                String(decoding: try WholeFile.read(group.directory(on: group.tree.mounts[0]) + name), as: UTF8.self)
            }
            #expect(try read("/memory.max").hasPrefix("8192"))
            #expect(try read("/cpu.max").hasPrefix("50000 20000"))
            #expect(try read("/io.weight").hasPrefix("1"))
            limits = ResourceLimits()
            limits.memory.limit = .unlimited
            try group.apply(limits)
            limits.memory.swap = .at(0)
            limits.cpu.burst = 5
            let error = try #require(throws: CgroupError.self) { try group.apply(limits) }
            #expect(
                error.description
                    == "cgroup controller cpu: cpu.max.burst is not available here; leave the burst out, or use Linux 5.14 or newer"
            )
        }
        try withFiles([:], on: .v1) { group in
            var limits = ResourceLimits()
            limits.hugePages.limits = [.init(pageSize: "2MB", limit: .at(0))]
            let error = try #require(throws: CgroupError.self) { try group.apply(limits) }
            #expect(error.description.contains("hugetlb"))
            #expect(error.description.contains("mount the controller"))
        }
    }
}
