internal import JSON
internal import RuntimeSpec
internal import ShimProtocol
internal import Testing

@Suite("Shim messages")
struct MessageTests {
    static let requests: [ShimRequest.Action] = [
        .state, .attach(.all), .attach(StreamSelection(stdout: true)), .attach(.all, afterLog: true),
        .exec(id: "e1", process: RuntimeSpec.Process(cwd: "/"), streams: .none),
        .kill(signal: 9, target: .container), .kill(signal: 15, target: .all), .kill(signal: 2, target: .exec("e1")),
        .resize(rows: 24, columns: 80, exec: nil), .resize(rows: 1, columns: 2, exec: "e1"), .closeStdin(exec: nil),
        .closeStdin(exec: "e"), .pause, .resume, .update(RuntimeSpec.Resources()), .processes, .subscribe, .shutdown,
    ]

    @Test("requests survive the way", arguments: requests)
    func requestRoundTrip(action: ShimRequest.Action) throws {
        let request = ShimRequest(action, requestID: "r-1")
        #expect(try ShimRequest.read(request.frame.payload) == request)
    }

    @Test("a request is written as documented")
    func goldenRequest() {
        let kill = ShimRequest(.kill(signal: 9, target: .all))
        #expect(
            String(decoding: kill.encoded(), as: UTF8.self) == #"{"version":1,"request":"kill","signal":9,"all":true}"#)
        let resize = ShimRequest(.resize(rows: 24, columns: 80, exec: "e"), requestID: "7")
        #expect(
            String(decoding: resize.encoded(), as: UTF8.self)
                == #"{"version":1,"request":"resize","requestID":"7","rows":24,"columns":80,"exec":"e"}"#)
    }

    @Test("a newer version is refused with those that are spoken, even when nothing else makes sense")
    func newerVersion() throws {
        let payload = Array(#"{"version":7,"request":"levitate","height":{}}"#.utf8)
        let failure = try #require(throws: ShimFailure.self) { try ShimRequest.read(payload) }
        #expect(failure.stage == "protocol")
        #expect(failure.supportedVersions == [1])
        #expect(failure.message.contains("version 7"))
    }

    @Test("an unknown request is refused by name")
    func unknownRequest() throws {
        let failure = try #require(throws: ShimFailure.self) {
            try ShimRequest.read(Array(#"{"version":1,"request":"levitate"}"#.utf8))
        }
        #expect(failure.message.contains("levitate"))
        #expect(failure.supportedVersions == nil)
    }

    @Test(
        "a request that is wrong is refused by path",
        arguments: [
            (#"{"request":"state"}"#, "version"), (#"{"version":1,"request":"kill"}"#, "signal"),
            (#"{"version":1,"request":"resize","rows":70000,"columns":1}"#, "rows"),
            (#"{"version":1,"request":"exec","id":"a/b","process":{"cwd":"/"}}"#, "id"),
            (#"{"version":1,"request":"kill","signal":9,"all":true,"exec":"e"}"#, "all"), ("{", "line 1"),
        ])
    func wrongRequest(text: String, named: String) throws {
        let failure = try #require(throws: ShimFailure.self) { try ShimRequest.read(Array(text.utf8)) }
        #expect(failure.message.contains(named), "\(failure)")
    }

    @Test("fields that are not known are ignored")
    func unknownFields() throws {
        let text = #"{"version":1,"request":"pause","fast":true,"nested":{"a":[1]}}"#
        #expect(try ShimRequest.read(Array(text.utf8)).action == .pause)
    }

    static let exit = ShimExit(code: 137, signal: 9, oomKilled: true, time: 1_700_000_000_123_456_789)

    @Test(
        "replies survive the way",
        arguments: [
            .done, .attached(LogPosition(inode: 1 << 40, size: 77)), .started(ShimProcess(pid: 12, startTime: 345)),
            .processes([1, 2, 3]),
            .failure(ShimFailure(stage: "exec", errno: 2, message: "no", exitCode: 127)),
            .failure(ShimFailure(stage: "protocol", message: "no", supportedVersions: [1, 2])),
            .state(
                ShimState(
                    id: "c", shimPID: 3, status: .stopped, process: ShimProcess(pid: 4, startTime: 5),
                    execs: [ShimState.Exec(id: "e", process: ShimProcess(pid: 6, startTime: 7))], oomKilled: true,
                    exit: exit, log: ShimState.Log(logged: 1, lost: 2, failures: 3), attached: 1)),
        ] as [ShimReply])
    func replyRoundTrip(reply: ShimReply) throws {
        #expect(try ShimReply(parsing: reply.encoded()) == reply)
    }

    @Test(
        "events survive the way",
        arguments: [
            .started(ShimProcess(pid: 12, startTime: 345)), .execStarted(id: "e", ShimProcess(pid: 1, startTime: 2)),
            .exited(exec: nil, exit), .exited(exec: "e", ShimExit(code: 0, time: 1)), .oom, .paused, .resumed,
            .logFailed(errno: 28, message: "full"), .deleted(failure: nil),
            .deleted(failure: ShimFailure(stage: "delete", message: "no")),
        ] as [ShimEvent])
    func eventRoundTrip(event: ShimEvent) throws {
        #expect(try ShimEvent(parsing: event.encoded()) == event)
    }

    @Test("the exit file is written as documented")
    func goldenExit() {
        #expect(
            String(decoding: Self.exit.encoded(), as: UTF8.self)
                == #"{"version":1,"code":137,"signal":9,"oom":true,"time":1700000000123456789}"#)
    }

    @Test("reports survive the way")
    func reports() throws {
        let started = ShimReport.started(
            ShimProcess(pid: 1, startTime: 2), timings: ShimReport.Timings(listening: 3, started: 4))
        let failed = ShimReport.failed(ShimFailure(stage: "create", errno: 2, message: "no", exitCode: 127))
        for report in [started, failed] { #expect(try ShimReport(parsing: report.encoded()) == report) }
    }
}

@Suite("Shim configuration")
struct ShimConfigurationTests {
    @Test("survives the way")
    func roundTrip() throws {
        var configuration = ShimConfiguration(id: "c", bundle: "/b")
        configuration.requestID = "4f"
        configuration.runtime = ShimConfiguration.ExternalRuntime(
            path: "/usr/sbin/runc", arguments: ["--debug"], root: "/r")
        configuration.rootfsMounts = [
            ShimConfiguration.RootfsMount(type: "overlay", source: "overlay", options: ["lowerdir=/a:/b"])
        ]
        configuration.stdinOpen = true
        configuration.stdinOnce = true
        configuration.log = ShimConfiguration.Log(path: "/l", maxSize: 10, maxFile: 3, attributes: ["a": "b"])
        configuration.attached = [ShimConfiguration.AttachedDescriptor(fd: 4, streams: .all)]
        configuration.shimCgroup = "/pouch/shims"
        configuration.stateRoot = "/s"
        configuration.exitPath = "/e"
        #expect(try ShimConfiguration(parsing: configuration.encoded()) == configuration)
    }

    @Test("needs little")
    func small() throws {
        let text = #"{"version":1,"id":"c","bundle":"/b","log":{"driver":"none"}}"#
        #expect(try ShimConfiguration(parsing: Array(text.utf8)) == ShimConfiguration(id: "c", bundle: "/b"))
    }

    @Test(
        "what the shim does not do is refused by its path",
        arguments: [
            ("\"driver\":\"syslog\"", "log.driver"), ("\"path\":\"/l\",\"compress\":true", "log.compress"),
            ("\"path\":\"/l\",\"maxFile\":0", "log.maxFile"), ("\"path\":\"/l\",\"maxFile\":2", "log.maxFile"),
            ("\"path\":\"/l\",\"maxSize\":0", "log.maxSize"),
        ])
    func refusals(log: String, path: String) throws {
        let text = "{\"version\":1,\"id\":\"c\",\"bundle\":\"/b\",\"log\":{\(log)}}"
        let error = try #require(throws: JSONError.self) { try ShimConfiguration(parsing: Array(text.utf8)) }
        #expect("\(error)".contains(path), "\(error)")
    }

    @Test("a configuration of a newer pouchd is refused")
    func newer() {
        #expect(throws: JSONError.self) {
            try ShimConfiguration(parsing: Array(#"{"version":2,"id":"c","bundle":"/b"}"#.utf8))
        }
    }
}
