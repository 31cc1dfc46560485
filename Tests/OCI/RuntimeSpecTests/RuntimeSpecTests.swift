internal import JSON
internal import RuntimeSpec
internal import Testing

@Suite("config.json")
struct RuntimeSpecTests {
    private func document() throws -> JSONValue {
        try JSONValue(parsing: Documents.config)
    }

    private func spec(_ json: JSONValue) throws -> RuntimeSpec {
        try RuntimeSpec(json: JSONField(json))
    }

    @Test("with every member of the specification is read and written back the same")
    func roundTrip() throws {
        let spec = try spec(document())
        #expect(spec.json == (try document()))
        #expect(try RuntimeSpec(parsing: spec.encoded()) == spec)
        #expect(try RuntimeSpec(parsing: spec.encoded(.pretty)) == spec)
    }

    @Test("leaves nothing of the specification in `extra`")
    func nothingUnknown() throws {
        let spec = try spec(document())
        let linux = try #require(spec.linux)
        for extra in [
            spec.extra, spec.process?.extra, spec.process?.user.extra, spec.process?.scheduler?.extra, spec.root?.extra,
            spec.mounts?[1].extra,
            spec.hooks?.extra, linux.extra, linux.seccomp?.extra, linux.seccomp?.syscalls?[1].extra,
            linux.intelRdt?.extra,
            linux.resources?.extra, linux.resources?.memory?.extra, linux.resources?.cpu?.extra,
            linux.resources?.blockIO?.extra,
        ] {
            #expect(extra == [:])
        }
    }

    @Test("gives its members their types")
    func members() throws {
        let spec = try spec(document())
        let process = try #require(spec.process)
        #expect(process.user.additionalGids == [5, 6])
        #expect(process.rlimits?[1].hard == .max)
        #expect(process.scheduler?.policy == .deadline)
        #expect(process.ioPriority?.class == .idle)
        #expect(process.execCPUAffinity?.final == "0-3,7")
        #expect(spec.mounts?[1].uidMappings == [.init(containerID: 0, hostID: 100_000, size: 65536)])
        let linux = try #require(spec.linux)
        #expect(linux.namespaces?.map(\.type) == [.pid, .network, .mount, .ipc, .uts, .user, .cgroup, .time])
        #expect(linux.namespaces?[1].path == "/var/run/netns/blue")
        #expect(linux.devices?[1] == .init(type: .fifo, path: "/dev/pipe", fileMode: 0o660))
        #expect(linux.seccomp?.syscalls?[1].args?[1].op == .maskedEqual)
        #expect(linux.timeOffsets?["monotonic"]?.secs == -172_800)
        #expect(linux.resources?.unified?["hugetlb.1GB.rsvd.max"] == "0")
        #expect(linux.resources?.cpu?.quota == -1)
        #expect(linux.personality?.domain == .linux32)
    }

    @Test("keeps what it does not know, wherever that is")
    func unknown() throws {
        var json = try document()
        json["vm"] = ["kernel": ["path": "/k"]]
        json["linux"]?["memoryPolicy"] = ["mode": "MPOL_BIND"]
        json["linux"]?["netDevices"] = ["eth0": ["name": "c0"]]
        json["linux"]?["resources"]?["oomScoreAdj"] = 100
        json["linux"]?["intelRdt"]?["schemata"] = ["L3:0=f"]
        json["linux"]?["namespaces"] = [["type": "pid", "later": nil]]
        json["process"]?["user"]?["username"] = "root"
        json["root"]?["later"] = [1, 2.5]
        let spec = try spec(json)
        #expect(spec.extra["vm"] == ["kernel": ["path": "/k"]])
        #expect(spec.linux?.extra.keys == ["memoryPolicy", "netDevices"])
        #expect(spec.json == json)
    }

    @Test("needs next to nothing")
    func minimal() throws {
        #expect(try spec(["ociVersion": "1.2.0"]).json == ["ociVersion": "1.2.0"])
        let process = try spec(["ociVersion": "1.0.0", "process": ["cwd": "/"]]).process
        #expect(process?.user == .init(uid: 0, gid: 0))
        #expect(process?.terminal == nil)
    }

    @Test("counts null, and an optional text that is empty, as absent")
    func absence() throws {
        let spec = try spec([
            "ociVersion": "1.2.0", "hostname": "", "mounts": nil,
            "linux": ["cgroupsPath": "", "namespaces": [["type": "pid", "path": ""]]],
        ])
        #expect(spec.hostname == nil)
        #expect(spec.mounts == nil)
        #expect(spec.linux?.cgroupsPath == nil)
        #expect(spec.linux?.namespaces == [.init(type: .pid)])
    }

    @Test(
        "is refused by the path of what is wrong",
        arguments: [
            ("process.user.uid", "x", #"process.user.uid: expected an unsigned integer, found "x""#),
            ("process.user.uid", -1, "process.user.uid: expected an unsigned integer, found -1"),
            (
                "process.user.gid", 4_294_967_296,
                "process.user.gid: expected an integer from 0 to 4294967295, found 4294967296"
            ),
            ("process.cwd", nil, "process.cwd: required, but missing"),
            ("process.args", ["a", 1], "process.args[1]: expected a string, found 1"),
            (
                "process.rlimits", [["type": "RLIMIT_CORE", "soft": 1]],
                "process.rlimits[0].hard: required, but missing"
            ),
            (
                "linux.namespaces", [["type": "net"]],
                #"linux.namespaces[0].type: expected one of pid, network, mount, ipc, uts, user, cgroup, time, found "net""#
            ),
            ("linux.resources.memory.limit", 0.5, "linux.resources.memory.limit: expected an integer, found 0.5"),
            (
                "linux.resources.rdma", ["mlx5_1": ["hcaHandles": "a"]],
                #"linux.resources.rdma.mlx5_1.hcaHandles: expected an unsigned integer, found "a""#
            ),
            ("linux.seccomp.defaultAction", "ALLOW", nil),
            ("linux.sysctl", ["a": 1], "linux.sysctl.a: expected a string, found 1"),
            ("linux", "x", #"linux: expected an object, found "x""#),
            ("linux.devices", [["path": "/dev/a", "type": ""]], nil),
            ("mounts", [["type": "proc"]], "mounts[0].destination: required, but missing"),
            (
                "hooks.poststop", [["path": "/x", "timeout": 1.5]],
                "hooks.poststop[0].timeout: expected an integer, found 1.5"
            ),
            ("ociVersion", nil, "ociVersion: required, but missing"),
        ] as [(String, JSONValue?, String?)])
    func refused(path: String, value: JSONValue?, message: String?) throws {
        var json = try document()
        replace(path.split(separator: ".").map { String($0) }[...], in: &json, by: value)
        let error = #expect(throws: JSONError.self) { try spec(json) }
        if let message { #expect(error?.description == message) }
        #expect(error?.description.hasPrefix(path) == true)
    }

    private func replace(_ path: ArraySlice<String>, in json: inout JSONValue, by value: JSONValue?) {
        guard let first = path.first else { return }
        guard path.count > 1, var below = json[first] else {
            json[first] = value
            return
        }
        replace(path.dropFirst(), in: &below, by: value)
        json[first] = below
    }

    @Test("fails with an error of its own, whatever member is of whatever kind", arguments: UInt64(0)..<300)
    func mutated(seed: UInt64) throws {
        var mutation = Mutation(seed: seed)
        let json = mutation.mutated(try document())
        do {
            let spec = try RuntimeSpec(json: JSONField(json))
            #expect(try RuntimeSpec(parsing: spec.encoded()) == spec, "seed \(seed)")
        } catch {
            #expect(error.place == nil, "seed \(seed)")
        }
    }
}

@Suite("The other documents")
struct OtherDocumentsTests {
    @Test("the state is read and written")
    func state() throws {
        let state = try RuntimeSpec.State(parsing: Array(Documents.state.utf8))
        #expect(state.status == .running)
        #expect(state.json == (try JSONValue(parsing: Documents.state)))
        let process = RuntimeSpec.ProcessState(ociVersion: "1.2.1", fds: ["seccompFd"], pid: 4422, state: state)
        #expect(try RuntimeSpec.ProcessState(parsing: process.encoded()) == process)
    }

    @Test("the features are read and written")
    func features() throws {
        let features = try RuntimeSpec.Features(parsing: Array(Documents.features.utf8))
        #expect(features.linux?.mountExtensions?.idmap?.enabled == true)
        #expect(features.linux?.extra == ["netDevices": ["enabled": true]])
        #expect(features.json == (try JSONValue(parsing: Documents.features)))
        #expect(throws: JSONError.missing(path: "ociVersionMax")) {
            try RuntimeSpec.Features(json: JSONField(["ociVersionMin": "1.0.0"]))
        }
    }
}

@Suite("The standard bundle")
struct StandardTests {
    @Test("is what runc prints")
    func standard() throws {
        let spec = RuntimeSpec.standard()
        #expect(try RuntimeSpec(parsing: spec.encoded(.pretty)) == spec)
        #expect(spec.process?.args == ["sh"])
        #expect(spec.process?.capabilities?.inheritable == nil)
        #expect(
            spec.mounts?.map(\.destination) == [
                "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup",
            ])
        #expect(spec.linux?.namespaces?.map(\.type) == [.pid, .network, .ipc, .uts, .mount])
        #expect(spec.linux?.resources?.json == ["devices": [["allow": false, "access": "rwm"]]])
        #expect(RuntimeSpec.standard(cgroupNamespace: true).linux?.namespaces?.last?.type == .cgroup)
    }

    @Test("without root has a user namespace and nothing that only root may do")
    func rootless() {
        let spec = RuntimeSpec.standard(rootless: .init(uid: 1000, gid: 100))
        #expect(spec.linux?.namespaces?.map(\.type) == [.pid, .ipc, .uts, .mount, .user])
        #expect(spec.linux?.uidMappings == [.init(containerID: 0, hostID: 1000, size: 1)])
        #expect(spec.linux?.gidMappings == [.init(containerID: 0, hostID: 100, size: 1)])
        #expect(spec.linux?.resources == nil)
        #expect(spec.mounts?.contains { $0.options?.contains("gid=5") == true } == false)
        #expect(spec.mounts?.first { $0.destination == "/sys" }?.options?.contains("rbind") == true)
    }
}
