import LinuxKernel
import TestSupport
import Testing

/// Pulls and pushes against Debian's docker-registry.
@Suite("images and a registry", .needs(.root, .tool("docker-registry"), .tool("curl")))
struct RegistryTests {
    private func withRegistry(_ body: (Daemon, DebianRegistry) async throws -> Void) async throws {
        try await withDaemon { daemon in
            let registry = try await DebianRegistry(in: daemon.folder)
            do {
                try await body(daemon, registry)
                await registry.stop()
            } catch {
                await registry.stop()
                throw error
            }
        }
    }

    @Test("what is pushed can be pulled again and run; a second repository gets its layers without an upload")
    func roundTrip() async throws {
        try await withRegistry { daemon, registry in
            let name = "\(registry.authority)/lib/box:1"
            _ = try await daemon.pouch("tag", "busybox", name)
            let pushed = try await daemon.pouch("push", name)
            #expect(pushed.status == 0 && pushed.output.contains(": Pushed\n"), "\(pushed)")
            let digest =
                pushed.output.split(separator: " ").first { $0.hasPrefix("sha256:") }.map(String.init) ?? "none"
            let again = try await daemon.pouch("push", name)
            #expect(again.output.contains(": Layer already exists\n"), "\(again)")
            let other = "\(registry.authority)/other/box:2"
            _ = try await daemon.pouch("tag", name, other)
            let mounted = try await daemon.pouch("push", other)
            #expect(mounted.output.contains(": Mounted from lib/box\n"), "\(mounted)")
            let id = try await daemon.pouch("images", "-q", "--no-trunc", name).trimmed
            #expect(try await daemon.pouch("rmi", "-f", "busybox", name, other).status == 0)
            #expect(try await daemon.pouch("images", "-aq").trimmed == "")
            let ran = try await daemon.pouch("run", "--rm", "--network", "none", name, "echo", "hello")
            #expect(ran.status == 0 && ran.output == "hello\n", "\(ran)")
            #expect(ran.errors.contains(": Pull complete\n"))
            #expect(try await daemon.pouch("images", "-q", "--no-trunc", name).trimmed == id)
            let byDigest = try await daemon.pouch("pull", "\(registry.authority)/lib/box@\(digest)")
            #expect(byDigest.status == 0 && byDigest.output.contains("Already exists"), "\(byDigest)")
        }
    }

    @Test("what is not there, and what nobody serves, is said in one line")
    func refusals() async throws {
        try await withRegistry { daemon, registry in
            let missing = try await daemon.pouch("pull", "\(registry.authority)/no/such:1")
            #expect(missing.status == 1 && missing.errors.contains("manifest unknown"), "\(missing)")
            await registry.stop()
            let silent = try await daemon.pouch("pull", "\(registry.authority)/no/such:1")
            #expect(silent.status == 1 && silent.errors.split(separator: "\n").count == 1, "\(silent)")
        }
    }

    @Test("skopeo's copy of what we pushed and ours of what skopeo pushed are the same", .needs(.tool("skopeo")))
    func interoperation() async throws {
        try await withRegistry { daemon, registry in
            let name = "\(registry.authority)/sk/box:1"
            _ = try await daemon.pouch("tag", "busybox", name)
            #expect(try await daemon.pouch("push", "-q", name).status == 0)
            let copied = try await run([
                "skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false",
                "docker://\(name)", "docker://\(registry.authority)/sk/copy:1",
            ])
            #expect(copied.status == 0, "\(copied)")
            let id = try await daemon.pouch("images", "-q", "--no-trunc", name).trimmed
            #expect(try await daemon.pouch("pull", "-q", "\(registry.authority)/sk/copy:1").status == 0)
            #expect(
                try await daemon.pouch("images", "-q", "--no-trunc", "\(registry.authority)/sk/copy:1").trimmed == id)
        }
    }

    @Test("a daemon killed while it pulls goes on where it was and fetches no whole layer again")
    func resumes() async throws {
        try await withRegistry { daemon, registry in
            let name = "\(registry.authority)/big/image:1"
            try await Self.push(layers: 6, megabytes: 8, as: name, daemon, registry)
            for kill in 0..<4 {
                async let pulling = try? daemon.pouch("pull", name)
                // Kills come at four stages of the work, told by what has arrived.
                let deadline = ContinuousClock.now + .seconds(20)
                while ContinuousClock.now < deadline, Self.arrived(daemon) < kill { await Task.yield() }
                await daemon.end(signal: 9)
                _ = await pulling
                try await daemon.start()
                #expect(try await daemon.pouch("images", "-q", name).trimmed == "")
            }
            let whole = Set(try Files.list("\(daemon.folder)/data/content/blobs/sha256"))
            let before = registry.fetches.count
            let pulled = try await daemon.pouch("pull", name)
            #expect(pulled.status == 0, "\(pulled)")
            let since = registry.fetches.dropFirst(before)
            #expect(since.allSatisfy { line in !whole.contains { line.contains($0) } || line.contains("\" 200 4") })
            let listed = try await daemon.pouch("run", "--rm", "--network", "none", name, "ls", "/")
            #expect(listed.output.contains("f0") && listed.output.contains("f5"), "\(listed)")
        }
    }

    @Test("a daemon killed while it pushes has lost nothing, and pushes again")
    func killedPushes() async throws {
        try await withRegistry { daemon, registry in
            let source = "\(registry.authority)/kept/image:1"
            try await Self.push(layers: 3, megabytes: 6, as: source, daemon, registry)
            #expect(try await daemon.pouch("pull", "-q", source).status == 0)
            let id = try await daemon.pouch("images", "-q", "--no-trunc", source).trimmed
            for round in 0..<5 {
                let name = "\(registry.authority)/killed\(round)/image:1"
                _ = try await daemon.pouch("tag", source, name)
                let before = registry.requests.count
                async let pushing = try? daemon.pouch("push", name)
                let deadline = ContinuousClock.now + .seconds(20)
                while ContinuousClock.now < deadline, registry.requests.count < before + 3 * round {
                    await Task.yield()
                }
                await daemon.end(signal: 9)
                let wasPushed = await pushing?.status == 0
                try await daemon.start()
                #expect(try await daemon.pouch("system", "check").status == 0)
                #expect(try await daemon.pouch("images", "-q", "--no-trunc", name).trimmed == id)
                let manifest = "http://\(registry.authority)/v2/killed\(round)/image/manifests/1"
                let accepted = "Accept: application/vnd.oci.image.manifest.v1+json"
                if wasPushed {
                    #expect(try await run(["curl", "-sfo", "/dev/null", "-H", accepted, manifest]).status == 0)
                }
                let again = try await daemon.pouch("push", "-q", name)
                #expect(again.status == 0, "\(again)")
                _ = try await daemon.pouch("rmi", name)
                #expect(try await daemon.pouch("pull", "-q", name).status == 0)
            }
        }
    }

    @Test("a registry that dies while it is asked is waited for", .timeLimit(.minutes(1)))
    func registryRestarts() async throws {
        try await withRegistry { daemon, registry in
            let name = "\(registry.authority)/big/image:2"
            try await Self.push(layers: 4, megabytes: 16, as: name, daemon, registry)
            async let pulling = daemon.pouch("pull", name)
            let deadline = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < deadline, registry.fetches.count < 2 { await Task.yield() }
            await registry.stop()
            try await registry.start()
            let pulled = try await pulling
            #expect(pulled.status == 0, "\(pulled)")
        }
    }

    /// How many layers are whole.
    private static func arrived(_ daemon: Daemon) -> Int {
        let blobs = (try? Files.list("\(daemon.folder)/data/content/blobs/sha256")) ?? []
        let partial = (try? Files.list("\(daemon.folder)/data/content/ingest")) ?? []
        return max(0, blobs.count - 3) + (partial.isEmpty ? 0 : 1)
    }

    /// Makes an image whose layers do not shrink, pushes it and forgets it here.
    private static func push(
        layers: Int, megabytes: Int, as name: String, _ daemon: Daemon, _ registry: DebianRegistry
    ) async throws {
        var below = "busybox"
        for layer in 0..<layers {
            let made = try await daemon.pouch(
                "run", "--network", "none", "--name", "make\(layer)", below, "sh", "-c",
                "dd if=/dev/urandom of=/f\(layer) bs=1048576 count=\(megabytes)")
            #expect(made.status == 0, "\(made)")
            below = layer == layers - 1 ? name : "step\(layer)"
            _ = try await daemon.pouch("commit", "make\(layer)", below)
            _ = try await daemon.pouch("rm", "make\(layer)")
        }
        let pushed = try await daemon.pouch("push", "-q", name)
        #expect(pushed.status == 0, "\(pushed)")
        for layer in (0..<layers - 1).reversed() { _ = try await daemon.pouch("rmi", "-f", "step\(layer)") }
        let gone = try await daemon.pouch("rmi", "-f", name)
        #expect(gone.status == 0, "\(gone)")
    }
}
