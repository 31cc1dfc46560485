import TestSupport
import Testing

/// kubectl's streams to a real container: pouch-server passes them on to pouchd.
@Suite("kubectl logs, exec and cp", .needs(.root, .tool("kubectl")))
struct PoolStreamTests {
    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          hostNetwork: true
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: busybox:latest
            imagePullPolicy: Never
            command: [sh, -c, "echo hello; echo world >&2; exec sleep 1000"]
        """

    @Test("a pod that the scheduler placed gives its log, runs commands and takes files")
    func streams() async throws {
        try await withPoolServer { pool in
            try await withDaemon(flags: ["--join", pool.address, "--node-name", "node-1"]) { _ in
                #expect(try await pool.kubectl("apply", "-f", "-", input: Self.pod).status == 0)
                let ready = try await pool.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=50s")
                let described = try await pool.kubectl("describe", "pod", "web").output
                try #require(ready.status == 0, "\(ready)\n\(described)")
                let logs = try await pool.kubectl("logs", "web")
                #expect(logs.output.contains("hello\n") && logs.output.contains("world\n"), "\(logs)")
                let last = try await pool.kubectl("logs", "web", "--tail=1")
                #expect(last.output.split(separator: "\n").count == 1, "\(last)")
                let echo = try await pool.kubectl("exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
                #expect(echo.output == "out\n" && echo.errors.hasPrefix("err\n") && echo.status == 3, "\(echo)")
                let typed = try await pool.kubectl("exec", "-i", "web", "--", "cat", input: "typed\n")
                #expect(typed.output == "typed\n" && typed.status == 0, "\(typed)")
                _ = try await run(["sh", "-c", "echo copied >\"\(pool.folder)/file\""])
                let copy = try await pool.kubectl("cp", "\(pool.folder)/file", "web:/tmp/file")
                #expect(copy.status == 0, "\(copy)")
                #expect(try await pool.kubectl("exec", "web", "--", "cat", "/tmp/file").output == "copied\n")
                #expect(try await pool.kubectl("delete", "pod", "web", "--timeout=30s").status == 0)
            }
        }
    }
}
