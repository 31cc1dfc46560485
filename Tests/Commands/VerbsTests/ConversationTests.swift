import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import Verbs

/// What one command line printed and returned.
struct Outcome: Equatable, Sendable {
    var code: Int32
    var output: String
    var errors: String
}

/// Runs a command line against a scripted daemon.
func pouch(
    _ words: [String], input: String = "",
    answer: @escaping @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void
) async throws -> (outcome: Outcome, requests: [ScriptedDaemon.Request]) {
    try await withScratchDirectory { folder in
        let daemon = try ScriptedDaemon(at: "\(folder)/d.sock", answer)
        let host = daemon.host
        let outcome = try await withThread { () throws -> Outcome in
            var ends = [[Int32]](repeating: [0, 0], count: 3)
            for index in 0..<3 { pipe(&ends[index]) }
            var typed = Array(input.utf8)
            write(ends[0][1], &typed, typed.count)
            close(ends[0][1])
            let invocation = Invocation(
                words: ["-H", host] + words, environment: { _ in nil },
                descriptors: (ends[0][0], ends[1][1], ends[2][1]), ownsSignals: false)
            let code = invocation.run()
            close(ends[1][1])
            close(ends[2][1])
            defer { for end in [ends[0][0], ends[1][0], ends[2][0]] { close(end) } }
            return Outcome(code: code, output: text(ends[1][0]), errors: text(ends[2][0]))
        }
        return (outcome, daemon.requests)
    }
}

private func text(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = read(descriptor, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

@Suite("run, exec and attach as conversations with a daemon")
struct ConversationTests {
    /// A daemon whose container prints on both outputs, echoes its input and exits with `code`.
    private static func container(
        code: Int, terminal: Bool = false, startError: (Int, String)? = nil
    ) -> @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void {
        let state = Started()
        return { request, channel in
            switch request.line {
            case "POST /containers/create": channel.answer(201, #"{"Id":"c0ffee","Warnings":["careful"]}"#)
            case "POST /containers/c0ffee/attach":
                channel.upgrade()
                state.wait()
                channel.frame(1, "out\n")
                channel.frame(2, "err\n")
                if request.target.contains("stdin=1") {
                    channel.frame(1, String(decoding: channel.readToEnd(), as: UTF8.self))
                }
                channel.close()
            case "POST /containers/c0ffee/wait":
                channel.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                state.wait()
                let json = #"{"StatusCode":\#(code)}"#
                channel.send("\(String(json.utf8.count, radix: 16))\r\n\(json)\r\n0\r\n\r\n")
            case "POST /containers/c0ffee/start":
                if let (status, message) = startError {
                    channel.answer(status, #"{"message":"\#(message)"}"#)
                } else {
                    channel.answer(204)
                }
                state.open()
            default: channel.answer(404, #"{"message":"no such route"}"#)
            }
        }
    }

    @Test("run attaches and waits before it starts, and exits with the container's code") func run() async throws {
        let (outcome, requests) = try await pouch(
            ["run", "-i", "--rm", "img", "cat"], input: "typed\n", answer: Self.container(code: 7))
        #expect(outcome == Outcome(code: 7, output: "out\ntyped\n", errors: "WARNING: careful\nerr\n"))
        try #require(requests.count == 4)
        #expect(requests[0].line == "POST /containers/create" && requests[3].line == "POST /containers/c0ffee/start")
        // These two are asked together, by connections of their own.
        #expect(
            requests[1...2].map(\.target).sorted() == [
                "/containers/c0ffee/attach?stream=1&stdin=1&stdout=1&stderr=1",
                "/containers/c0ffee/wait?condition=removed",
            ])
        let body = try JSONValue(parsing: requests[0].body)
        #expect(body["Cmd"] == ["cat"] && body["HostConfig"]?["AutoRemove"] == true)
    }

    @Test("run -d starts and prints the id") func detached() async throws {
        let (outcome, requests) = try await pouch(
            ["run", "-d", "--name", "n", "img"], answer: Self.container(code: 0))
        #expect(outcome == Outcome(code: 0, output: "c0ffee\n", errors: "WARNING: careful\n"))
        #expect(requests.map(\.target) == ["/containers/create?name=n", "/containers/c0ffee/start"])
        #expect(Set(requests.map(\.connection)) == [0])
    }

    @Test(
        "a container that cannot be started gives 127, 126 or 125",
        arguments: [
            (400, "exec: x: executable file not found in $PATH", 127), (400, "exec /x: permission denied", 126),
            (500, "no space left on device", 125),
        ] as [(Int, String, Int32)])
    func startFailure(status: Int, message: String, code: Int32) async throws {
        let (outcome, _) = try await pouch(
            ["run", "img"], answer: Self.container(code: 0, startError: (status, message)))
        #expect(outcome == Outcome(code: code, output: "", errors: "WARNING: careful\npouch: \(message)\n"))
    }

    private static func lacksImage(_ request: ScriptedDaemon.Request, _ channel: ScriptedDaemon.Channel) {
        if request.line == "GET /images/json" {
            channel.answer(200, #"[{"RepoTags":["busybox:latest","debian:12"]}]"#)
        } else {
            channel.answer(404, #"{"message":"No such image: busybx:latest"}"#)
        }
    }

    @Test("an image that nobody has is answered with the nearest one and 125") func missingImage() async throws {
        let (outcome, requests) = try await pouch(["run", "busybx", "true"], answer: Self.lacksImage)
        #expect(
            outcome
                == Outcome(
                    code: 125, output: "",
                    errors: "Unable to find image 'busybx:latest' locally\n"
                        + "pouch: No such image: busybx:latest; did you mean busybox:latest?\n"))
        #expect(requests.contains { $0.target == "/images/create?fromImage=busybx&tag=latest" })
        let (offline, _) = try await pouch(["run", "--pull", "never", "busybx", "true"], answer: Self.lacksImage)
        #expect(offline.errors == "pouch: no such image: busybx; did you mean busybox:latest?\n")
    }

    @Test("an image that is not there is pulled, and its steps go to the errors") func pullsWhatIsMissing() async throws
    {
        let asked = Mutex(0)
        let (outcome, _) = try await pouch(["create", "reg.example:5/img"]) { request, channel in
            switch request.line {
            case "POST /images/create":
                channel.answer(200, #"{"status":"Pull complete","progressDetail":{},"id":"abc"}"# + "\r\n")
            case _
            where asked.withLock({ count in
                count += 1
                return count
            }) == 1:
                channel.answer(404, #"{"message":"No such image: reg.example:5/img:latest"}"#)
            default: channel.answer(201, #"{"Id":"c0ffee","Warnings":[]}"#)
            }
        }
        #expect(
            outcome
                == Outcome(
                    code: 0, output: "c0ffee\n",
                    errors: "Unable to find image 'reg.example:5/img:latest' locally\nabc: Pull complete\n"))
    }

    @Test("a daemon that is not there is one clear sentence") func noDaemon() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let code = Invocation(
            words: ["-H", "/nowhere/d.sock", "rm", "a", "b"], environment: { _ in nil },
            descriptors: (0, ends[1], ends[1]), ownsSignals: false
        ).run()
        close(ends[1])
        #expect(code == 1)
        #expect(
            text(ends[0])
                == "pouch: cannot connect to pouchd at unix:///nowhere/d.sock: no such file or directory; is it running?\n"
        )
        close(ends[0])
    }

    @Test("exec sends its body with the upgrade and exits with the command's code") func exec() async throws {
        let (outcome, requests) = try await pouch(
            ["exec", "-i", "-e", "A=1", "-w", "/w", "c", "cat", "-n"], input: "in"
        ) { request, channel in
            switch request.line {
            case "POST /containers/c/exec": channel.answer(201, #"{"Id":"e1"}"#)
            case "POST /exec/e1/start":
                channel.upgrade()
                channel.frame(1, "<\(String(decoding: channel.readToEnd(), as: UTF8.self))>")
                channel.close()
            default: channel.answer(200, #"{"ExitCode":3}"#)
            }
        }
        #expect(outcome == Outcome(code: 3, output: "<in>", errors: ""))
        #expect(
            try JSONValue(parsing: requests[0].body) == [
                "Cmd": ["cat", "-n"], "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Env": ["A=1"],
                "WorkingDir": "/w",
            ])
        #expect(requests[1].text == #"{"Detach":false,"Tty":false}"#)
        #expect(requests.last?.line == "GET /exec/e1/json")
    }

    @Test("exec -d does not wait, and an exec that is refused says why") func execOther() async throws {
        let answer: @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void = { request, channel in
            switch request.line {
            case "POST /containers/c/exec": channel.answer(201, #"{"Id":"e1"}"#)
            case "POST /containers/gone/exec": channel.answer(404, #"{"message":"No such container: gone"}"#)
            case "POST /containers/off/exec": channel.answer(409, #"{"message":"container off is not running"}"#)
            default: channel.answer(200)
            }
        }
        #expect(
            try await pouch(["exec", "-d", "c", "x"], answer: answer).outcome
                == Outcome(code: 0, output: "", errors: ""))
        #expect(
            try await pouch(["exec", "gone", "x"], answer: answer).outcome.errors == "pouch: No such container: gone\n")
        #expect(try await pouch(["exec", "off", "x"], answer: answer).outcome.code == 1)
    }

    @Test("attach refuses what does not run, and follows what does") func attach() async throws {
        let running: @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void = { request, channel in
            switch request.line {
            case "GET /containers/c/json":
                channel.answer(
                    200, #"{"Id":"c0ffee","State":{"Running":true},"Config":{"OpenStdin":false,"Tty":false}}"#)
            case "POST /containers/c0ffee/wait": channel.answer(200, #"{"StatusCode":4}"#)
            case "POST /containers/c0ffee/attach":
                channel.upgrade()
                channel.frame(1, "seen")
                channel.close()
            default: channel.answer(200, #"{"Id":"x","State":{"Running":false}}"#)
            }
        }
        #expect(
            try await pouch(["attach", "c"], answer: running).outcome == Outcome(code: 4, output: "seen", errors: ""))
        #expect(
            try await pouch(["attach", "off"], answer: running).outcome
                == Outcome(code: 1, output: "", errors: "pouch: cannot attach to a stopped container, start it first\n")
        )
    }

    @Test("a terminal is asked for only where there is one") func noTerminal() async throws {
        let (outcome, requests) = try await pouch(["run", "-it", "img"]) { _, channel in channel.answer(500) }
        #expect(outcome == Outcome(code: 1, output: "", errors: "pouch: the input device is not a TTY\n"))
        #expect(requests.isEmpty)
    }

    @Test("every target is tried, and one failure makes the code 1") func targets() async throws {
        let (outcome, requests) = try await pouch(["rm", "-fv", "a", "b", "c"]) { request, channel in
            if request.line == "DELETE /containers/b" {
                channel.answer(409, #"{"message":"b is busy"}"#)
            } else {
                channel.answer(204)
            }
        }
        #expect(outcome == Outcome(code: 1, output: "a\nc\n", errors: "pouch: b is busy\n"))
        #expect(
            requests.map(\.target) == [
                "/containers/a?force=1&v=1", "/containers/b?force=1&v=1", "/containers/c?force=1&v=1",
            ])
    }

    @Test("a container that is not there is answered with the nearest one") func missingContainer() async throws {
        let answer: @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void = { request, channel in
            if request.line == "GET /containers/json" {
                channel.answer(200, #"[{"Names":["/web"]},{"Names":["/db"]}]"#)
            } else {
                channel.answer(404, #"{"message":"No such container: wbe"}"#)
            }
        }
        let stopped = try await pouch(["stop", "wbe"], answer: answer).outcome
        #expect(stopped == Outcome(code: 1, output: "", errors: "pouch: No such container: wbe; did you mean web?\n"))
        #expect(try await pouch(["logs", "wbe"], answer: answer).outcome.errors == stopped.errors)
    }

    @Test("logs are split by the stream's type, or by what the container is") func logs() async throws {
        for type in ["multiplexed", "raw"] {
            let (outcome, _) = try await pouch(["logs", "--tail", "2", "c"]) { request, channel in
                guard request.line == "GET /containers/c/logs" else {
                    return channel.answer(200, #"{"Config":{"Tty":true}}"#)
                }
                channel.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.\(type)-stream\r\nConnection: close\r\n\r\n"
                )
                if type == "raw" {
                    channel.send("as it is")
                } else {
                    channel.frame(1, "out")
                    channel.frame(2, "err")
                }
                channel.close()
            }
            let expected =
                type == "raw"
                ? Outcome(code: 0, output: "as it is", errors: "") : Outcome(code: 0, output: "out", errors: "err")
            #expect(outcome == expected)
        }
    }

    @Test("inspect prints what is there and complains about what is not") func inspect() async throws {
        let (outcome, _) = try await pouch(["inspect", "-f", "{{.Id}}", "a", "b"]) { request, channel in
            request.line == "GET /images/a/json"
                ? channel.answer(200, #"{"Id":"i1"}"#) : channel.answer(404, #"{"message":"x"}"#)
        }
        #expect(outcome == Outcome(code: 1, output: "i1\n", errors: "pouch: no such object: b\n"))
    }

    @Test("pruning asks first") func prune() async throws {
        let answer: @Sendable (ScriptedDaemon.Request, ScriptedDaemon.Channel) -> Void = { _, channel in
            channel.answer(200, #"{"ContainersDeleted":["c1"],"SpaceReclaimed":2048}"#)
        }
        let refused = try await pouch(["container", "prune"], input: "n\n", answer: answer)
        #expect(refused.requests.isEmpty && refused.outcome.code == 0)
        let agreed = try await pouch(["container", "prune", "-f"], answer: answer)
        #expect(agreed.outcome.output == "Deleted Containers:\nc1\n\nTotal reclaimed space: 2.048kB\n")
    }

    @Test("the daemon's own failure during a load is the command's") func load() async throws {
        let (outcome, requests) = try await pouch(["load", "-q"], input: "tar bytes") { _, channel in
            channel.answer(
                200, "{\"stream\":\"Loaded image: a\\n\"}\n{\"errorDetail\":{\"message\":\"unexpected EOF\"}}\n")
        }
        #expect(outcome == Outcome(code: 1, output: "Loaded image: a\n", errors: "pouch: unexpected EOF\n"))
        #expect(requests[0].text == "tar bytes")
    }
}

/// Opens once for everyone who waits.
private final class Started: @unchecked Sendable {  // guarded by the pipe
    private var ends: [Int32] = [0, 0]
    init() { pipe(&ends) }
    func open() { close(ends[1]) }
    func wait() {
        var entry = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        poll(&entry, 1, 5000)
    }
    deinit { close(ends[0]) }
}
