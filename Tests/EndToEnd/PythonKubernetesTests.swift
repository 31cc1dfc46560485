import Glibc
import TestSupport
import Testing

private let python = "\(Executables.folder)/../../python/bin/python3"

/// The Python client from PyPI, unmodified, against pouch-server; `make test-needs` installs it below `.build/python`.
@Suite("Python kubernetes client", .enabled(if: access(python, X_OK) == 0))
struct PythonKubernetesTests {
    @Test("objects are made, bound, watched, changed and deleted")
    func life() async throws {
        let script = """
            import sys
            from kubernetes import client, watch
            c = client.Configuration(); c.host = sys.argv[1]; client.Configuration.set_default(c)
            v1 = client.CoreV1Api()
            spec = client.V1PodSpec(containers=[client.V1Container(name="a", image="busybox")])
            p = v1.create_namespaced_pod("default", client.V1Pod(metadata=client.V1ObjectMeta(name="py"), spec=spec))
            print(p.status.phase, p.spec.restart_policy)
            print(v1.patch_namespaced_pod("py", "default", {"metadata": {"labels": {"a": "b"}}}).metadata.labels["a"])
            events = watch.Watch().stream(v1.list_namespaced_pod, "default", timeout_seconds=1)
            print([(e["type"], e["object"].metadata.name) for e in events])
            target = client.V1ObjectReference(kind="Node", name="n1")
            binding = client.V1Binding(metadata=client.V1ObjectMeta(name="py"), target=target)
            v1.create_namespaced_pod_binding("py", "default", binding, _preload_content=False)
            print(v1.read_namespaced_pod("py", "default").spec.node_name)
            try:
                v1.read_namespaced_pod("no", "default")
            except client.ApiException as e:
                print(e.status)
            v1.delete_namespaced_pod("py", "default", grace_period_seconds=0)
            print(len(v1.list_pod_for_all_namespaces().items))
            """
        try await withPoolServer { pool in
            let seen = try await run([python, "-c", script, pool.address])
            #expect(seen.output == "Pending Always\nb\n[('ADDED', 'py')]\nn1\n404\n0\n", "\(seen)")
        }
    }
}
