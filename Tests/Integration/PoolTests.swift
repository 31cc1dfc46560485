import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// A server, a node and the pods between them, on this kernel.
@Suite("a pool of one node", .needs(.root), .serialized)  // each brings up a server and the node's bridge
struct PoolTests {
    /// A server in memory and one node that has joined it.
    struct Pool {
        let server: String
        let daemon: Daemon

        func pouch(_ words: String...) async throws -> CommandResult {
            try await run([Executables.client] + words, environment: ["POUCH_SERVER": server], timeout: .seconds(60))
        }

        /// Asks for one object until `holds` is true of it, for a minute at most.
        func until(_ kind: String, _ name: String, _ holds: (JSONValue) -> Bool) async throws -> JSONValue {
            let deadline = ContinuousClock.now + .seconds(60)
            var last = ""
            while ContinuousClock.now < deadline {
                let result = try await pouch("get", kind, name, "-o", "json")
                last = result.description
                if let value = try? JSONValue(parsing: result.output), holds(value) { return value }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw DaemonNotReady(log: "\(kind)/\(name) did not get there: \(last)")
        }

        func apply(_ text: String) async throws {
            let path = "\(daemon.folder)/pods.yaml"
            try WholeFile.replace(path, with: Array(text.utf8))
            let applied = try await pouch("apply", "-f", path)
            try #require(applied.status == 0, "\(applied)")
        }
    }

    static func withPool(_ flags: [String] = [], _ body: (Pool) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            try await bringLoopbackUp()
            try await withPoolServer(in: folder, ["serve", "--listen", "127.0.0.1:0"]) { server in
                let joining = ["--join", server.address, "--node-name", "n1"]
                let daemon = try await Daemon.start(in: folder, flags: joining + flags)
                do {
                    try await daemon.importBusybox()
                    try await body(Pool(server: server.address, daemon: daemon))
                } catch {
                    try? await daemon.stop()
                    throw error
                }
                try await daemon.stop()
            }
        }
    }

    static func isReady(_ pod: JSONValue) -> Bool {
        (pod["status"]?["conditions"]?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    @Test("a pod from Specs is placed, runs, answers, survives the daemon's death, and leaves nothing behind")
    func life() async throws {
        try await Self.withPool { pool in
            let applied = try await pool.pouch("apply", "-f", "Specs/pods/web.yaml")
            #expect(applied.output == "pod/web created\n", "\(applied)")
            let pod = try await pool.until("pod", "web") { Self.isReady($0) }
            let address = try #require(pod["status"]?["podIP"]?.stringValue)
            let answer = try await run(["curl", "-sS", "-m", "5", "http://\(address):8080/"])
            #expect(answer.output == "hello from web on n1\n", "\(answer)")
            let wide = try await pool.pouch("get", "pods", "-o", "wide")
            #expect(wide.output.contains("NOMINATED NODE") && wide.output.contains(address), "\(wide)")
            // The node's daemon dies; what runs does not notice, and is taken over.
            let containers = try await pool.daemon.pouch("ps", "-q", "--no-trunc").output
            await pool.daemon.end(signal: SIGKILL)
            try await pool.daemon.start()
            #expect(try await pool.daemon.pouch("ps", "-q", "--no-trunc").output == containers)
            let after = try await pool.until("pod", "web") { Self.isReady($0) }
            #expect(after["status"]?["containerStatuses"]?[0]?["restartCount"] == 0)
            let deleted = try await pool.pouch("delete", "pod", "web")
            #expect(deleted.status == 0 && deleted.output == "pod \"web\" deleted\n", "\(deleted)")
            #expect(try await pool.daemon.pouch("ps", "-aq").output.isEmpty)
            #expect(try await pool.daemon.pouch("volume", "ls", "-q").output.isEmpty)
        }
    }

    @Test("init containers, configuration in variables and files, limits of the disk, exit codes and messages")
    func configuration() async throws {
        try await Self.withPool { pool in
            try await pool.apply(
                """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {greeting: hello}}
                ---
                {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {key: hidden}}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: job, labels: {app: job}}
                spec:
                  restartPolicy: Never
                  volumes:
                    - {name: shared, emptyDir: {sizeLimit: 8Mi}}
                    - {name: told, projected: {sources: [{secret: {name: s}}, {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}]}}
                  initContainers:
                    - name: first
                      image: busybox:latest
                      imagePullPolicy: Never
                      command: [sh, -c, 'echo $GREETING > /shared/said']
                      env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: c, key: greeting}}}]
                      volumeMounts: [{name: shared, mountPath: /shared}]
                  containers:
                    - name: main
                      image: busybox:latest
                      imagePullPolicy: Never
                      command: [sh, -c]
                      args: ['dd if=/dev/zero of=/shared/full bs=1M count=20 2>/dev/null; full=$?; echo "$(cat /shared/said) $(cat /told/key) $(cat /told/labels) full=$full $(touch /told/x 2>/dev/null || echo closed)" > /dev/termination-log; exit 3']
                      volumeMounts: [{name: shared, mountPath: /shared}, {name: told, mountPath: /told}]
                """)
            let pod = try await pool.until("pod", "job") { $0["status"]?["phase"] == "Failed" }
            let ended = pod["status"]?["containerStatuses"]?[0]?["state"]?["terminated"]
            #expect(ended?["exitCode"] == 3 && ended?["reason"] == "Error")
            #expect(ended?["message"] == "hello hidden app=\"job\" full=1 closed\n", "\(pod["status"] ?? .null)")
            #expect(try await pool.pouch("delete", "pod", "job").status == 0)
        }
    }

    @Test("a pod that fits nowhere says why, and waits in its queue")
    func waiting() async throws {
        try await Self.withPool { pool in
            try await pool.apply(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: large}
                spec: {containers: [{name: a, image: busybox, resources: {requests: {cpu: "9999"}}}]}
                """)
            _ = try await pool.until("node", "n1") { Self.isReady($0) }
            _ = try await pool.until("pod", "large") {
                $0["status"]?["conditions"]?[0]?["message"]?.stringValue?.contains("1 insufficient cpu") == true
            }
            let story = try await pool.pouch("describe", "pod", "large")
            #expect(story.output.contains("Waiting:    0/1 nodes are available: 1 insufficient cpu."), "\(story)")
            #expect(story.output.contains("FailedScheduling"), "\(story)")
            _ = try await pool.until("queue", "normal") { $0["status"]?["pending"] == 1 }
            let queues = try await pool.pouch("queue", "ls")
            #expect(queues.output.contains("normal") && queues.output.hasPrefix("NAME"), "\(queues)")
            #expect(try await pool.pouch("delete", "pod", "large").status == 0)
        }
    }
}
