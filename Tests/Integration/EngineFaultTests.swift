import JSON
import LinuxKernel
import TestSupport
import Testing

/// One clear error for each bad input, and nothing lost or half-made.
@Suite("bad input", .needs(.root))
struct EngineFaultTests {
    @Test("an unknown image names near ones and exits 125")
    func unknownImage() async throws {
        try await withDaemon { daemon in
            let result = try await daemon.pouch("run", "--rm", "--network", "none", "busybx", "true")
            #expect(result.status == 125)
            #expect(result.errors.contains("Unable to find image 'busybx:latest' locally"), "\(result)")
            #expect(result.errors.contains("did you mean busybox"), "\(result)")
        }
    }

    @Test("an archive that is none leaves no image behind")
    func unreadableArchive() async throws {
        try await withDaemon { daemon in
            let before = try await daemon.pouch("images", "-aq").output
            try WholeFile.replace("\(daemon.folder)/bad.tar", with: Array(repeating: 0x5a, count: 70_000))
            let loaded = try await daemon.pouch("load", "-i", "\(daemon.folder)/bad.tar")
            #expect(loaded.status == 1)
            #expect(!loaded.errors.isEmpty)
            #expect(try await daemon.pouch("images", "-aq").output == before)
            let imported = try await daemon.pouch("import", "\(daemon.folder)/bad.tar", "bad:latest")
            #expect(imported.status == 1, "\(imported)")
            #expect(try await daemon.pouch("images", "-aq").output == before)
        }
    }

    @Test("a full disk is one error, and the engine goes on")
    func fullDisk() async throws {
        try await withScratchDirectory { folder in
            let small = "\(folder)/small"
            _ = try await run(["mkdir", small])
            #expect(try await run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small]).status == 0)
            let daemon = try await Daemon.start(in: small)
            try await daemon.importBusybox()
            #expect(
                try await run(["sh", "-c", "dd if=/dev/zero of=\(small)/filler bs=1M 2>/dev/null; true"]).status == 0)
            let full = try await daemon.pouch("import", "\(small)/busybox.tar", "second:latest")
            #expect(full.status != 0, "\(full)")
            #expect(full.errors.lowercased().contains("no space left"), "\(full)")
            _ = try await run(["rm", "\(small)/filler"])
            #expect(try await daemon.pouch("import", "\(small)/busybox.tar", "second:latest").status == 0)
            #expect(try await daemon.pouch("run", "--rm", "--network", "none", "second", "echo", "ok").output == "ok\n")
            try await daemon.stop()
        }
    }

    @Test("a request's id is in what the shim says of it")
    func requestIDReachesTheShim() async throws {
        try await withDaemon { daemon in
            let socket = String(daemon.host.dropFirst("unix://".count))
            func post(_ path: String, _ body: String) async throws -> CommandResult {
                try await run([
                    "curl", "-s", "--unix-socket", socket, "-H", "Content-Type: application/json", "-H",
                    "X-Request-Id: made-by-hand", "-d", body, "http://localhost/v1.41/\(path)",
                ])
            }
            _ = try await daemon.pouch("run", "-d", "--name", "traced", "--network", "none", "busybox", "sleep", "600")
            let container = try await daemon.pouch("inspect", "-f", "{{.Id}}", "traced").trimmed
            let made = try await post("containers/traced/exec", #"{"Cmd": ["/no/such/program"]}"#)
            let exec = try JSONField(JSONValue(parsing: Array(made.output.utf8)))["Id"].string()
            _ = try await post("exec/\(exec)/start", #"{"Detach": true}"#)
            let log = try WholeFile.read("\(daemon.folder)/exec/containers/\(container)/shim.log")
            #expect(String(decoding: log, as: UTF8.self).contains("request made-by-hand: exec"))
        }
    }

    @Test("bad JSON names what is wrong")
    func badJSON() async throws {
        try await withDaemon { daemon in
            let socket = String(daemon.host.dropFirst("unix://".count))
            let answer = try await run([
                "curl", "-s", "--unix-socket", socket, "-H", "Content-Type: application/json", "-d", "{\"Image\": 5}",
                "http://localhost/v1.41/containers/create",
            ])
            #expect(answer.output.contains("Image"), "\(answer)")
            #expect(answer.output.contains("message"), "\(answer)")
        }
    }

    @Test("a limit of few descriptors holds for the program, not for its making")
    func fewDescriptors() async throws {
        try await withDaemon { daemon in
            let words = ["--ulimit", "nofile=12:14", "busybox", "sh", "-c", "ulimit -n; ulimit -Hn"]
            let seen = try await run(
                [Executables.client, "-H", daemon.host, "run", "--rm", "--network", "none"] + words)
            #expect(seen.output == "12\n14\n", "\(seen)")
        }
    }

    @Test("a network that is not there is refused by name, and no container is left")
    func unknownNetwork() async throws {
        try await withDaemon { daemon in
            let result = try await daemon.pouch("run", "--rm", "--network", "mynet", "busybox", "true")
            #expect(result.status == 125)
            #expect(result.errors.contains("mynet"), "\(result)")
            #expect(try await daemon.pouch("ps", "-aq").output == "")
        }
    }
}
