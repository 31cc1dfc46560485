internal import JSON
package import Units

/// What a pod becomes when it is given to a node, and when it may not be.
package enum BindingRule {
    /// The pod with its node.
    ///
    /// - Throws: ``APIError/invalid(kind:group:name:_:)`` for a binding that names no node, ``APIError/conflict(_:name:why:)``
    ///   when the pod is another, has a node, is on its way out, or is held back.
    package static func bound(
        _ pod: APIObject, by binding: APIObject, now: Timestamp
    ) throws(APIError) -> APIObject {
        let node = try node(of: binding, name: pod.name)
        try check(pod, uid: binding.uid)
        var pod = pod
        pod.value.change("spec") { $0["nodeName"] = .string(node) }
        if !binding.annotations.isEmpty {
            var annotations = pod.annotations
            annotations.merge(binding.annotations)
            pod.setMetadata("annotations", .object(annotations))
        }
        pod.setCondition("PodScheduled", status: "True", now: now)
        return pod
    }

    private static func node(of binding: APIObject, name: String) throws(APIError) -> String {
        let target = binding["target"]
        let node = target?["name"]?.stringValue ?? ""
        guard !node.isEmpty else {
            throw .invalid(kind: "Binding", group: "", name: name, [FieldError("target.name", .required)])
        }
        if let kind = target?["kind"]?.stringValue, !kind.isEmpty, kind != "Node" {
            throw .invalid(
                kind: "Binding", group: "", name: name,
                [FieldError("target.kind", .notSupported(found: "\"\(kind)\"", supported: ["Node", "<empty>"]))])
        }
        return node
    }

    private static func check(_ pod: APIObject, uid: String?) throws(APIError) {
        func refusal(_ why: String) -> APIError { .conflict(Catalog.pod, name: pod.name, why: why) }
        if let uid, uid != pod.uid {
            throw refusal("Precondition failed: UID in precondition: \(uid), UID in object meta: \(pod.uid ?? "")")
        }
        if pod.isBeingDeleted { throw refusal("pod \(pod.name) is being deleted, cannot be assigned to a host") }
        if let there = pod["spec"]?["nodeName"]?.stringValue, !there.isEmpty {
            throw refusal("pod \(pod.name) is already assigned to node \"\(there)\"")
        }
        if !(pod["spec"]?["schedulingGates"]?.arrayValue ?? []).isEmpty {
            throw refusal("pod \(pod.name) has non-empty .spec.schedulingGates")
        }
    }
}

extension APIObject {
    /// Sets a condition of the status; its time changes only with it.
    package mutating func setCondition(_ type: String, status: String, reason: String? = nil, now: Timestamp) {
        var all = self["status"]?["conditions"]?.arrayValue ?? []
        var condition: JSONValue = [
            "type": .string(type), "status": .string(status), "lastProbeTime": .null,
            "lastTransitionTime": .string(now.toSecond),
        ]
        if let reason { condition["reason"] = .string(reason) }
        if let place = all.firstIndex(where: { $0["type"]?.stringValue == type }) {
            if all[place]["status"]?.stringValue == status { return }
            all[place] = condition
        } else {
            all.append(condition)
        }
        var whole = self["status"] ?? [:]
        whole["conditions"] = .array(all)
        self["status"] = whole
    }
}
