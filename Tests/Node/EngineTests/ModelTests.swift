@testable import Engine
import JSON
import NIOCore
import TestSupport
import Testing

@Suite("Docker's JSON")
struct ModelTests {
    private let coder = JSONCoder(keys: .pascalCase)

    @Test("a create request is read as docker's command line sends it")
    func createRequest() throws {
        let text = """
            {"Hostname":"","Tty":false,"Env":null,"Cmd":["echo","hi"],"Image":"busybox","Volumes":{},"Entrypoint":null,
            "Labels":{"Some.Label":"x"},"ExposedPorts":{"80/tcp":{}},
            "HostConfig":{"Binds":null,"NetworkMode":"default","UTSMode":"host","MemorySwappiness":-1,"OomKillDisable":null,
            "LogConfig":{"Type":"","Config":{}},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},
            "PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},"Mounts":[{"Type":"tmpfs","Target":"/t"}],
            "BlkioDeviceReadIOps":[],"Init":true,"ConsoleSize":[24,80]},
            "NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"IPAddress":"1.2.3.4"}}}}
            """
        let request = try coder.decode(CreateRequest.self, from: Array(text.utf8))
        #expect(request.config.cmd == ["echo", "hi"])
        #expect(request.config.labels == ["Some.Label": "x"])
        #expect(request.hostConfig.uTSMode == "host")
        #expect(request.hostConfig.memorySwappiness == -1)
        #expect(request.hostConfig.`init` == true)
        #expect(request.hostConfig.portBindings["80/tcp"]?.wrappedValue?.first?.hostPort == "8080")
        #expect(request.networkingConfig.endpointsConfig["default"]?.wrappedValue?.iPAddress == "1.2.3.4")
    }

    @Test("a command may be one word")
    func oneWord() throws {
        #expect(try coder.decode(ContainerConfig.self, from: Array(#"{"Cmd":"ls"}"#.utf8)).cmd == ["ls"])
    }

    @Test("a wrong type is refused by its path")
    func wrongType() throws {
        let error = #expect(throws: JSONError.self) {
            try coder.decode(CreateRequest.self, from: Array(#"{"HostConfig":{"Memory":"lots"}}"#.utf8))
        }
        #expect(error.map { "\($0)".contains("HostConfig.Memory") } == true)
    }

    @Test(
        "a field that nobody knows is refused by its path, unless it is not set",
        arguments: [
            (#"{"Foo":1}"#, "Foo"), (#"{"HostConfig":{"DiskQuota":5}}"#, "HostConfig.DiskQuota"),
            (#"{"HostConfig":{"Mounts":[{"Type":"bind","Sauce":"x"}]}}"#, "HostConfig.Mounts[0].Sauce"),
            (#"{"Foo":null,"HostConfig":{"LxcConf":[],"Old":"","Older":0,"Oldest":{}}}"#, nil),
        ])
    func unknownFields(text: String, path: String?) {
        do {
            _ = try coder.decode(CreateRequest.self, from: Array(text.utf8))
            #expect(path == nil)
        } catch {
            #expect("\(error)".hasPrefix((path ?? "nothing") + ":"), "\(error)")
        }
    }

    @Test("what docker always shows is shown, as null or zero; what it leaves out is left out")
    func shown() throws {
        let json = try coder.json(HostConfig())
        #expect(json["Binds"] == .null)
        #expect(json["Memory"] == .integer(0))
        #expect(json["PidsLimit"] == .null)
        #expect(json["UTSMode"] == .string(""))
        #expect(json["IOMaximumIOps"] == .integer(0))
        #expect(json["Tmpfs"] == nil)
        #expect(json["RestartPolicy"] == ["Name": "", "MaximumRetryCount": 0])
        let config = try coder.json(ContainerConfig())
        #expect(config["Entrypoint"] == .null)
        #expect(config["Healthcheck"] == nil)
    }

    @Test("keys that are data keep their case")
    func dataKeys() throws {
        var config = ContainerConfig()
        config.labels = ["lower": "x"]
        #expect(try coder.json(config)["Labels"] == ["lower": "x"])
        var report = SystemReport()
        var runtime = RuntimeReport()
        runtime.path = "/usr/bin/runc"
        report.runtimes = ["runc": runtime]
        #expect(try coder.json(report)["Runtimes"] == ["runc": ["path": "/usr/bin/runc"]])
        var inspection = ExecInspection()
        inspection.processConfig.entrypoint = "sh"
        #expect(try coder.json(inspection)["ProcessConfig"]?["entrypoint"] == "sh")
        #expect(try coder.json(inspection)["ID"] == "")
        #expect(try coder.json(inspection)["ExitCode"] == .null)
    }

    @Test("a record survives being stored")
    func record() throws {
        var host = HostConfig()
        host.binds = ["/a:/b"]
        host.memory = 5
        var record = ContainerRecord(
            id: "x", name: "n", created: .now, imageID: "i", config: ContainerConfig(), hostConfig: host)
        record.mounts = [PlannedMount(kind: .volume, destination: "/d")]
        let plain = JSONCoder(keys: .asWritten)
        #expect(try plain.decode(ContainerRecord.self, from: plain.encode(record)) == record)
    }

    @Test("events have docker's mix of keys")
    func event() throws {
        let event = Event(
            type: "container", action: "start", actor: "abc", attributes: ["image": "busybox", "name": "n"],
            time: Timestamp(nanoseconds: 1_500_000_000))
        let json = try JSONCoder(keys: .asWritten).json(event)
        #expect(json["status"] == "start")
        #expect(json["from"] == "busybox")
        #expect(json["Actor"]?["ID"] == "abc")
        #expect(json["time"] == 1)
        #expect(json["timeNano"] == 1_500_000_000)
    }

    @Test("times are written as RFC 3339 and read with any offset")
    func times() throws {
        let time = Timestamp(nanoseconds: 1_700_000_000_123_456_789)
        #expect(time.description == "2023-11-14T22:13:20.123456789Z")
        #expect(Timestamp(rfc3339: "2023-11-14T23:13:20.123456789+01:00") == time)
        #expect(Timestamp(rfc3339: "2023-11-14T22:13:20Z")?.description == "2023-11-14T22:13:20Z")
        #expect(Timestamp(nanoseconds: 100).withNineDigits == "1970-01-01T00:00:00.000000100Z")
        #expect(Timestamp(query: "1700000000.5")?.nanoseconds == 1_700_000_000_500_000_000)
        #expect(Timestamp(query: "yesterday") == nil)
        #expect(Timestamp.never.description == "0001-01-01T00:00:00Z")
        #expect(Timestamp(nanoseconds: -1).description == "1969-12-31T23:59:59.999999999Z")
    }

    @Test("any moment survives being written and read", arguments: UInt64(0)..<200)
    func timeRoundTrip(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let time = Timestamp(
            nanoseconds: Int64.random(in: -6_000_000_000_000_000_000...6_000_000_000_000_000_000, using: &random))
        #expect(Timestamp(rfc3339: time.description) == time, "seed \(seed)")
    }

    @Test("spans of time are rounded as docker rounds them")
    func spans() {
        #expect(StatusText.span(.milliseconds(10)) == "Less than a second")
        #expect(StatusText.span(.seconds(61)) == "About a minute")
        #expect(StatusText.span(.seconds(7300)) == "2 hours")
        #expect(StatusText.span(.seconds(3 * 86400)) == "3 days")
        #expect(DurationText.parse("1h30m") == .seconds(5400))
        #expect(DurationText.parse("250ms") == .milliseconds(250))
        #expect(DurationText.parse("soon") == nil)
    }

    @Test("filters: any value of a name, all labels")
    func filters() throws {
        let filters = Filters(["label": ["a", "b=2"], "status": ["exited", "created"], "dangling": ["maybe"]])
        #expect(filters.allowsLabels(["a": "", "b": "2"]))
        #expect(!filters.allowsLabels(["a": "", "b": "3"]))
        #expect(filters.allows("status", "created"))
        #expect(!filters.allows("status", "running"))
        #expect(filters.unknown(besides: ["label", "status"]) == "dangling")
        #expect(throws: EngineError.self) { try filters.flag("dangling") }
    }

    @Test("hosts and resolv.conf say what they should")
    func networkFiles() {
        let hosts = NetworkFiles.hosts(
            hostname: "h", domain: "", addresses: ["10.0.0.2"], links: ["10.0.0.3\tfront web"],
            extra: ["db:10.0.0.9", "v6=::2"])
        #expect(hosts.contains("10.0.0.9\tdb\n"))
        #expect(hosts.contains("10.0.0.3\tfront web\n"))
        #expect(hosts.contains("::2\tv6\n"))
        #expect(hosts.hasSuffix("10.0.0.2\th\n"))
        let resolv = NetworkFiles.resolvConf(
            host: "nameserver 1.1.1.1\nsearch corp\noptions ndots:5\n", servers: ["9.9.9.9"], search: [],
            options: ["rotate"])
        #expect(resolv == "search corp\nnameserver 9.9.9.9\noptions rotate\n")
        #expect(NetworkFiles.reachable("nameserver 127.0.0.53\nnameserver 1.1.1.1\n") == "nameserver 1.1.1.1\n")
        #expect(NetworkFiles.servers(in: NetworkFiles.reachable("nameserver ::1\n")) == ["8.8.8.8", "8.8.4.4"])
    }

    @Test("ps is cut down to the container's processes")
    func processTable() throws {
        let output = "UID  PID PPID CMD\nroot   1    0 init\nroot  77    1 sleep 100\n"
        let result = try ProcessTable.parse(output, pids: [77])
        #expect(result.titles == ["UID", "PID", "PPID", "CMD"])
        #expect(result.processes == [["root", "77", "1", "sleep 100"]])
    }
}
