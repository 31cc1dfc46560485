@testable import Engine
import JSON
import RuntimeSpec
import TestSupport
import Testing

@Suite("The spec compiler")
struct SpecTests {
    private func input(_ change: (inout ContainerRecord, inout SpecInput) -> Void = { _, _ in }) -> SpecInput {
        var config = ContainerConfig()
        config.cmd = ["sh", "-c", "true"]
        var host = HostConfig()
        host.cgroupnsMode = "private"
        host.ipcMode = "private"
        var record = ContainerRecord(
            id: String(repeating: "ab", count: 32), name: "web", created: .never, imageID: "sha256:0", config: config,
            hostConfig: host)
        var input = SpecInput(record: record)
        input.hostname = "abababababab"
        input.rootfs = "/run/r/rootfs"
        input.cgroupPath = "/pouch/x"
        change(&record, &input)
        input.record = record
        return input
    }

    private func compile(_ change: (inout ContainerRecord, inout SpecInput) -> Void = { _, _ in }) throws -> RuntimeSpec
    {
        try SpecCompiler(input(change)).compile()
    }

    private func mount(_ spec: RuntimeSpec, _ destination: String) -> RuntimeSpec.Mount? {
        spec.mounts?.first { $0.destination == destination }
    }

    @Test("a plain container has docker's mounts, namespaces and masks")
    func plain() throws {
        let spec = try compile()
        #expect(
            spec.mounts?.map(\.destination) == [
                "/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm",
            ])
        #expect(spec.linux?.namespaces?.map(\.type) == [.mount, .network, .uts, .pid, .ipc, .cgroup])
        #expect(mount(spec, "/sys")?.options?.contains("ro") == true)
        #expect(mount(spec, "/dev/shm")?.options?.contains("size=67108864") == true)
        #expect(spec.linux?.maskedPaths?.contains("/proc/kcore") == true)
        #expect(spec.linux?.readonlyPaths?.contains("/proc/sys") == true)
        #expect(spec.process?.args == ["sh", "-c", "true"])
        #expect(spec.process?.cwd == "/")
        #expect(
            spec.process?.env == [Environment.path, "HOSTNAME=abababababab", "HOME=/"])
        #expect(spec.process?.capabilities?.bounding?.contains("CAP_SYS_ADMIN") == false)
        #expect(spec.process?.capabilities?.ambient == nil)
        #expect(spec.process?.capabilities?.inheritable == nil)
        #expect(spec.linux?.resources?.devices?.first?.allow == false)
        #expect(spec.root?.path == "/run/r/rootfs")
        #expect(spec.hostname == "abababababab")
    }

    @Test("the bytes are the same for the same input, and read back to the same spec")
    func stable() throws {
        let bytes = try compile().encoded()
        #expect(try compile().encoded() == bytes)
        #expect(try RuntimeSpec(parsing: bytes) == compile())
    }

    @Test("who is not root has no capabilities in effect")
    func user() throws {
        let spec = try compile { _, input in input.user = RuntimeSpec.User(uid: 1000, gid: 1000) }
        #expect(spec.process?.capabilities?.effective == nil)
        #expect(spec.process?.capabilities?.bounding?.isEmpty == false)
    }

    @Test("a privileged container is let near the host, knowingly")
    func privileged() throws {
        let spec = try compile { record, input in
            record.hostConfig.privileged = true
            input.seccomp = RuntimeSpec.Seccomp(defaultAction: .errno)
            input.devices = [
                .init(path: "/dev/sda", isBlock: true, major: 8, minor: 0, mode: 0o60660, uid: 0, gid: 6, access: "rwm")
            ]
        }
        #expect(spec.linux?.maskedPaths == nil)
        #expect(spec.linux?.seccomp == nil)
        #expect(mount(spec, "/sys")?.options?.contains("rw") == true)
        #expect(spec.linux?.resources?.devices == [.init(allow: true, access: "rwm")])
        #expect(spec.linux?.devices?.first?.path == "/dev/sda")
        #expect(spec.linux?.devices?.first?.fileMode == 0o660)
        #expect(spec.process?.capabilities?.effective?.count == CapabilityNames.all.count)
    }

    @Test("limits become resources, with docker's defaults")
    func limits() throws {
        let spec = try compile { record, input in
            record.hostConfig.memory = 100 << 20
            record.hostConfig.nanoCpus = 1_500_000_000
            record.hostConfig.pidsLimit = 50
            record.hostConfig.cpuShares = 512
            record.hostConfig.cpusetCpus = "0-1"
            var throttle = ThrottleDevice()
            throttle.path = "/dev/x"
            throttle.rate = 9
            record.hostConfig.blkioDeviceReadBps = [throttle]
            input.blockDevices = ["/dev/x": .init(major: 8, minor: 1)]
            record.hostConfig.ulimits = [Ulimit(name: "nofile", soft: 10, hard: -1)]
        }
        let resources = try #require(spec.linux?.resources)
        #expect(resources.memory?.limit == 100 << 20)
        #expect(resources.memory?.swap == 200 << 20)
        #expect(resources.cpu?.quota == 150_000)
        #expect(resources.cpu?.period == 100_000)
        #expect(resources.cpu?.shares == 512)
        #expect(resources.pids?.limit == 50)
        #expect(resources.blockIO?.throttleReadBpsDevice == [.init(major: 8, minor: 1, rate: 9)])
        #expect(spec.process?.rlimits == [.init(type: "RLIMIT_NOFILE", soft: 10, hard: .max)])
    }

    @Test("what the user mounts takes the place of a default")
    func mounts() throws {
        let spec = try compile { _, input in
            var shm = PlannedMount(kind: .tmpfs, destination: "/dev/shm")
            shm.options = ["size=1m", "exec"]
            var bind = PlannedMount(kind: .bind, destination: "/data")
            bind.readOnly = true
            input.mounts = [.init(plan: shm, source: ""), .init(plan: bind, source: "/srv")]
            input.networkFiles = .init(hostname: "/c/hostname", hosts: "/c/hosts", resolvConf: "/c/resolv.conf")
        }
        #expect(spec.mounts?.filter { $0.destination == "/dev/shm" }.count == 1)
        #expect(mount(spec, "/dev/shm")?.options == ["nosuid", "nodev", "size=1m", "exec"])
        #expect(mount(spec, "/data")?.options == ["rbind", "rprivate", "ro"])
        #expect(mount(spec, "/etc/hosts")?.source == "/c/hosts")
    }

    @Test("namespaces are shared by path or left to the host")
    func namespaces() throws {
        let spec = try compile { _, input in
            input.network = .path("/proc/9/ns/net")
            input.pid = .host
            input.ipc = .host
            input.uts = .host
        }
        #expect(
            spec.linux?.namespaces == [
                .init(type: .mount), .init(type: .network, path: "/proc/9/ns/net"), .init(type: .cgroup),
            ])
        #expect(spec.hostname == nil)
        #expect(mount(spec, "/dev/mqueue")?.type == "bind")
    }

    @Test("user namespaces bring their maps, and another's network brings the host's sysfs")
    func userNamespace() throws {
        let spec = try compile { _, input in
            input.userMap = [.init(container: 0, host: 100_000, size: 65536)]
            input.groupMap = input.userMap
            input.network = .host
        }
        #expect(spec.linux?.uidMappings == [.init(containerID: 0, hostID: 100_000, size: 65536)])
        #expect(spec.linux?.namespaces?.contains(.init(type: .user)) == true)
        #expect(mount(spec, "/sys")?.type == "bind")
    }

    @Test("an init of ours becomes the first process")
    func initProcess() throws {
        let spec = try compile { _, input in input.initExecutable = "/usr/libexec/pouch-runtime" }
        #expect(spec.process?.args == ["/sbin/docker-init", "init", "--", "sh", "-c", "true"])
        #expect(mount(spec, "/sbin/docker-init")?.source == "/usr/libexec/pouch-runtime")
    }

    @Test("variables replace each other where they stand, and a bare name takes one away")
    func environment() {
        #expect(Environment.merge(["A=1", "B=2"], with: ["A=3", "B", "C=4"]) == ["A=3", "C=4"])
    }
}

@Suite("Users of a root filesystem")
struct UserLookupTests {
    private let users = UserLookup(
        passwd: Array("root:x:0:0:root:/root:/bin/sh\n# no\nbroken\nana:x:1000:1001:Ana:/home/ana:/bin/sh\n".utf8),
        group: Array("root:x:0:\nwheel:x:10:root,ana\nana:x:1001:\naudio:x:29:ana\n".utf8))

    @Test(
        "users and groups are found by name and number",
        arguments: [
            ("", UInt32(0), UInt32(0), [UInt32(0), 10], "/root"), ("ana", 1000, 1001, [1001, 10, 29], "/home/ana"),
            ("1000", 1000, 1001, [1001, 10, 29], "/home/ana"), ("ana:audio", 1000, 29, [29], "/home/ana"),
            ("4242", 4242, 0, [0], "/"), ("4242:77", 4242, 77, [77], "/"),
        ])
    func found(text: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String) throws {
        let (user, place) = try users.resolve(text)
        #expect(user.uid == uid)
        #expect(user.gid == gid)
        #expect(user.additionalGids == groups)
        #expect(place == home)
    }

    @Test("who does not exist is an error that says where it was looked for")
    func missing() {
        #expect(throws: EngineError.invalid("unable to find user bob: no matching entries in passwd file")) {
            try users.resolve("bob")
        }
        #expect(throws: EngineError.self) { try users.resolve("ana:staff") }
        #expect(throws: EngineError.self) { try users.resolve("99999999999") }
    }

    @Test("reads files through layers, links and whiteouts without leaving them")
    func layers() throws {
        try withScratchDirectorySync { folder in
            let upper = folder + "/upper"
            let lower = folder + "/lower"
            for path in [upper + "/etc", lower + "/etc", lower + "/usr/share"] { try Folders.make(path) }
            try write("from lower", lower + "/usr/share/passwd")
            try link("/usr/share/passwd", lower + "/etc/passwd")
            try link("../../../../../../etc/hostname", upper + "/etc/escape")
            try write("new", upper + "/etc/group")
            try write("old", lower + "/etc/group")
            let root = LayeredRoot(layers: [upper, lower])
            #expect(root.read("/etc/passwd").map { String(decoding: $0, as: UTF8.self) } == "from lower")
            #expect(root.read("/etc/group").map { String(decoding: $0, as: UTF8.self) } == "new")
            #expect(root.read("/etc/escape") == nil)
            #expect(root.read("/nothing") == nil)
        }
    }
}
