import Glibc
import LinuxKernel
import TestSupport
import Testing

/// A pool as people make it: `pouch pool init`, a server, nodes that join with one-time tokens over mutual TLS.
@Suite("a pool over mutual TLS", .needs(.root, .tool("kubectl"), .tool("curl")), .serialized)  // one server each
struct PoolJoinTests {
    struct Rig: Sendable {
        let folder: String
        let address: String
        let firstToken: String
        private let port: String

        init(folder: String, address: String, firstToken: String) {
            (self.folder, self.address, self.firstToken) = (folder, address, firstToken)
            port = String(address.split(separator: ":").last ?? "")
        }

        var pool: String { "\(folder)/pool" }

        func pouch(_ words: String..., environment: [String: String] = [:]) async throws -> CommandResult {
            try await run([Executables.client] + words, environment: environment.merging(configuration) { $1 })
        }
        func kubectl(_ words: String..., input: String? = nil) async throws -> CommandResult {
            try await run(
                ["kubectl", "--cache-dir", "\(folder)/cache"] + words, environment: configuration, input: input)
        }
        private var configuration: [String: String] { ["KUBECONFIG": "\(pool)/kubeconfig", "HOME": folder] }

        /// A new token in a file that a daemon can read.
        func tokenFile(_ name: String) async throws -> String {
            let made = try await pouch("pool", "token", "--data", pool)
            try #require(made.status == 0, "\(made)")
            let path = "\(folder)/\(name)"
            try WholeFile.replace(path, with: Array(made.output.utf8))
            return path
        }

        /// What a request with a node's certificate gets: the code.
        func ask(_ path: String, of node: String, method: String = "GET", body: String? = nil) async throws -> String {
            let member = "\(node)/member"
            let data = body.map { ["-H", "Content-Type: application/merge-patch+json", "-d", $0] } ?? []
            return try await run(
                [
                    "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "--cacert",
                    "\(member)/ca.crt",
                    "--cert", "\(member)/node.pem", "\(address)\(path)",
                ] + data
            ).output
        }

        /// Tries until `holds`, for half a minute.
        func until(_ what: String, _ holds: () async throws -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(30)
            while ContinuousClock.now < deadline {
                if try await holds() { return }
                try await Task.sleep(for: .milliseconds(100))
            }
            throw DaemonNotReady(log: "it never happened: \(what)")
        }
    }

    private func withRig(_ flags: [String] = [], _ body: @Sendable (Rig) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            try await bringLoopbackUp()
            let pool = "\(folder)/pool"
            let made = try await run(
                [
                    Executables.client, "pool", "init", "--data", pool, "--listen", "127.0.0.1:16443", "--address",
                    "127.0.0.1",
                ])
            try #require(made.status == 0, "\(made)")
            let token = made.output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("POUCH_JOIN_TOKEN=") }
            let again = try await run([Executables.client, "pool", "init", "--data", pool])
            #expect(again.status == 1, "\(again)")
            let words = ["serve", "--data", pool, "--listen", "127.0.0.1:0"] + flags
            try await withPoolServer(in: folder, words) { server in
                try #require(server.address.hasPrefix("https://"))
                try await body(try rig(folder, pool, server.address, token))
            }
        }
    }

    private func rig(_ folder: String, _ pool: String, _ address: String, _ token: Substring?) throws -> Rig {
        let configured = String(decoding: try WholeFile.read("\(pool)/kubeconfig"), as: UTF8.self)
        try WholeFile.replace(
            "\(pool)/kubeconfig", with: Array(configured.replacing("https://127.0.0.1:16443", with: address).utf8))
        return Rig(
            folder: folder, address: address, firstToken: String(token?.dropFirst("POUCH_JOIN_TOKEN=".count) ?? ""))
    }

    @Test("tokens let one node in; used, revoked, too old and foreign ones are refused, each with its reason")
    func tokens() async throws {
        try await withRig { rig in
            func join(_ name: String, _ token: String) async throws -> CommandResult {
                try await rig.pouch(
                    "pool", "join", rig.address, "--data-root", "\(rig.folder)/\(name)", "--node-name", name,
                    environment: ["POUCH_JOIN_TOKEN": token])
            }
            let first = try await join("n1", rig.firstToken)
            #expect(first.status == 0 && first.output.contains("node n1 is a member"), "\(first)")
            let used = try await join("n2", rig.firstToken)
            #expect(used.status == 1 && used.errors.contains("used already by n1"), "\(used)")
            let revoked = try await rig.pouch("pool", "token", "--data", rig.pool).output.filter { !$0.isWhitespace }
            #expect(try await rig.pouch("pool", "token", "revoke", "--data", rig.pool, revoked).status == 0)
            let refused = try await join("n2", revoked)
            #expect(refused.status == 1 && refused.errors.contains("was revoked"), "\(refused)")
            let old = try await rig.pouch("pool", "token", "create", "--data", rig.pool, "--minutes=-1").output
            let late = try await join("n2", old.filter { !$0.isWhitespace })
            #expect(late.status == 1 && late.errors.contains("too old"), "\(late)")
            let unknown = "pouch-\(String(repeating: "0", count: 32))-\(rig.firstToken.suffix(64))"
            let stranger = try await join("n2", unknown)
            #expect(stranger.status == 1 && stranger.errors.contains("none of this pool's"), "\(stranger)")
            let foreign = try await join(
                "n2", "pouch-\(String(repeating: "0", count: 32))-\(String(repeating: "0", count: 64))")
            #expect(foreign.status == 1 && foreign.errors.contains("another authority"), "\(foreign)")
            let listed = try await rig.pouch("pool", "token", "ls", "--data", rig.pool)
            #expect(listed.output.contains("used by n1") && listed.output.contains("revoked"), "\(listed)")
            // A node touches what is its own, and nothing of others.
            let node = "\(rig.folder)/n1"
            for path in ["/api/v1/secrets", "/api/v1/pods", "/api/v1/nodes/n2", "/apis/policy/v1/poddisruptionbudgets"]
            {
                #expect(try await rig.ask(path, of: node) == "403", "\(path)")
            }
            #expect(try await rig.ask("/api/v1/nodes/n1", of: node) == "404")
            #expect(try await rig.ask("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", of: node) == "200")
            #expect(try await rig.ask("/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", of: node) == "403")
            #expect(try await rig.ask("/api/v1/nodes/n2", of: node, method: "PATCH", body: "{}") == "403")
            let nobody = try await run(
                ["curl", "-sSk", "-o", "/dev/null", "-w", "%{http_code}", "\(rig.address)/api/v1/pods"])
            #expect(nobody.output == "401", "\(nobody)")
            // Deleted it is no member any more, and its name is free.
            let object = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
            #expect(try await rig.kubectl("create", "-f", "-", input: object).status == 0)
            #expect(try await rig.ask("/api/v1/nodes/n1", of: node) == "200")
            #expect(try await rig.kubectl("delete", "node", "n1").status == 0)
            #expect(try await rig.ask("/api/v1/nodes/n1", of: node) == "403")
            let fresh = try await rig.pouch("pool", "token", "--data", rig.pool).output.filter { !$0.isWhitespace }
            let again = try await rig.pouch(
                "pool", "join", rig.address, "--data-root", "\(rig.folder)/n1-again", "--node-name", "n1",
                environment: ["POUCH_JOIN_TOKEN": fresh])
            #expect(again.status == 0, "\(again)")
            #expect(try await rig.ask("/api/v1/nodes/n1", of: "\(rig.folder)/n1-again") == "404")
            #expect(try await rig.ask("/api/v1/nodes/n1", of: node) == "403")
        }
    }

    @Test("the tokens of a file are known beside what the pool itself gives out")
    func tokenFile() async throws {
        try await withScratchDirectory { folder in
            try WholeFile.replace("\(folder)/tokens", with: Array("secret,ann,1,\"system:masters\"\n".utf8))
            try await withRig(["--token-file", "\(folder)/tokens"]) { rig in
                func code(_ token: String) async throws -> String {
                    try await run(
                        [
                            "curl", "-sSk", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                            "Authorization: Bearer \(token)", "\(rig.address)/api/v1/pods",
                        ]
                    ).output
                }
                #expect(try await code("secret") == "200")
                #expect(try await code("other") == "401")
                let joined = try await rig.pouch(
                    "pool", "join", rig.address, "--data-root", "\(rig.folder)/n1", "--node-name", "n1",
                    environment: ["POUCH_JOIN_TOKEN": rig.firstToken])
                #expect(joined.status == 0, "\(joined)")
            }
        }
    }

    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: busybox:latest
            imagePullPolicy: Never
            command: [sh, -c, "echo served; mkdir -p /srv; echo hello >/srv/index.html; exec httpd -f -p 8080 -h /srv"]
        """

    @Test("logs and exec go over mutual TLS to the node, which lets in the server alone")
    func streams() async throws {
        try await withRig(["--node-certificate-hours", "0.002"]) { rig in
            let token = try await rig.tokenFile("token")
            let flags = [
                "--join", rig.address, "--join-token-file", token, "--node-name", "n1", "--node-stream-port", "0",
                "--node-address", "127.0.0.1",
            ]
            try await withDaemon(flags: flags) { daemon in
                #expect(try await rig.kubectl("apply", "-f", "-", input: Self.pod).status == 0)
                let ready = try await rig.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=30s")
                try #require(ready.status == 0, "\(ready)")
                let logs = try await rig.kubectl("logs", "web")
                #expect(logs.output == "served\n", "\(logs)")
                let own = try await rig.pouch("logs", "pod/web")
                #expect(own.output == "served\n", "\(own)")
                let exec = try await rig.pouch("exec", "pod/web", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
                #expect(exec.output == "out\n" && exec.errors == "err\n" && exec.status == 3, "\(exec)")
                // The node's stream server knows whose certificate is whose.
                let member = "\(daemon.folder)/data/member"
                let port = try await rig.kubectl(
                    "get", "node", "n1", "-o", "jsonpath={.status.daemonEndpoints.kubeletEndpoint.Port}"
                ).output
                let logPath = "https://n1.streams.pouch:\(port)/containerLogs/default/web/main"
                let asNode = [
                    "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--resolve",
                    "n1.streams.pouch:\(port):127.0.0.1",
                    "--cacert", "\(member)/ca.crt", "--cert", "\(member)/node.pem", logPath,
                ]
                #expect(try await run(asNode).output == "403")
                #expect(try await run(asNode.filter { $0 != "--cert" && !$0.hasSuffix("node.pem") }).status != 0)
                // The certificate is renewed in time, more than once, and the node stays.
                let before = try WholeFile.read("\(member)/node.pem")
                try await rig.until("a new certificate") { try WholeFile.read("\(member)/node.pem") != before }
                #expect(try await rig.kubectl("logs", "web").output == "served\n")
                #expect(try await rig.kubectl("delete", "pod", "web", "--timeout=30s").status == 0)
            }
        }
    }
}
