import Glibc
import LinuxKernel
import TestSupport
import Testing

/// `pouch registry serve` and pouchd's registry, with the clients that people have.
@Suite("the registry and its clients", .needs(.root))
struct RegistryProcessTests {
    /// Runs `body` with a registry on `folder`; gives it where that listens, such as `127.0.0.1:40001`.
    private func withRegistry(_ folder: String, _ flags: String..., body: (String) async throws -> Void) async throws {
        let words = [Executables.client, "registry", "serve", folder, "--listen", "127.0.0.1:0"] + flags
        let process = try await withThread { () throws(SyscallError) in try RunningCommand(words) }
        let line = await withThread { process.readOutput(until: "\n") }
        let address = line.split(separator: "/").last.map { String($0.prefix { $0 != "\n" }) } ?? ""
        try #require(line.hasPrefix("http://"), "\(line)")
        do {
            try await body(address)
        } catch {
            process.signal(SIGKILL)
            throw error
        }
        process.signal(SIGTERM)
        let end = await withThread { process.finish(timeout: .seconds(20)) }
        #expect(end.status == 0, "\(end)")
    }

    private func skopeo(_ words: String...) async throws -> CommandResult {
        try await run(["/usr/bin/skopeo"] + words, timeout: .seconds(60))
    }

    @Test("a build fetches the base image that this machine has not, and the newer one when asked")
    func buildPulls() async throws {
        try await withDaemon { daemon in
            try Loopback.up()
            try await withRegistry(daemon.folder + "/registry", "--push") { address in
                let context = daemon.folder + "/context"
                _ = try await run(["mkdir", context])
                let base = "\(address)/base:1"
                try WholeFile.replace(
                    "\(context)/Dockerfile", with: Array("FROM \(base)\nRUN cat /etc/mark || true\n".utf8))
                _ = try await daemon.pouch("tag", "busybox", base)
                #expect(try await daemon.pouch("push", base).status == 0)
                _ = try await daemon.pouch("rmi", base)
                let built = try await daemon.pouch("build", "--network", "none", "-t", "built:1", context)
                #expect(built.status == 0 && built.output.contains("Pulling \(base)"), "\(built)")
                #expect(
                    try await daemon.pouch("build", "--network", "none", context).output.contains("Pulling") == false)
                let pulled = try await daemon.pouch("build", "--network", "none", "--pull", context)
                #expect(pulled.status == 0 && pulled.output.contains("Pulling \(base)"), "\(pulled)")
                try WholeFile.replace("\(context)/Dockerfile", with: Array("FROM \(address)/absent\n".utf8))
                let absent = try await daemon.pouch("build", context)
                #expect(absent.status == 1 && absent.errors.contains("no such image: \(address)/absent"), "\(absent)")
            }
        }
    }

    @Test("skopeo pushes, lists and pulls what it pushed, byte for byte", .needs(.tool("skopeo")))
    func skopeoRoundTrip() async throws {
        try await withScratchDirectory { folder in
            let archive = folder + "/image.tar"
            try await makeImage(archive, below: folder)
            try Loopback.up()
            try await withRegistry(folder + "/registry", "--push") { address in
                let pushed = try await skopeo(
                    "copy", "--insecure-policy", "--dest-tls-verify=false", "docker-archive:\(archive)",
                    "docker://\(address)/team/app:1")
                #expect(pushed.status == 0, "\(pushed)")
                let tags = try await skopeo("list-tags", "--tls-verify=false", "docker://\(address)/team/app")
                #expect(tags.output.contains("\"1\""))
                let pulled = try await skopeo(
                    "copy", "--insecure-policy", "--src-tls-verify=false", "docker://\(address)/team/app:1",
                    "dir:\(folder)/out")
                #expect(pulled.status == 0, "\(pulled)")
            }
            // Without --push nothing changes, and everything is served.
            try await withRegistry(folder + "/registry") { address in
                let refused = try await skopeo(
                    "copy", "--insecure-policy", "--dest-tls-verify=false", "docker-archive:\(archive)",
                    "docker://\(address)/team/app:2")
                #expect(refused.status != 0 && refused.errors.contains("read-only"), "\(refused)")
                let pulled = try await skopeo(
                    "copy", "--insecure-policy", "--src-tls-verify=false", "docker://\(address)/team/app:1",
                    "dir:\(folder)/again")
                #expect(pulled.status == 0, "\(pulled)")
            }
            let differs = try await run(["/usr/bin/diff", "-r", "\(folder)/out", "\(folder)/again"])
            #expect(differs.status == 0, "\(differs)")
        }
    }

    @Test("pouchd serves its images read-only, and a check finds what the disk damaged", .needs(.tool("skopeo")))
    func daemon() async throws {
        try Loopback.up()
        try await withDaemon(flags: ["--registry-listen", "127.0.0.1:35791"]) { daemon in
            let pulled = try await skopeo(
                "copy", "--insecure-policy", "--src-tls-verify=false",
                "docker://127.0.0.1:35791/library/busybox:latest",
                "oci:\(daemon.folder)/out:1")
            #expect(pulled.status == 0, "\(pulled)")
            let usage = try await daemon.pouch("system", "df")
            #expect(usage.output.contains("Image Blobs"), "\(usage)")
            let sound = try await daemon.pouch("system", "check")
            #expect(sound.status == 0 && sound.output.contains("0 problems"), "\(sound)")
            let blobs = "\(daemon.folder)/data/content/blobs/sha256"
            let largest = try Files.list(blobs).max {
                try Files.status("\(blobs)/\($0)").size < Files.status("\(blobs)/\($1)").size
            }
            let victim = try #require(largest)
            try WholeFile.replace("\(blobs)/\(victim)", with: [1, 2, 3])
            let damaged = try await daemon.pouch("system", "check")
            #expect(damaged.status == 1, "\(damaged)")
            #expect(damaged.output.contains("sha256:\(victim): corrupted (image busybox:latest)"), "\(damaged)")
        }
    }

    @Test("a registry that others could reach wants TLS")
    func open() async throws {
        try await withScratchDirectory { folder in
            for flags in [["--listen", "0.0.0.0:0"], ["--listen", "nonsense"], ["--tls-cert", "/x"]] {
                let result = try await run(
                    [Executables.client, "registry", "serve", folder] + flags, timeout: .seconds(10))
                #expect(result.status == 1 && !result.errors.isEmpty && !result.timedOut, "\(result)")
            }
        }
    }

    /// A docker archive of one small image, made without a daemon.
    private func makeImage(_ path: String, below folder: String) async throws {
        try Files.makeDirectory(folder + "/layer", mode: 0o755)
        try WholeFile.replace(folder + "/layer/file", with: (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let script = """
            set -e; cd '\(folder)'; tar -C layer -cf layer.tar .
            sum=$(sha256sum layer.tar | cut -d' ' -f1)
            printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' $sum >config.json
            printf '[{"Config":"config.json","RepoTags":["app:1"],"Layers":["layer.tar"]}]' >manifest.json
            tar -cf '\(path)' config.json layer.tar manifest.json
            """
        let made = try await run(["/bin/sh", "-c", script])
        try #require(made.status == 0, "\(made)")
    }
}

/// The loopback interface of the network namespace that the tests run in.
private enum Loopback {
    static func up() throws {
        _ = try runBlocking(["/bin/sh", "-c", "ip link set lo up || ifconfig lo up"])
    }
}
