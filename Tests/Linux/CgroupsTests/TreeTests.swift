internal import Cgroups
internal import TestSupport
internal import Testing

@Suite("the tree of a machine")
struct TreeTests {
    private func tree(_ lines: String) -> CgroupTree { CgroupTree(mountinfo: Array(lines.utf8)) }

    @Test func `is read where every controller has a mount, beside a unified one`() {
        let tree = tree(
            """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory
            40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
            """)
        #expect(tree.layout == .hybrid)
        #expect(tree.mounts.count == 4)
        #expect(tree.mount(of: .memory)?.directory == "/sys/fs/cgroup/memory")
        #expect(tree.mount(of: .hugetlb)?.directory == "/sys/fs/cgroup/unified")
        #expect(tree.mounts.contains { $0.name == "systemd" && $0.controllers.isEmpty })
    }

    @Test func `is read where controllers share a mount`() {
        let tree = tree(
            """
            33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
            34 31 0:31 / /sys/fs/cgroup/net_cls,net_prio rw - cgroup cgroup rw,net_cls,net_prio
            """)
        #expect(tree.layout == .legacy)
        #expect(tree.mount(of: .cpu) == tree.mount(of: .cpuacct))
        #expect(tree.mount(of: .networkPriority)?.directory == "/sys/fs/cgroup/net_cls,net_prio")
        #expect(tree.mount(of: .memory) == nil)
    }

    @Test func `is read where everything is unified`() {
        let tree = tree("30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n")
        #expect(tree.layout == .unified)
        #expect(tree.mount(of: .memory)?.hierarchy == .v2)
    }

    @Test func `prefers the usual place to a container's copy, and undoes escapes`() {
        let tree = tree(
            """
            90 31 0:29 /c /var/lib/c/rootfs/sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
            32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
            33 31 0:30 / /mnt/a\\040b\\134c rw - cgroup cgroup rw,memory
            34 31 0:30 / /mnt/second rw - cgroup cgroup rw,memory
            """)
        #expect(tree.mount(of: .cpu)?.directory == "/sys/fs/cgroup/cpu")
        #expect(tree.mount(of: .memory)?.directory == "/mnt/a b\\c")
        #expect(tree.mounts.count == 2)
    }

    @Test("survives any bytes", arguments: UInt64(0)..<200)
    func garbage(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let words = [" - cgroup", " ", "\n", "cgroup2", "rw,cpu", "/", "\\04", "name=", " - ", "0:1", ","]
        let text = (0..<60).map { _ in words.randomElement(using: &generator) ?? "" }.joined()
        for mount in tree(text).mounts {
            #expect(mount.hierarchy == .v2 || !mount.controllers.isEmpty || mount.name != nil)
        }
    }

    @Test func `is found on this machine`() throws {
        #expect(throws: Never.self) { try CgroupTree.detect() }
    }
}

@Suite("the path of a group")
struct PathTests {
    @Test(
        "is absolute whatever it was written as",
        arguments: [("pouch/a", "/pouch/a"), ("/pouch/a", "/pouch/a"), ("//pouch///a/", "/pouch/a"), ("..a", "/..a")])
    func normal(written: String, expected: String) throws {
        #expect(try CgroupPath(parsing: written).description == expected)
    }

    @Test(
        "is refused where it leads out, is the root, or names a file of the kernel's",
        arguments: [
            "", "/", "///", "..", "/a/../b", "a/..", "./a", "a/.", "a/cgroup.procs", "a\nb", "a\0b",
            String(repeating: "x", count: 256),
        ])
    func refused(written: String) {
        #expect(throws: CgroupError.self) { try CgroupPath(parsing: written) }
    }

    @Test func `has parents up to the root`() throws {
        let path = try CgroupPath(parsing: "/a/b")
        #expect(path.parent?.description == "/a")
        #expect(path.parent?.parent == nil)
        #expect(try path.appending("c/d").description == "/a/b/c/d")
        #expect(throws: CgroupError.self) { try path.appending("../c") }
    }
}
