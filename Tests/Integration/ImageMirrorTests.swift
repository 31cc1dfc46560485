import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// Images when their registry is off, and other programs that pull through a node.
@Suite(
    "images of a pool, other programs and other days", .needs(.root, .tool("docker-registry"), .tool("curl")))
struct ImageMirrorTests {
    /// Publishes an image below an index with a platform that no node has first; gives its name and the index's digest.
    private func publishIndex(_ pool: ImagePoolFixture) async throws -> (name: String, digest: String) {
        let single = try await pool.publish(megabytes: 2)
        let url = "http://\(pool.registry.authority)/v2/lib/big/manifests"
        let type = "application/vnd.oci.image.index.v1+json"
        let script = """
            set -e
            accept='Accept: application/vnd.oci.image.manifest.v1+json'
            curl -sf -H "$accept" '\(url)/1' -o '\(pool.folder)/manifest'
            digest=sha256:$(sha256sum '\(pool.folder)/manifest' | cut -d' ' -f1)
            entry() { printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}' $digest $(stat -c %s '\(pool.folder)/manifest') $1; }
            case $(uname -m) in x86_64) own=amd64 ;; *) own=arm64 ;; esac
            printf '{"schemaVersion":2,"mediaType":"\(type)","manifests":[%s,%s]}' "$(entry s390x)" "$(entry $own)" >'\(pool.folder)/index'
            curl -sf -X PUT -H 'Content-Type: \(type)' --data-binary @'\(pool.folder)/index' '\(url)/multi' >&2
            printf sha256:%s $(sha256sum '\(pool.folder)/index' | cut -d' ' -f1)
            """
        let made = try await run(["/bin/sh", "-c", script])
        try #require(made.status == 0, "\(made)")
        return (String(single.dropLast(1)) + "multi", made.output)
    }

    @Test("a prewarmed image pulls by tag and by digest with the registry off, also where it was not")
    func registryOff() async throws {
        try await withImagePool(nodes: 2) { pool in
            let (name, digest) = try await publishIndex(pool)
            let warmed = try await pool.prewarm(name, "--nodes", "node-1", "-w")
            #expect(warmed.status == 0, "\(warmed)")
            await pool.registry.stop()
            let byDigest = "\(pool.registry.authority)/lib/big@\(digest)"
            for node in pool.nodes {
                for image in [name, byDigest] {
                    let pulled = try await node.pouch("pull", image)
                    #expect(pulled.status == 0 && pulled.output.contains(digest), "\(pulled)")
                }
                let ran = try await node.pouch("run", "--rm", "--network", "none", name, "ls", "/data")
                #expect(ran.output == "big\n", "\(ran)")
            }
            // Neither a restart nor the loss of the tracker makes the node forget it.
            await pool.stopTracker()
            await pool.nodes[0].end(signal: SIGKILL)
            try await pool.nodes[0].start()
            for image in [name, byDigest] {
                let pulled = try await pool.nodes[0].pouch("pull", image)
                #expect(pulled.status == 0, "\(pulled)")
            }
            let other = try await pool.nodes[0].pouch("pull", "\(pool.registry.authority)/lib/big:other")
            #expect(other.status == 1, "\(other)")
        }
    }

    /// Asks a mirror; gives the status and the headers.
    private func ask(_ words: String...) async throws -> (status: String, text: String) {
        let answer = try await run(["curl", "-s", "-m", "20", "-D", "-", "-o", "/dev/null"] + words)
        return (String(answer.output.split(separator: " ").dropFirst().first ?? ""), answer.output.lowercased())
    }

    @Test(
        "skopeo, podman and containerd pull through nodes, from the registry once, and with the registry off",
        .needs(.tool("skopeo"), .tool("podman"), .tool("containerd"), .tool("ctr")))
    func programs() async throws {
        try await withImagePool(nodes: 2, ImagePoolOptions(hasMirrors: true)) { pool in
            let (name, digest) = try await publishIndex(pool)
            let (first, second) = (pool.mirrors[0], pool.mirrors[1])
            try await miss(first, pool)
            func skopeo(_ mirror: String, _ number: Int) async throws {
                let copied = try await run([
                    "skopeo", "copy", "--insecure-policy", "--src-tls-verify=false",
                    "docker://\(mirror)/lib/big:multi", "dir:\(pool.folder)/skopeo-\(number)",
                ])
                #expect(copied.status == 0, "\(copied)")
            }
            try await skopeo(first, 1)
            try await podman(name, second, pool)
            try await containerd(name, second, pool)
            let traffic = try await pool.traffic()
            #expect(traffic.reduce(0) { $0 + $1.received } > 2 << 20, "\(traffic)")
            #expect(traffic.reduce(0) { $0 + $1.origin } < 5 << 20, "\(traffic)")
            await pool.registry.stop()
            try await skopeo(first, 2)
            let tag = try await ask("-I", "http://\(first)/v2/lib/big/manifests/multi?ns=\(pool.registry.authority)")
            #expect(tag.status == "200" && tag.text.contains("docker-content-digest: \(digest)"), "\(tag)")
            try await missWhileOff(first, pool)
        }
    }

    /// What is not there, or not mirrored, is a quick clean 404.
    private func miss(_ mirror: String, _ pool: ImagePoolFixture) async throws {
        for path in [
            "lib/big/manifests/absent", "no/such/manifests/1",
            "lib/big/blobs/sha256:\(String(repeating: "0", count: 64))",
            "lib/big/manifests/1?ns=elsewhere.example",
        ] {
            for method in [["-I"], []] {
                let answer = try await run(
                    ["curl", "-s", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}"] + method + [
                        "http://\(mirror)/v2/\(path)"
                    ])
                #expect(answer.output == "404", "\(path): \(answer)")
            }
        }
        // What a HEAD finds a GET gives.
        let head = try await ask("-I", "http://\(mirror)/v2/lib/big/manifests/multi")
        let digest = head.text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("docker-content-digest: ") }
        let found = try #require(digest?.dropFirst("docker-content-digest: ".count))
        #expect(head.status == "200")
        #expect(try await ask("http://\(mirror)/v2/lib/big/manifests/\(found)").status == "200")
    }

    private func missWhileOff(_ mirror: String, _ pool: ImagePoolFixture) async throws {
        for _ in 0..<5 {
            #expect(try await ask("-m", "3", "http://\(mirror)/v2/lib/big/manifests/absent").status == "404")
        }
    }

    private func podman(_ name: String, _ mirror: String, _ pool: ImagePoolFixture) async throws {
        let settings = """
            [[registry]]
            location = "\(pool.registry.authority)"
            insecure = true
            [[registry.mirror]]
            location = "\(mirror)"
            insecure = true

            """
        try WholeFile.replace("\(pool.folder)/registries.conf", with: Array(settings.utf8))
        try WholeFile.replace(
            "\(pool.folder)/policy.json", with: Array(#"{"default":[{"type":"insecureAcceptAnything"}]}"#.utf8))
        let pulled = try await run(
            [
                "podman", "--root", "\(pool.folder)/podman", "--runroot", "\(pool.folder)/podman-run",
                "--storage-driver", "vfs", "pull", "--signature-policy", "\(pool.folder)/policy.json", name,
            ], environment: ["CONTAINERS_REGISTRIES_CONF": "\(pool.folder)/registries.conf"])
        #expect(pulled.status == 0, "\(pulled)")
    }

    private func containerd(_ name: String, _ mirror: String, _ pool: ImagePoolFixture) async throws {
        let hosts = "\(pool.folder)/certs.d/\(pool.registry.authority)"
        let settings = """
            server = "http://\(pool.registry.authority)"
            [host."http://\(mirror)"]
              capabilities = ["pull", "resolve"]

            """
        _ = try await run(["mkdir", "-p", hosts])
        try WholeFile.replace("\(hosts)/hosts.toml", with: Array(settings.utf8))
        let configuration = """
            version = 2
            disabled_plugins = ["io.containerd.grpc.v1.cri"]

            """
        try WholeFile.replace("\(pool.folder)/containerd.toml", with: Array(configuration.utf8))
        let socket = "\(pool.folder)/containerd.sock"
        let process = try await withThread { () throws(SyscallError) in
            try RunningCommand([
                "/bin/sh", "-c", "exec \"$@\" >'\(pool.folder)/containerd.log' 2>&1", "sh", "containerd", "--config",
                "\(pool.folder)/containerd.toml", "--root", "\(pool.folder)/containerd", "--state",
                "\(pool.folder)/containerd-state", "--address", socket,
            ])
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while try await run(["ctr", "-a", socket, "version"]).status != 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        let pulled = try await run([
            "ctr", "-a", socket, "images", "pull", "--snapshotter", "native", "--hosts-dir",
            "\(pool.folder)/certs.d", name,
        ])
        process.signal(SIGTERM)
        _ = await withThread { process.finish(timeout: .seconds(20)) }
        #expect(pulled.status == 0, "\(pulled)")
    }

    @Test("a private image goes through a mirror only to whom the registry gives it")
    func privacy() async throws {
        let options = ImagePoolOptions(hasMirrors: true, password: "secret")
        try await withImagePool(nodes: 1, options) { pool in
            let (node, mirror) = (pool.nodes[0], pool.mirrors[0])
            let image = try await pool.publish(megabytes: 1)
            #expect(try await node.pouch("pull", image).status == 1)
            #expect(try await pool.pouch(node, "pull", image).status == 0)
            let list = try await run([
                "curl", "-s", "--unix-socket", "\(node.folder)/pouchd.sock", "http://p/images/json",
            ])
            let id = try JSONValue(parsing: Array(list.output.utf8)).arrayValue?.compactMap { $0["Id"]?.stringValue }
            let config = try #require(id?.first)
            for namespace in ["", "?ns=\(pool.registry.authority)"] {
                let manifest = "http://\(mirror)/v2/lib/big/manifests/1\(namespace)"
                let blob = "http://\(mirror)/v2/lib/big/blobs/\(config)\(namespace)"
                for url in [manifest, blob] {
                    #expect(try await ask(url).status == "404")
                    #expect(try await ask("-u", "pouch:wrong", url).status == "404")
                    #expect(try await ask("-u", "pouch:secret", url).status == "200")
                    #expect(try await ask(url).status == "404")
                }
            }
        }
    }
}
