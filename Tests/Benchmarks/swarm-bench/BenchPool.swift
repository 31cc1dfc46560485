import Glibc
import JSON
import LinuxKernel
import TestSupport

/// A registry, a tracker and daemons in namespaces of their own.
final class BenchPool: Sendable {
    private let folder: String
    private let programs: String
    private let spaces: Spaces
    private let servers: [Server]
    private let nodes: [Server]

    /// A process that is used from one thread at a time.
    private final class Server: @unchecked Sendable {
        let process: RunningCommand
        init(_ words: [String], log: String) throws {
            process = try RunningCommand(["/bin/sh", "-c", "exec \"$@\" >'\(log)' 2>&1", "sh"] + words)
        }
    }

    /// What went through one node, in bytes.
    struct Traffic {
        var origin = 0
        var sent = 0
        /// The lengths of all blobs together.
        var whole = 0
    }

    /// With `python` the registry makes its only image up, see ``publishZeros(bytes:)``.
    init(in folder: String, programs: String, nodes count: Int, flags: [String], python: String?) async throws {
        self.folder = folder
        self.programs = programs
        spaces = try await Spaces(count)
        let registry: [String]
        if let python {
            try WholeFile.replace("\(folder)/registry.py", with: Array(ZeroRegistry.script.utf8))
            registry = [python, "\(folder)/registry.py", Spaces.bridge, "\(folder)/zeros"]
        } else {
            let settings = """
                version: 0.1
                log: {level: error, accesslog: {disabled: true}}
                storage: {filesystem: {rootdirectory: \(folder)/registry}}
                http: {addr: "\(Spaces.bridge):5000"}

                """
            try WholeFile.replace("\(folder)/registry.yml", with: Array(settings.utf8))
            registry = ["docker-registry", "serve", "\(folder)/registry.yml"]
        }
        servers = [
            try Server(registry, log: "\(folder)/registry.log"),
            try Server(
                [
                    "\(programs)/pouch-server", "tracker", "serve", "--state", "\(folder)/tracker", "--socket",
                    "\(folder)/tracker.sock", "--listen", "\(Spaces.bridge):7950", "--insecure-registry",
                    "10.213.78.0/24",
                ], log: "\(folder)/tracker.log"),
        ]
        try await Self.waitFor("the tracker") { [folder] in Files.exists("\(folder)/tracker.sock") }
        var made: [Server] = []
        for number in 0..<count {
            let home = "\(folder)/node-\(number)"
            try Files.makeDirectory(home, mode: 0o755)
            let token = try await TestSupport.run([
                "\(programs)/pouch-server", "tracker", "token", "--state", "\(folder)/tracker",
            ])
            try WholeFile.replace("\(home)/token", with: Array(token.output.utf8))
            made.append(
                try Server(
                    Spaces.prefix(of: number) + Self.daemon(programs, home)
                        + [
                            "--pool-tracker", "\(Spaces.bridge):7950", "--pool-token-file", "\(home)/token",
                            "--pool-node",
                            "node-\(number)",
                        ] + flags, log: "\(home)/log"))
        }
        nodes = made
    }

    /// Waits until every node is a member.
    func joined() async throws {
        for number in nodes.indices {
            try await Self.waitFor("node \(number)") {
                try await pouch(number, ["distribution", "status"]).status == 0
            }
        }
    }

    private static func daemon(_ programs: String, _ home: String) -> [String] {
        [
            "\(programs)/pouchd", "--data-root", "\(home)/data", "--exec-root", "\(home)/exec", "--pidfile",
            "\(home)/pid",
            "-H", "unix://\(home)/pouchd.sock", "--bridge", "none", "--cgroup-parent", "/pouch-swarm",
            "--insecure-registry", "10.213.78.0/24",
        ]
    }

    private static func waitFor(_ what: String, _ isThere: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !isThere() {
            guard ContinuousClock.now < deadline else { throw BenchError(description: "\(what) does not answer") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func pouch(_ home: String, _ words: [String], timeout: Duration = .seconds(600)) async throws
        -> CommandResult
    {
        try await TestSupport.run(
            ["\(programs)/pouch", "-H", "unix://\(home)/pouchd.sock"] + words, timeout: timeout)
    }

    private func pouch(_ node: Int, _ words: [String], timeout: Duration = .seconds(600)) async throws -> CommandResult
    {
        try await pouch("\(folder)/node-\(node)", words, timeout: timeout)
    }

    // MARK: images

    /// Builds an image of so many layers of random bytes, with a daemon that is not in the pool, and pushes it.
    func publish(_ name: String, layers: Int, bytes: Int) async throws -> String {
        let home = "\(folder)/publisher-\(name)"
        let image = "\(Spaces.bridge):5000/lib/\(name):1"
        try Files.makeDirectory(home, mode: 0o755)
        try Files.makeDirectory("\(home)/context", mode: 0o755)
        var text = "FROM scratch\n"
        for layer in 0..<layers {
            try await Spaces.sh("head -c \(bytes) /dev/urandom > '\(home)/context/file-\(layer)'")
            text += "COPY file-\(layer) /\n"
        }
        try WholeFile.replace("\(home)/context/Dockerfile", with: Array(text.utf8), mode: 0o644)
        let publisher = try Server(Self.daemon(programs, home), log: "\(home)/log")
        try await Self.waitFor("the publisher") { try await pouch(home, ["version"]).status == 0 }
        for words in [["build", "-t", image, "\(home)/context"], ["push", "-q", image]] {
            let result = try await pouch(home, words)
            guard result.status == 0 else { throw BenchError(description: "publisher: \(result)") }
        }
        await end([publisher])
        return image
    }

    /// An image with one layer, which is one file of zeros; the registry makes its bytes as it sends them.
    func publishZeros(bytes: Int) async throws -> String {
        try WholeFile.replace("\(folder)/zeros", with: Array("\(bytes)".utf8))
        try await Self.waitFor("the registry") {
            try await TestSupport.run(["curl", "-sf", "http://\(Spaces.bridge):5000/v2/"]).status == 0
        }
        return "\(Spaces.bridge):5000/lib/zeros:1"
    }

    /// Pulls on these nodes at once; gives the seconds until the slowest had unpacked it.
    func pull(_ image: String, on nodes: [Int], timeout: Duration = .seconds(600)) async throws -> Double {
        let clock = ContinuousClock()
        let began = clock.now
        try await withThrowingTaskGroup(of: (Int, CommandResult).self) { group in
            for node in nodes {
                group.addTask { (node, try await self.pouch(node, ["pull", "-q", image], timeout: timeout)) }
            }
            for try await (node, result) in group where result.status != 0 {
                throw BenchError(description: "node \(node): \(result)")
            }
        }
        let took = (clock.now - began).components
        return Double(took.seconds) + Double(took.attoseconds) / 1e18
    }

    // MARK: what they did

    func shape(up: Int, down: Int?) async throws { try await spaces.shape(up: up, down: down) }

    func traffic(of node: Int) async throws -> Traffic {
        let result = try await TestSupport.run([
            "curl", "-s", "--unix-socket", "\(folder)/node-\(node)/pouchd.sock", "http://pouch/pool/status",
        ])
        let status = try JSONValue(parsing: Array(result.output.utf8))
        func number(_ value: JSONValue?) -> Int { Int(value?.intValue ?? 0) }
        return Traffic(
            origin: number(status["origin"]), sent: number(status["sent"]),
            whole: (status["blobs"]?.arrayValue ?? []).reduce(0) { $0 + number($1["size"]) })
    }

    /// Of all daemons.
    func processorSeconds() -> Double {
        nodes.reduce(0) { sum, node in
            guard let bytes = try? WholeFile.read("/proc/\(node.process.pid)/stat") else { return sum }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.lastIndex(of: ")") else { return sum }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return sum }
            return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    /// The most memory that a daemon held at any time, in 10^6 bytes.
    func peakMegabytes(of node: Int) -> Double {
        guard let bytes = try? WholeFile.read("/proc/\(nodes[node].process.pid)/status") else { return .infinity }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let digits = line.filter(\.isNumber)
            return (Double(digits) ?? .infinity) * 1024 / 1e6
        }
        return .infinity
    }

    func tellLogs() {
        for path in ["tracker.log", "registry.log", "node-0/log", "node-1/log"] {
            guard let bytes = try? WholeFile.read("\(folder)/\(path)") else { continue }
            print("--- \(path)\n\(String(decoding: bytes.suffix(1500), as: UTF8.self))")
        }
    }

    private func end(_ servers: [Server]) async {
        // Nothing of theirs is wanted any more.
        for server in servers { server.process.signal(SIGKILL) }
        for server in servers { _ = await withThread { server.process.finish(timeout: .seconds(20)) } }
    }

    func stop() async { await end(nodes + servers) }
}

/// A registry with one image, whose only layer is an archive of one file of zeros.
enum ZeroRegistry {
    static let script = """
        import hashlib, http.server, json, os, re, sys, tarfile, threading
        host, order = sys.argv[1], sys.argv[2]
        state, lock = {}, threading.Lock()
        def image():
            with lock:
                if state: return state
                size = int(open(order).read())
                entry = tarfile.TarInfo("zeros")
                entry.size = size
                state["head"] = entry.tobuf(tarfile.USTAR_FORMAT)
                state["length"] = 512 + (size + 511) // 512 * 512 + 1024
                digest, left, block = hashlib.sha256(state["head"]), state["length"] - 512, bytes(1 << 20)
                while left:
                    digest.update(block[:min(left, len(block))])
                    left -= min(left, len(block))
                state["layer"] = "sha256:" + digest.hexdigest()
                config = json.dumps({"architecture": "amd64" if os.uname().machine == "x86_64" else "arm64", "os": "linux",
                    "config": {}, "rootfs": {"type": "layers", "diff_ids": [state["layer"]]}}).encode()
                state["config"] = "sha256:" + hashlib.sha256(config).hexdigest()
                manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": state["config"],
                               "size": len(config)},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": state["layer"],
                                "size": state["length"]}]}).encode()
                state["texts"] = {state["config"]: config, "1": manifest,
                                  "sha256:" + hashlib.sha256(manifest).hexdigest(): manifest}
                return state
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *words): pass
            def do_HEAD(self): self.answer(False)
            def do_GET(self): self.answer(True)
            def answer(self, body):
                if self.path == "/v2/": return self.give(b"{}", "application/json", body)
                name = self.path.split("/")[-1]
                known = image()
                if name == known["layer"]: return self.stream(known, body)
                text = known["texts"].get(name)
                if text is None: return self.send_error(404)
                kind = "application/vnd.oci.image.manifest.v1+json" if b"schemaVersion" in text else "application/json"
                self.give(text, kind, body)
            def give(self, text, kind, body):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(text).hexdigest())
                self.end_headers()
                if body: self.wfile.write(text)
            def stream(self, known, body):
                first, last = 0, known["length"] - 1
                wanted = re.match(r"bytes=(\\d+)-(\\d*)$", self.headers.get("Range") or "")
                if wanted:
                    first, last = int(wanted[1]), min(last, int(wanted[2])) if wanted[2] else last
                self.send_response(206 if wanted else 200)
                if wanted: self.send_header("Content-Range", "bytes %d-%d/%d" % (first, last, known["length"]))
                self.send_header("Content-Length", str(last + 1 - first))
                self.end_headers()
                if not body: return
                head, block = known["head"], bytes(1 << 18)
                if first < len(head):
                    part = head[first:last + 1]
                    self.wfile.write(part)
                    first += len(part)
                while first <= last:
                    count = min(len(block), last + 1 - first)
                    self.wfile.write(block[:count])
                    first += count
        http.server.ThreadingHTTPServer((host, 5000), Handler).serve_forever()

        """
}
