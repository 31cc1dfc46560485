import Glibc
import JSON
import LinuxKernel
import TestSupport
import Testing

/// What a node does for its pods beside running them, on this kernel.
@Suite("a pool's node", .needs(.root), .serialized)  // each brings up a server and the node's bridge
struct PoolNodeTests {
    private static func container(_ script: String, _ rest: String = "") -> String {
        "{name: main, image: 'busybox:latest', imagePullPolicy: Never, command: [sh, -c, '\(script)']\(rest)}"
    }

    private static func pod(_ name: String, _ script: String, spec: String = "", container rest: String = "") -> String
    {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name)}
        spec:
          terminationGracePeriodSeconds: 1
          \(spec)
          containers: [\(container(script, rest))]

        """
    }

    @Test("logs lie where the CRI has them, line by line, and are served from there; files follow their ConfigMap")
    func files() async throws {
        try await PoolTests.withPool(["--node-sync-seconds", "1"]) { pool in
            try await pool.apply(
                """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {key: before}}
                ---

                """
                    + Self.pod(
                        "talker", "echo one; echo two >&2; printf half; sleep 600",
                        spec: "volumes: [{name: told, configMap: {name: c}}]",
                        container: ", volumeMounts: [{name: told, mountPath: /told}]"))
            let pod = try await pool.until("pod", "talker") { PoolTests.isReady($0) }
            let uid = try #require(pod["metadata"]?["uid"]?.stringValue)
            let path = "\(pool.daemon.folder)/data/log/pods/default_talker_\(uid)/main/0.log"
            let lines = String(decoding: try WholeFile.read(path), as: UTF8.self).split(separator: "\n")
            let parts = lines.map { $0.split(separator: " ").dropFirst().joined(separator: " ") }
            #expect(Set(parts.prefix(2)) == ["stdout F one", "stderr F two"], "\(lines)")
            #expect(
                lines.first?.hasSuffix("Z stdout F one") == true || lines.first?.hasSuffix("Z stderr F two") == true)
            let served = try await pool.pouch("logs", "pod/talker", "--tail", "1")
            #expect(served.output == "one\n" || served.output == "two\n", "\(served)")
            try await pool.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {key: after}}")
            let deadline = ContinuousClock.now + .seconds(20)
            var read = ""
            while read != "after", ContinuousClock.now < deadline {
                read = try await pool.pouch("exec", "pod/talker", "cat", "/told/key").output
            }
            #expect(read == "after")
            let code = try await pool.pouch("exec", "pod/talker", "sh", "-c", "exit 4")
            #expect(code.status == 4, "\(code)")
            #expect(try await pool.pouch("delete", "pod", "talker").status == 0)
            try await eventually { access(path, F_OK) != 0 }
        }
    }

    @Test("a network of pods from another pool is made anew with this pool's range once nothing is in it, not before")
    func anotherRange() async throws {
        try await PoolTests.withPool { pool in
            let daemon = pool.daemon
            let range = "10.99.7.0/24"
            let made = try await daemon.pouch("network", "create", "--subnet", range, "pods")
            try #require(made.status == 0, "\(made)")
            let guest = try await daemon.pouch(
                "run", "-d", "--name", "guest", "--network", "pods", "busybox", "sleep", "600")
            try #require(guest.status == 0, "\(guest)")
            try await pool.apply(Self.pod("web", "sleep 600"))
            func subnet() async throws -> String {
                try await daemon.pouch("network", "inspect", "pods", "-f", "{{(index .IPAM.Config 0).Subnet}}").trimmed
            }
            func waits(_ pod: JSONValue) -> Bool { pod["status"]?["message"]?.stringValue?.contains(range) == true }
            _ = try await pool.until("pod", "web", waits)
            #expect(try await subnet() == range)
            #expect(try await daemon.pouch("rm", "-f", "guest").status == 0)
            _ = try await pool.until("pod", "web") { PoolTests.isReady($0) }
            let node = try await pool.until("node", "n1") { _ in true }
            #expect(try await subnet() == node["spec"]?["podCIDR"]?.stringValue)
        }
    }

    @Test("a part of a volume is found below it, whatever links lead to, also when a pod exchanges them meanwhile")
    func parts() async throws {
        try await PoolTests.withPool { pool in
            let shared = "\(pool.daemon.folder)/shared"
            for folder in [shared, "\(shared)/etc", "\(shared)/swapped"] {
                try Files.makeDirectory(folder, mode: 0o755)
            }
            try WholeFile.replace("\(shared)/etc/hostname", with: Array("inside\n".utf8), mode: 0o644)
            try Files.makeLink("\(shared)/link", to: "/etc")
            try Files.makeLink("\(shared)/out", to: "../../../../../../../../../root")
            let volume = "volumes: [{name: v, hostPath: {path: '\(shared)'}}]\n  restartPolicy: Never"
            func mounting(_ part: String) -> String { ", volumeMounts: [{name: v, mountPath: /m, subPath: \(part)}]" }
            try await pool.apply(
                Self.pod("linked", "cat /m/hostname > /dev/termination-log", spec: volume, container: mounting("link")))
            let linked = try await pool.until("pod", "linked") { $0["status"]?["phase"] == "Succeeded" }
            let message = linked["status"]?["containerStatuses"]?[0]?["state"]?["terminated"]?["message"]
            #expect(message == "inside\n", "\(linked["status"] ?? .null)")
            try await pool.apply(Self.pod("outside", "ls /m", spec: volume, container: mounting("out")))
            let refused = try await pool.until("pod", "outside") {
                $0["status"]?["containerStatuses"]?[0]?["state"]?["waiting"]?["message"]?.stringValue?
                    .contains("cannot access path out") == true
            }
            #expect(refused["status"]?["phase"] == "Pending")
            // One exchanges the folder for a link all the time, others are started on it.
            let daemon = pool.daemon
            let mount = "type=bind,src=\(shared),dst=/s"
            let loop = "cd /s; while :; do mv -T swapped x; ln -s /etc swapped; rm swapped; mv -T x swapped; done"
            #expect(
                try await daemon.pouch("run", "-d", "--name", "swapper", "--mount", mount, "busybox", "sh", "-c", loop)
                    .status == 0)
            var started = 0
            for _ in 0..<12 {
                try await pool.apply(
                    Self.pod("reader", "ls /m > /dev/termination-log", spec: volume, container: mounting("swapped")))
                let ended = try await pool.until("pod", "reader") {
                    let status = $0["status"]?["containerStatuses"]?[0]?["state"]
                    return $0["status"]?["phase"] == "Succeeded" || status?["waiting"]?["message"]?.stringValue != nil
                }
                let seen =
                    ended["status"]?["containerStatuses"]?[0]?["state"]?["terminated"]?["message"]?.stringValue ?? ""
                started += ended["status"]?["phase"] == "Succeeded" ? 1 : 0
                #expect(!seen.contains("passwd"), "\(seen)")
                #expect(try await pool.pouch("delete", "pod", "reader", "--grace-period", "0").status == 0)
            }
            #expect(started > 0)
            _ = try await daemon.pouch("rm", "-f", "swapper")
            for name in ["linked", "outside"] { #expect(try await pool.pouch("delete", "pod", name).status == 0) }
        }
    }

    @Test("short of memory, a node says so and lets the least important pod go first; nothing of it stays")
    func eviction() async throws {
        try await PoolTests.withPool { pool in
            try await pool.apply(
                "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}\n---\n"
                    + Self.pod("low", "sleep 600") + "---\n"
                    + Self.pod("high", "sleep 600", spec: "priorityClassName: high"))
            for name in ["low", "high"] { _ = try await pool.until("pod", name) { PoolTests.isReady($0) } }
            await pool.daemon.end(signal: SIGTERM)
            try await pool.daemon.start(adding: ["--eviction-memory", "900t"])
            func isEvicted(_ pod: JSONValue) -> Bool {
                pod["status"]?["reason"] == "Evicted"
                    && pod["status"]?["containerStatuses"]?[0]?["state"]?["terminated"]?["finishedAt"] != nil
            }
            let low = try await pool.until("pod", "low", isEvicted)
            #expect(low["status"]?["message"]?.stringValue?.contains("low on resource: memory") == true)
            let high = try await pool.until("pod", "high", isEvicted)
            func end(_ pod: JSONValue) -> String {
                pod["status"]?["containerStatuses"]?[0]?["state"]?["terminated"]?["finishedAt"]?.stringValue ?? ""
            }
            #expect(end(low) <= end(high), "\(end(low)) \(end(high))")
            _ = try await pool.until("node", "n1") { node in
                let conditions = node["status"]?["conditions"]?.arrayValue ?? []
                let taints = node["spec"]?["taints"]?.arrayValue ?? []
                return conditions.contains { $0["type"] == "MemoryPressure" && $0["status"] == "True" }
                    && taints.contains { $0["key"] == "node.kubernetes.io/memory-pressure" }
            }
            let deadline = ContinuousClock.now + .seconds(20)
            while try await pool.daemon.pouch("ps", "-aq").output != "", ContinuousClock.now < deadline {}
            #expect(try await pool.daemon.pouch("ps", "-aq").output.isEmpty)
            for name in ["low", "high"] { #expect(try await pool.pouch("delete", "pod", name).status == 0) }
        }
    }
}
