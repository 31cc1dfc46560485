import TestSupport
import Testing

/// What clients of Docker's API count on, docker-py among them.
@Suite("clients of the engine", .needs(.root, .tool("curl"), .tool("ip"), .tool("nsenter")))
struct EngineClientTests {
    @Test("attaching with the log so far gives every line once and in order, whenever it happens")
    func attachWithLogs() async throws {
        try await withDaemon { daemon in
            let count = 4000
            let started = try await daemon.pouch(
                "run", "-dt", "--name", "talker", "--network", "none", "--log-opt", "max-size=20k", "--log-opt",
                "max-file=50", "busybox", "sh", "-c",
                "i=0; while [ $i -lt \(count) ]; do echo line $i; i=$((i+1)); done")
            #expect(started.status == 0, "\(started)")
            let all = (0..<count).map { "line \($0)\r\n" }.joined()
            let heard = try await withThrowingTaskGroup(of: String.self) { group in
                for delay in 0..<6 {
                    group.addTask {
                        try await Task.sleep(for: .milliseconds(5 * delay))
                        return try await post(daemon, "containers/talker/attach?logs=1&stream=1&stdout=1").output
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for text in heard { #expect(text == all, "\(text.utf8.count) bytes of \(all.utf8.count)") }
        }
    }

    @Test("files can be put into a volume before the container has run, beside what the image has there")
    func copyIntoVolume() async throws {
        try await withDaemon { daemon in
            let image = try await daemon.pouch("create", "--name", "seed", "--network", "none", "busybox", "true")
            #expect(image.status == 0, "\(image)")
            _ = try await run(
                ["sh", "-c", "mkdir -p data/sub; echo image >data/own; echo deep >data/sub/f"], directory: daemon.folder
            )
            _ = try await daemon.pouch("cp", "\(daemon.folder)/data", "seed:/srv")
            _ = try await daemon.pouch("commit", "seed", "seeded")
            _ = try await run(["sh", "-c", "echo put >late"], directory: daemon.folder)
            for (name, destination) in [("old", "/srv"), ("new", "/made/here")] {
                let created = try await daemon.pouch(
                    "create", "--name", name, "--network", "none", "-v", destination, "seeded", "sh", "-c",
                    "cd \(destination); cat late own sub/f 2>/dev/null")
                #expect(created.status == 0, "\(created)")
                let copied = try await daemon.pouch("cp", "\(daemon.folder)/late", "\(name):\(destination)/")
                #expect(copied.status == 0, "\(copied)")
                #expect(try await daemon.pouch("cp", "\(name):\(destination)/late", "-").output.contains("put\n"))
                let ran = try await daemon.pouch("start", "-a", name)
                #expect(ran.output == (name == "old" ? "put\nimage\ndeep\n" : "put\n"), "\(ran)")
            }
        }
    }

    @Test("links give names and variables on the default bridge, and can be taken away")
    func links() async throws {
        try await withNetworkRig { rig in
            let daemon = rig.daemon
            let started = try await daemon.pouch(
                "run", "-d", "--name", "base", "--expose", "5432", "-e", "FOO=1", "busybox", "sleep", "600")
            #expect(started.status == 0, "\(started)")
            let made = try await daemon.pouch(
                "run", "-d", "--name", "app", "--link", "base:my-db", "busybox", "sh", "-c",
                "env; cat /etc/hosts; sleep 600")
            #expect(made.status == 0, "\(made)")
            let address = try await rig.address(of: "base")
            let seen = try await daemon.pouch("exec", "app", "sh", "-c", "env; cat /etc/hosts").output
            for line in [
                "MY_DB_NAME=/app/my-db", "MY_DB_ENV_FOO=1", "MY_DB_PORT=tcp://\(address):5432",
                "MY_DB_PORT_5432_TCP_ADDR=\(address)", "\(address)\tmy-db",
            ] { #expect(seen.contains(line), "\(line) in \(seen)") }
            #expect(!seen.contains("MY_DB_ENV_PATH"))
            let refused = try await delete(daemon, "containers/app/other?link=1")
            #expect(refused.output.contains("no link other"), "\(refused)")
            #expect(try await delete(daemon, "containers/app/my-db?link=1").output == "")
            let left = try await daemon.pouch("inspect", "-f", "{{.HostConfig.Links}}", "app").trimmed
            #expect(left == "[]", "\(left)")
            #expect(try await daemon.pouch("ps", "-q").output.split(separator: "\n").count == 2)
        }
    }

    @Test("a runtime and detach keys are taken where docker-py writes them")
    func spellings() async throws {
        try await withDaemon { daemon in
            let made = try await post(
                daemon, "containers/create?name=odd", #"{"Image":"busybox","Cmd":["true"],"Runtime":"pouch"}"#)
            #expect(made.output.contains("Id"), "\(made)")
            #expect(try await daemon.pouch("inspect", "-f", "{{.HostConfig.Runtime}}", "odd").trimmed == "pouch")
            let clash = try await post(
                daemon, "containers/create?name=odder",
                #"{"Image":"busybox","Runtime":"pouch","HostConfig":{"Runtime":"runc"}}"#)
            #expect(clash.output.contains("HostConfig.Runtime names another one"), "\(clash)")
            _ = try await daemon.pouch("run", "-d", "--name", "up", "--network", "none", "busybox", "sleep", "600")
            let bad = try await post(daemon, "containers/up/exec", #"{"Cmd":["true"],"detachKeys":"ctrl-nothing"}"#)
            #expect(bad.output.contains("ctrl-nothing"), "\(bad)")
        }
    }
}

private func post(_ daemon: Daemon, _ path: String, _ body: String = "") async throws -> CommandResult {
    try await run([
        "curl", "-sN", "-X", "POST", "--unix-socket", "\(daemon.folder)/pouchd.sock", "-H",
        "Content-Type: application/json", "-d", body, "http://localhost/v1.41/\(path)",
    ])
}

private func delete(_ daemon: Daemon, _ path: String) async throws -> CommandResult {
    try await run([
        "curl", "-s", "-X", "DELETE", "--unix-socket", "\(daemon.folder)/pouchd.sock", "http://localhost/v1.41/\(path)",
    ])
}
