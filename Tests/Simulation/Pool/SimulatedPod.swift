import ClusterModel
import ClusterStore
import JSON

@testable import APIServer

/// What the rules of a simulated pool look at in a pod.
struct SimulatedPod: Hashable {
    var name: String
    var uid: String
    var app: String
    var node: String
    var milliCPU: Int
    var isLeaving: Bool
    var isReady: Bool
    var phase: PodObject.Phase

    init(_ value: JSONValue) {
        let pod = PodObject(value)
        let labels = pod.labels
        name = pod.name
        uid = pod.uid
        app = labels["app"] ?? ""
        milliCPU = labels["cpu"].flatMap { Int($0) } ?? 0
        node = pod.nodeName ?? ""
        isLeaving = pod.isBeingDeleted
        isReady = pod.isReady
        phase = pod.phase
    }

    init?(_ stored: StoredObject?) {
        guard let stored, stored.key.path.hasPrefix("pods/"), let object = try? ObjectCodec.decode(stored) else {
            return nil
        }
        self.init(object.value)
    }

    /// What a user sends: a pod of the app `batch` leaves a node that is cut off soon.
    static func manifest(_ name: String, app: String, milliCPU: Int) -> JSONValue {
        let patience: JSONValue = app == "batch" ? 5 : 600
        return [
            "kind": "Pod", "apiVersion": "v1",
            "metadata": ["name": .string(name), "labels": ["app": .string(app), "cpu": .string("\(milliCPU)")]],
            "spec": [
                "terminationGracePeriodSeconds": 2,
                "tolerations": [["operator": "Exists", "effect": "NoExecute", "tolerationSeconds": patience]],
                "containers": [
                    [
                        "name": "main", "image": "web:1",
                        "resources": ["requests": ["cpu": .string("\(milliCPU)m")]],
                    ]
                ],
            ],
        ]
    }

    static func path(_ name: String) -> String { PoolPath.pod("default", name) }
}

/// A node as its agent registers it.
enum SimulatedNodeObject {
    static func manifest(_ name: String, milliCPU: Int) -> JSONValue {
        [
            "kind": "Node", "apiVersion": "v1", "metadata": ["name": .string(name)], "spec": [:],
            "status": [
                "allocatable": ["cpu": .string("\(milliCPU)m"), "memory": "64Gi", "pods": "110"],
                "conditions": [["type": "Ready", "status": "True"]],
            ],
        ]
    }
}
