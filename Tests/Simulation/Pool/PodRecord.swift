import ClusterModel
import ClusterStore
import JSON

/// A pod as the simulated store keeps it: what matters here, as one short line.
struct PodRecord: Hashable {
    enum Phase: String {
        case pending = "Pending"
        case running = "Running"
    }

    var name: String
    var uid: String
    var milliCPU: Int
    var app: String
    var node: String = ""
    var phase = Phase.pending
    var isLeaving = false

    var key: StoreKey {
        get throws { try StoreKey("pods/default/\(name)") }
    }

    var put: Put {
        get throws {
            let text = "\(name) \(uid) \(milliCPU) \(app) \(node.isEmpty ? "-" : node) \(phase.rawValue) \(isLeaving)"
            return Put(
                try key, StoredValue(Array(text.utf8)), terms: [try IndexTerm("spec.nodeName", node)])
        }
    }

    init(name: String, uid: String, milliCPU: Int, app: String) {
        self.name = name
        self.uid = uid
        self.milliCPU = milliCPU
        self.app = app
    }

    init?(_ object: StoredObject?) {
        guard let object else { return nil }
        let words = String(decoding: object.value, as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count == 7, let milliCPU = Int(words[2]), let phase = Phase(rawValue: words[5]) else { return nil }
        self.init(name: words[0], uid: words[1], milliCPU: milliCPU, app: words[3])
        node = words[4] == "-" ? "" : words[4]
        self.phase = phase
        isLeaving = words[6] == "true"
    }

    /// As the scheduling loop reads it.
    var object: PodObject {
        var metadata: JSONObject = [
            "name": .string(name), "namespace": "default", "uid": .string(uid), "labels": ["app": .string(app)],
        ]
        if isLeaving { metadata["deletionTimestamp"] = "2027-01-15T08:00:00Z" }
        var spec: JSONObject = [
            "containers": [["name": "main", "resources": ["requests": ["cpu": .string("\(milliCPU)m")]]]]
        ]
        if !node.isEmpty { spec["nodeName"] = .string(node) }
        return PodObject([
            "metadata": .object(metadata), "spec": .object(spec), "status": ["phase": .string(phase.rawValue)],
        ])
    }
}

/// A node as the simulated store keeps it.
struct NodeRecord: Hashable {
    var name: String
    var milliCPU: Int
    var isReady = true

    var put: Put {
        get throws { Put(try StoreKey("nodes/\(name)"), StoredValue(Array("\(name) \(milliCPU) \(isReady)".utf8))) }
    }

    init(name: String, milliCPU: Int) {
        self.name = name
        self.milliCPU = milliCPU
    }

    init?(_ object: StoredObject?) {
        guard let object else { return nil }
        let words = String(decoding: object.value, as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count == 3, let milliCPU = Int(words[1]) else { return nil }
        self.init(name: words[0], milliCPU: milliCPU)
        isReady = words[2] == "true"
    }

    var object: NodeObject {
        let taint: JSONValue = ["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]
        return NodeObject([
            "metadata": ["name": .string(name)], "spec": ["taints": .array(isReady ? [] : [taint])],
            "status": ["allocatable": ["cpu": .string("\(milliCPU)m"), "memory": "64Gi", "pods": "110"]],
        ])
    }
}
