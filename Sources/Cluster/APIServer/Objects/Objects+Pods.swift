package import ClusterModel
internal import ClusterStore
internal import JSON
internal import Units

/// What is done to pods besides changing them.
extension Objects {
    /// Gives a pod to a node, once and for all.
    ///
    /// - Throws: ``APIError/conflict(_:name:why:)`` when it has a node or is on its way out.
    package func bind(
        _ namespace: String, _ name: String, _ binding: APIObject, isDryRun: Bool = false
    ) async throws(APIError) {
        let target = binding["target"]
        let node = target?["name"]?.stringValue ?? ""
        guard !node.isEmpty else {
            throw .invalid(
                kind: "Binding", group: "", name: name, [FieldError("target.name", .required)])
        }
        if let kind = target?["kind"]?.stringValue, !kind.isEmpty, kind != "Node" {
            throw .invalid(
                kind: "Binding", group: "", name: name,
                [FieldError("target.kind", .notSupported(found: "\"\(kind)\"", supported: ["Node", "<empty>"]))])
        }
        for _ in 0..<Self.mostAttempts {
            let found = try await get(Catalog.pod, namespace, name)
            var pod = found.object
            if let uid = binding.uid, uid != pod.uid {
                throw .conflict(
                    Catalog.pod, name: name,
                    why: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(pod.uid ?? "")")
            }
            if pod.isBeingDeleted {
                throw .conflict(
                    Catalog.pod, name: name, why: "pod \(name) is being deleted, cannot be assigned to a host")
            }
            if let there = pod["spec"]?["nodeName"]?.stringValue, !there.isEmpty {
                throw .conflict(Catalog.pod, name: name, why: "pod \(name) is already assigned to node \"\(there)\"")
            }
            if !(pod["spec"]?["schedulingGates"]?.arrayValue ?? []).isEmpty {
                throw .conflict(Catalog.pod, name: name, why: "pod \(name) has non-empty .spec.schedulingGates")
            }
            var spec = pod["spec"] ?? [:]
            spec["nodeName"] = .string(node)
            pod["spec"] = spec
            for (key, text) in binding.annotations {
                var annotations = pod.annotations
                annotations[key] = text
                pod.setMetadata("annotations", .object(annotations))
            }
            pod.setCondition("PodScheduled", status: "True", now: clock())
            if isDryRun { return }
            if try await replace(found, by: pod, Catalog.pod) != nil { return }
        }
        throw .conflict(Catalog.pod, name: name, why: "others keep changing the object; try again later")
    }

    /// Deletes a pod unless a disruption budget forbids it.
    ///
    /// - Throws: ``APIError/budgetSpent(why:)``.
    package func evict(
        _ namespace: String, _ name: String, _ options: DeleteOptions
    ) async throws(APIError) {
        let pod = try await get(Catalog.pod, namespace, name).object
        let view = PodObject(pod.value)
        let needsNoBudget = view.phase.isTerminal || view.phase == .pending || pod.isBeingDeleted
        if !needsNoBudget {
            let budgets = try await budgets(of: pod, in: namespace)
            if budgets.count > 1 {
                throw .internalFailure(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
            }
            if let budget = budgets.first, !(budget.sparesUnready && !view.isReady) {
                try await spend(budget.name, for: name, in: namespace, isDryRun: options.isDryRun)
            }
        }
        _ = try await delete(Catalog.pod, namespace, name, options)
    }

    private struct Budget {
        let name: String
        /// Whether pods that are not ready may go whatever the budget says.
        let sparesUnready: Bool
    }

    private func budgets(of pod: APIObject, in namespace: String) async throws(APIError) -> [Budget] {
        try await list(Catalog.disruptionBudget, namespace).compactMap { budget in
            guard let selector = budget["spec"]?["selector"], let query = LabelQuery(selector: selector),
                query.matches(pod.labels)
            else { return nil }
            let healthy = budget["status"]?["currentHealthy"]?.intValue ?? 0
            let desired = budget["status"]?["desiredHealthy"]?.intValue ?? 0
            let policy = budget["spec"]?["unhealthyPodEvictionPolicy"]?.stringValue
            return Budget(
                name: budget.name,
                sparesUnready: policy == "AlwaysAllow" || (desired > 0 && healthy >= desired))
        }
    }

    /// Takes one disruption from a budget, so that evictions at the same time cannot take it too.
    private func spend(
        _ budget: String, for pod: String, in namespace: String, isDryRun: Bool
    ) async throws(APIError) {
        let now = clock()
        _ = try await update(Catalog.disruptionBudget, namespace, budget, .status, isDryRun: isDryRun) {
            (object) throws(APIError) in
            var object = object
            object.setMetadata("resourceVersion", nil)
            var status = object["status"] ?? [:]
            let isStale = (status["observedGeneration"]?.intValue ?? 0) < object.generation
            let allowed = status["disruptionsAllowed"]?.intValue ?? 0
            if isStale {
                throw APIError.tooManyRequests(
                    "The disruption budget \(budget) is still being processed by the server.", retryAfter: 10)
            }
            guard allowed > 0 else {
                let healthy = status["currentHealthy"]?.intValue ?? 0
                let desired = status["desiredHealthy"]?.intValue ?? 0
                throw APIError.budgetSpent(
                    why: " The disruption budget \(budget) needs \(desired) healthy pods and has \(healthy) currently")
            }
            status["disruptionsAllowed"] = .integer(allowed - 1)
            var disrupted = status["disruptedPods"] ?? [:]
            disrupted[pod] = .string(now.toSecond)
            status["disruptedPods"] = disrupted
            object["status"] = status
            return object
        }
    }
}

extension APIObject {
    /// Sets a condition of the status; its time changes only with it.
    mutating func setCondition(_ type: String, status: String, reason: String? = nil, now: Timestamp) {
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
