import JSON
import Testing
import Units

@testable import ClusterModel

@Suite("Admission")
struct AdmissionTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    private func created(_ spec: JSONValue) throws -> APIObject {
        var admission = Admission(Catalog.pod, namespace: "default")
        var pod = try admission.decode([
            "kind": "Pod", "apiVersion": "v1", "metadata": ["name": "web"], "spec": spec,
        ])
        try admission.create(&pod, now: now, uid: "u", suffix: { "abcde" })
        return pod
    }

    private func complaints(_ spec: JSONValue) -> [String] {
        do {
            _ = try created(spec)
            return []
        } catch let error as APIError {
            if case .invalid(_, _, _, let errors) = error { return errors.map(\.description) }
            return [error.message]
        } catch {
            return ["\(error)"]
        }
    }

    @Test("a pod gets the defaults that Kubernetes gives it")
    func defaults() throws {
        let pod = try created([
            "containers": [
                [
                    "name": "main", "image": "nginx", "ports": [["containerPort": 80]],
                    "resources": ["limits": ["cpu": "1", "memory": "1Gi"]],
                    "livenessProbe": ["httpGet": ["port": 80]],
                ]
            ]
        ])
        let container = pod["spec"]?["containers"]?[0]
        #expect(container?["imagePullPolicy"] == "Always")
        #expect(container?["resources"]?["requests"] == ["cpu": "1", "memory": "1Gi"])
        #expect(container?["ports"]?[0]?["protocol"] == "TCP")
        #expect(container?["livenessProbe"]?["periodSeconds"] == 10)
        #expect(container?["livenessProbe"]?["httpGet"]?["scheme"] == "HTTP")
        #expect(pod["spec"]?["restartPolicy"] == "Always")
        #expect(pod["status"]?["qosClass"] == "Guaranteed")
        #expect(pod["spec"]?["tolerations"]?.arrayValue?.count == 2)
    }

    @Test("each rule that is broken is told with its path")
    func rules() {
        let found = complaints([
            "containers": [
                [
                    "name": "Main", "image": "x",
                    "resources": ["requests": ["cpu": "2", "memory": "-1"], "limits": ["cpu": "1"]],
                    "volumeMounts": [["name": "v", "mountPath": "/v"]], "ports": [["containerPort": 70000]],
                ]
            ],
            "restartPolicy": "Sometimes",
        ])
        let paths = found.map { $0.prefix { $0 != ":" } }
        #expect(
            paths == [
                "spec.containers[0].name", "spec.containers[0].ports[0].containerPort",
                "spec.containers[0].volumeMounts[0].name", "spec.containers[0].resources.requests.memory",
                "spec.containers[0].resources.requests.cpu", "spec.restartPolicy",
            ])
        #expect(
            found.last
                == "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\""
        )
        #expect(complaints([:]).first == "spec.containers: Required value")
        #expect(complaints(["containers": [], "foo": 1]) == ["strict decoding error: unknown field \"spec.foo\""])
    }

    @Test("of a pod only images, deadlines and tolerations may change")
    func fixed() throws {
        let old = try created(["containers": [["name": "main", "image": "a:1"]]])
        let admission = Admission(Catalog.pod, namespace: "default")
        var image = old
        image.value["spec"]?["containers"] = [["name": "main", "image": "a:2"]]
        try admission.update(&image, replacing: old)
        #expect(image["spec"]?["containers"]?[0]?["image"] == "a:2")
        var node = old
        node.value["spec"]?["nodeName"] = "n1"
        #expect(throws: APIError.self) { try admission.update(&node, replacing: old) }
        var status = old
        status["status"] = ["phase": "Running"]
        try admission.update(&status, replacing: old)
        #expect(status["status"]?["phase"] == "Pending", "the status has a path of its own")
    }

    @Test("a pod on a node gets time to go, others none; finalizers keep whatever has them")
    func deletion() throws {
        var pod = try created(["containers": [["name": "main", "image": "a:1"]]])
        #expect(Deletion.decide(pod, of: Catalog.pod, DeleteOptions(), now: now) == .remove)
        pod.value["spec"]?["nodeName"] = "n1"
        guard case .mark(let marked) = Deletion.decide(pod, of: Catalog.pod, DeleteOptions(), now: now) else {
            Issue.record("not marked")
            return
        }
        #expect(marked.gracePeriod == 30)
        #expect(marked.metadata["deletionTimestamp"] == .string(now.advanced(by: .seconds(30)).toSecond))
        #expect(Deletion.decide(marked, of: Catalog.pod, DeleteOptions(gracePeriod: 40), now: now) == .wait)
        #expect(Deletion.decide(marked, of: Catalog.pod, DeleteOptions(gracePeriod: 0), now: now) == .remove)
        pod.setMetadata("finalizers", ["a.b/c"])
        guard case .mark(let held) = Deletion.decide(pod, of: Catalog.pod, DeleteOptions(gracePeriod: 0), now: now)
        else {
            Issue.record("not kept")
            return
        }
        #expect(!held.mayGo(Catalog.pod))
    }

    @Test(
        "ages read as kubectl prints them",
        arguments: [
            (0, "0s"), (119, "119s"), (120, "2m"), (200, "3m20s"), (601, "10m"), (10_799, "179m"), (10_800, "3h"),
            (30_000, "8h"), (180_000, "2d2h"), (864_000, "10d"),
        ])
    func ages(seconds: Int, text: String) {
        #expect(Ages.short(.seconds(seconds)) == text)
    }
}
