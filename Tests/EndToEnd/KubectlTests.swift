import JSON
import TestSupport
import Testing

/// kubectl, unmodified, against pouch-server.
@Suite("kubectl", .needs(.tool("kubectl")))
struct KubectlTests {
    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers:
          - {name: main, image: "nginx:1.25", ports: [{containerPort: 80}], resources: {requests: {cpu: 100m}}}
        """

    private static let node = """
        apiVersion: v1
        kind: Node
        metadata: {name: n1}
        status: {allocatable: {cpu: "4", pods: "110"}, conditions: [{type: Ready, status: "True"}]}
        """

    @Test(
        "apply makes, leaves alone and changes; get, describe, label, annotate, edit, patch and delete do what they say"
    )
    func life() async throws {
        try await withPoolServer { pool in
            let made = try await pool.kubectl("apply", "-f", "-", input: Self.pod)
            #expect(made.status == 0 && made.output == "pod/web created\n", "\(made)")
            #expect(try await pool.kubectl("apply", "-f", "-", input: Self.pod).output == "pod/web unchanged\n")
            let changed = Self.pod.replacing("app: web", with: "app: other")
            #expect(try await pool.kubectl("apply", "-f", "-", input: changed).output == "pod/web configured\n")
            let row = try await pool.kubectl("get", "pods", "--no-headers").output.split(separator: " ")
            #expect(row.prefix(4) == ["web", "0/1", "Pending", "0"])
            #expect(try await pool.kubectl("label", "pod", "web", "tier=a").output == "pod/web labeled\n")
            #expect(try await pool.kubectl("annotate", "pod", "web", "x=y").output == "pod/web annotated\n")
            let edited = try await pool.kubectl("edit", "pod", "web", editor: "sed -i s/nginx:1.25/nginx:1.26/")
            #expect(edited.output == "pod/web edited\n", "\(edited)")
            let image = "jsonpath={.spec.containers[0].image} {.metadata.labels.tier}"
            #expect(try await pool.kubectl("get", "pod", "web", "-o", image).output == "nginx:1.26 a")
            let described = try await pool.kubectl("describe", "pod", "web").output.split(separator: "\n")
            #expect(described.contains { $0.hasPrefix("QoS Class:") && $0.hasSuffix(" Burstable") }, "\(described)")
            let frozen = try await pool.kubectl("patch", "pod", "web", "-p", #"{"spec":{"restartPolicy":"Never"}}"#)
            #expect(frozen.status == 1 && frozen.errors.contains("pod updates may not change fields"), "\(frozen)")
            #expect(
                try await pool.kubectl("get", "pods", "-l", "tier in (a,b),!zone", "-o", "name").output == "pod/web\n")
            #expect(try await pool.kubectl("delete", "pod", "web").output == "pod \"web\" deleted\n")
            let gone = try await pool.kubectl("get", "pod", "web")
            #expect(gone.status == 1 && gone.errors == "Error from server (NotFound): pods \"web\" not found\n")
        }
    }

    @Test("create makes each kind; deleting a namespace takes what is in it along")
    func create() async throws {
        try await withPoolServer { pool in
            #expect(try await pool.kubectl("create", "namespace", "blue").output == "namespace/blue created\n")
            let config = try await pool.kubectl("create", "configmap", "c", "-n", "blue", "--from-literal=a=b")
            #expect(config.output == "configmap/c created\n", "\(config)")
            _ = try await pool.kubectl("create", "secret", "generic", "s", "-n", "blue", "--from-literal=a=b")
            #expect(
                try await pool.kubectl("get", "secret", "s", "-n", "blue", "-o", "jsonpath={.data.a}").output == "Yg==")
            let high = try await pool.kubectl("create", "priorityclass", "high", "--value=1000")
            #expect(high.output == "priorityclass.scheduling.k8s.io/high created\n", "\(high)")
            let budget = try await pool.kubectl(
                "create", "pdb", "b", "-n", "blue", "--selector=app=web", "--min-available=1")
            #expect(budget.output == "poddisruptionbudget.policy/b created\n", "\(budget)")
            let deleted = try await pool.kubectl("delete", "namespace", "blue", "--timeout=20s")
            #expect(deleted.output == "namespace \"blue\" deleted\n", "\(deleted)")
            #expect(try await pool.kubectl("get", "configmap", "-n", "blue", "-o", "name").output == "")
        }
    }

    @Test("nodes are cordoned, tainted and drained; a budget that is used up holds the drain")
    func nodes() async throws {
        try await withPoolServer { pool in
            #expect(try await pool.kubectl("create", "-f", "-", input: Self.node).output == "node/n1 created\n")
            let bound = Self.pod.replacing("spec:", with: "spec:\n  nodeName: n1")
            #expect(try await pool.kubectl("create", "-f", "-", input: bound).status == 0)
            _ = try await pool.kubectl(
                "patch", "pod", "web", "--subresource=status", "-p", #"{"status":{"phase":"Running"}}"#)
            _ = try await pool.kubectl("create", "pdb", "b", "--selector=app=web", "--min-available=1")
            _ = try await pool.kubectl(
                "patch", "pdb", "b", "--subresource=status", "--type=merge", "-p",
                #"{"status":{"disruptionsAllowed":0,"observedGeneration":1}}"#)
            let held = try await pool.kubectl("drain", "n1", "--force", "--timeout=2s")
            #expect(held.status == 1 && held.errors.contains("disruption budget"), "\(held)")
            #expect(try await pool.kubectl("get", "nodes", "--no-headers").output.contains("Ready,SchedulingDisabled"))
            #expect(try await pool.kubectl("uncordon", "n1").output == "node/n1 uncordoned\n")
            #expect(try await pool.kubectl("taint", "node", "n1", "a=b:NoSchedule").output == "node/n1 tainted\n")
            #expect(try await pool.kubectl("get", "node", "n1", "-o", "jsonpath={.spec.taints[0].key}").output == "a")
        }
    }

    @Test("what is wrong is refused by its field, with kubectl's exit code")
    func refusals() async throws {
        try await withPoolServer { pool in
            let unknown = Self.pod.replacing("spec:", with: "spec:\n  foo: 1")
            let strict = try await pool.kubectl("create", "-f", "-", input: unknown)
            #expect(strict.status == 1 && strict.errors.contains(#"unknown field "spec.foo""#), "\(strict)")
            let invalid = try await pool.kubectl(
                "create", "-f", "-", input: Self.pod.replacing("name: main", with: "name: A_"))
            #expect(invalid.errors.contains("spec.containers[0].name: Invalid value: \"A_\""), "\(invalid)")
            let applied = try await pool.kubectl("apply", "--server-side", "-f", "-", input: Self.pod)
            #expect(applied.status == 1 && applied.errors.contains("server-side apply is not supported"), "\(applied)")
            #expect(try await pool.kubectl("get", "nosuch").errors.contains("doesn't have a resource type"))
            #expect(
                try await pool.kubectl("explain", "pod.spec.containers.image").output.contains("FIELD: image <string>"))
        }
    }

    @Test("a watch tells each change once, and wait ends with what it waits for")
    func watch() async throws {
        try await withPoolServer { pool in
            _ = try await pool.kubectl("create", "-f", "-", input: Self.pod)
            async let watched = pool.kubectl("get", "pods", "--watch", "--no-headers", "--request-timeout=4s")
            async let waited = pool.kubectl(
                "wait", "--for=jsonpath={.status.phase}=Running", "pod/web", "--timeout=20s")
            let running = try await pool.kubectl(
                "patch", "pod", "web", "--subresource=status", "-p", #"{"status":{"phase":"Running"}}"#)
            #expect(running.status == 0, "\(running)")
            #expect(try await waited.output == "pod/web condition met\n")
            #expect(try await watched.output.contains("Running"))
        }
    }

    @Test("what was acknowledged is there after kill -9, and a snapshot brings it back elsewhere")
    func durable() async throws {
        try await withScratchDirectory { state in
            try await withPoolServer(flags: ["--data", "\(state)/pool"]) { pool in
                #expect(try await pool.kubectl("create", "namespace", "kept").status == 0)
                let saved = try await run(
                    [Executables.poolServer, "snapshot", "save", "--data", "\(state)/pool", "\(state)/copy"])
                #expect(saved.status == 0, "\(saved)")
                #expect(try await pool.kubectl("create", "namespace", "later").status == 0)
            }
            try await withPoolServer(flags: ["--data", "\(state)/pool"]) { pool in
                let names = try await pool.kubectl("get", "namespaces", "-o", "name").output
                #expect(names.contains("namespace/kept\n") && names.contains("namespace/later\n"), "\(names)")
            }
            let restored = try await run(
                [Executables.poolServer, "snapshot", "restore", "--data", "\(state)/other", "\(state)/copy"])
            #expect(restored.status == 0, "\(restored)")
            try await withPoolServer(flags: ["--data", "\(state)/other"]) { pool in
                let names = try await pool.kubectl("get", "namespaces", "-o", "name").output
                #expect(names.contains("namespace/kept\n") && !names.contains("namespace/later\n"), "\(names)")
            }
        }
    }
}
