package import ClusterModel
internal import JSON
package import Units

extension NodeEffect {
    /// What is to be asked of the pool, one request after the other; that a pod is gone, or another, is no failure.
    package func requests(at now: Timestamp) -> [PoolRequest] {
        switch self {
        case .markUnreachable(let node, let pods): Self.mark(node, pods, at: now)
        case .markReturned(let node): [Self.restore(node, at: now)]
        case .setTaints(let node, let taints): [Self.set(taints, on: node, at: now)]
        case .assignRange(let node, let range):
            [
                PoolRequest(
                    .patch, PoolPath.node(node),
                    body: ["spec": ["podCIDR": .string(range), "podCIDRs": [.string(range)]]], patch: .merge)
            ]
        case .evict(let pod, _): [Self.delete(pod, grace: nil)]
        case .remove(let pod): [Self.delete(pod, grace: 0)]
        case .record: []
        }
    }

    private static func mark(_ node: String, _ pods: [PodName], at now: Timestamp) -> [PoolRequest] {
        let conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map { type -> JSONValue in
            [
                "type": .string(type), "status": "Unknown", "reason": "NodeStatusUnknown",
                "message": "The node agent stopped posting node status.",
                "lastTransitionTime": .string(now.wholeSeconds),
            ]
        }
        let own = PoolRequest(
            .patch, "\(PoolPath.node(node))/status", body: ["status": ["conditions": .array(conditions)]],
            patch: .strategic)
        return [own]
            + pods.map { pod in
                let condition = PodConditions.condition("Ready", false, reason: "NodeNotReady", at: now)
                return PoolRequest(
                    .patch, "\(PoolPath.pod(key: pod.key))/status",
                    body: ["metadata": ["uid": .string(pod.uid)], "status": ["conditions": [condition]]],
                    patch: .strategic)
            }
    }

    private static func restore(_ node: String, at now: Timestamp) -> PoolRequest {
        let types = [("Ready", true), ("MemoryPressure", false), ("DiskPressure", false), ("PIDPressure", false)]
        let conditions = types.map { type, isTrue -> JSONValue in
            [
                "type": .string(type), "status": .string(isTrue ? "True" : "False"), "reason": "NodeReturned",
                "message": "the node renews its lease again", "lastTransitionTime": .string(now.wholeSeconds),
            ]
        }
        return PoolRequest(
            .patch, "\(PoolPath.node(node))/status", body: ["status": ["conditions": .array(conditions)]],
            patch: .strategic)
    }

    private static func set(_ taints: [NodeObject.Taint], on node: String, at now: Timestamp) -> PoolRequest {
        let list = taints.map { taint -> JSONValue in
            var json: JSONValue = ["key": .string(taint.key), "effect": .string(taint.effect)]
            if !taint.value.isEmpty { json["value"] = .string(taint.value) }
            if taint.effect == "NoExecute" { json["timeAdded"] = .string(now.wholeSeconds) }
            return json
        }
        return PoolRequest(.patch, PoolPath.node(node), body: ["spec": ["taints": .array(list)]], patch: .merge)
    }

    private static func delete(_ pod: PodName, grace: Int?) -> PoolRequest {
        var options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": .string(pod.uid)],
        ]
        if let grace { options["gracePeriodSeconds"] = JSONValue(number: grace) }
        return PoolRequest(.delete, PoolPath.pod(key: pod.key), body: options)
    }
}
