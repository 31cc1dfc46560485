import LinuxKernel
import TestSupport
import Testing

/// What others push we pull, what we push others pull, and archives go both ways.
///
/// Serialized, as dockerd wants the machine to itself.
@Suite("images of others and for others", .needs(.root, .tool("docker-registry"), .tool("curl")), .serialized)
struct RegistryPeersTests {
    private func withRegistry(_ body: (Daemon, DebianRegistry) async throws -> Void) async throws {
        try await withDaemon { daemon in
            let registry = try await DebianRegistry(in: daemon.folder, offset: 7)
            do {
                try await body(daemon, registry)
                await registry.stop()
            } catch {
                await registry.stop()
                throw error
            }
        }
    }

    private func withDocker(in folder: String, _ body: (String) async throws -> Void) async throws {
        let host = "unix://\(folder)/docker.sock"
        let words = [
            "dockerd", "--data-root", "\(folder)/docker-data", "--exec-root", "\(folder)/docker-exec", "-p",
            "\(folder)/docker-pid", "-H", host, "--bridge", "none", "--iptables=false", "--ip6tables=false",
        ]
        let daemon = try await withThread { () throws(SyscallError) in
            try RunningCommand(["/bin/sh", "-c", "exec \"$@\" >\(folder)/docker-log 2>&1", "sh"] + words)
        }
        let result: Result<Void, any Error>
        do {
            try await eventually { try await run(["docker", "-H", host, "version"]).status == 0 }
            result = .success(try await body(host))
        } catch { result = .failure(error) }
        daemon.signal(15)
        _ = await withThread { daemon.finish(timeout: .seconds(30)) }
        try result.get()
    }

    @Test(
        "docker pulls what we push and pushes what we pull; each loads what the other saves", .needs(.tool("dockerd")))
    func docker() async throws {
        try await withRegistry { daemon, registry in
            let (ours, theirs) = ("\(registry.authority)/ours:1", "\(registry.authority)/theirs:1")
            try await withDocker(in: daemon.folder) { host in
                func docker(_ words: String...) async throws -> String {
                    let result = try await run(["docker", "-H", host] + words)
                    #expect(result.status == 0, "docker \(words): \(result)")
                    return result.trimmed
                }
                func pouch(_ words: String...) async throws -> String {
                    let result = try await daemon.pouch(words)
                    #expect(result.status == 0, "pouch \(words): \(result)")
                    return result.trimmed
                }
                let folder = try await run(["mkdir", "\(daemon.folder)/context"])
                #expect(folder.status == 0)
                let text = "FROM busybox\nRUN echo made >/made && ln /made /link && rm /bin/ls\nENV A=b\n"
                try WholeFile.replace("\(daemon.folder)/context/Dockerfile", with: Array(text.utf8))
                _ = try await pouch("build", "-q", "--network", "none", "-t", ours, "\(daemon.folder)/context")
                _ = try await pouch("push", "-q", ours)
                _ = try await docker("pull", "-q", ours)
                let id = try await pouch("images", "-q", "--no-trunc", ours)
                #expect(try await docker("images", "-q", "--no-trunc", ours) == id)
                let show = ["run", "--rm", "--network", "none", "--entrypoint", "sh"]
                let script = "cat /made /link; test -e /bin/ls || echo gone; echo $A"
                #expect(
                    try await docker(show[0], show[1], show[2], show[3], show[4], show[5], ours, "-c", script)
                        == "made\nmade\ngone\nb")

                _ = try await docker("create", "--name", "made", ours, "true")
                _ = try await docker("cp", "\(daemon.folder)/context/Dockerfile", "made:/docker-was-here")
                _ = try await docker("commit", "made", theirs)
                _ = try await docker("push", "-q", theirs)
                _ = try await pouch("pull", "-q", theirs)
                let seen = try await pouch(
                    show[0], show[1], show[2], show[3], show[4], show[5], theirs, "-c",
                    "cat /made; cat /docker-was-here")
                #expect(seen == "made\n" + text.dropLast())
                #expect(
                    try await pouch("images", "-q", "--no-trunc", theirs)
                        == docker("images", "-q", "--no-trunc", theirs))

                // Archives: the same ids on both sides.
                let archive = "\(daemon.folder)/archive.tar"
                for (from, to) in [("docker", "pouch"), ("pouch", "docker")] {
                    if from == "docker" {
                        _ = try await docker("save", "-o", archive, theirs)
                        _ = try await pouch("rmi", "-f", theirs)
                        _ = try await pouch("load", "-q", "-i", archive)
                    } else {
                        _ = try await pouch("save", "-o", archive, theirs)
                        _ = try await docker("rmi", "-f", "made")
                        _ = try await docker("rm", "made")
                        _ = try await docker("rmi", "-f", theirs)
                        _ = try await docker("load", "-q", "-i", archive)
                    }
                    #expect(
                        try await pouch("images", "-q", "--no-trunc", theirs)
                            == docker("images", "-q", "--no-trunc", theirs),
                        "\(from) to \(to)")
                }
            }
        }
    }

    @Test(
        "what umoci made and skopeo pushed is pulled; an OCI layout of ours is umoci's to change",
        .needs(.tool("umoci"), .tool("skopeo")))
    func umoci() async throws {
        try await withRegistry { daemon, registry in
            let folder = daemon.folder
            let name = "\(registry.authority)/made/by-umoci:1"
            _ = try await daemon.pouch("tag", "busybox", "\(registry.authority)/base:1")
            #expect(try await daemon.pouch("push", "-q", "\(registry.authority)/base:1").status == 0)
            let script = """
                set -e; cd "$0"
                skopeo --insecure-policy copy -q --src-tls-verify=false docker://$1/base:1 oci:layout:base
                umoci unpack --image layout:base bundle
                echo umoci >bundle/rootfs/made; chown 12:34 bundle/rootfs/made; rm -f bundle/rootfs/bin/ls
                mkdir -p bundle/rootfs/deep/er; ln bundle/rootfs/made bundle/rootfs/deep/er/link
                umoci repack --image layout:new bundle
                umoci config --image layout:new --config.cmd cat --config.cmd /deep/er/link --config.env X=y
                skopeo --insecure-policy copy -q --dest-tls-verify=false oci:layout:new docker://$2
                """
            let made = try await run(["sh", "-c", script, folder, registry.authority, name])
            #expect(made.status == 0, "\(made)")
            let ran = try await daemon.pouch("run", "--rm", "--network", "none", name)
            #expect(ran.status == 0 && ran.output == "umoci\n", "\(ran)")
            let looked = try await daemon.pouch(
                "run", "--rm", "--network", "none", name, "sh", "-c",
                "stat -c '%u:%g %h' /made; test -e /bin/ls || echo $X")
            #expect(looked.output == "12:34 2\ny\n", "\(looked)")
            // The same layout by way of an archive.
            _ = try await run(["tar", "-C", "\(folder)/layout", "-cf", "\(folder)/layout.tar", "."])
            let loaded = try await daemon.pouch("load", "-i", "\(folder)/layout.tar")
            #expect(loaded.status == 0, "\(loaded)")
        }
    }
}
