internal import JSON
package import Units

/// Whether a disruption budget lets a pod be evicted, and what is left of the budget then.
///
/// Source: Kubernetes documentation, "API-initiated Eviction".
package enum EvictionRule {
    /// The one budget to ask; `nil` when none has a say.
    ///
    /// - Throws: ``APIError/internalFailure(_:)`` when several would have one.
    package static func budget(for pod: APIObject, among budgets: [APIObject]) throws(APIError) -> APIObject? {
        let view = PodObject(pod.value)
        if view.phase.isTerminal || view.phase == .pending || pod.isBeingDeleted { return nil }
        let matching = budgets.filter { budget in
            guard let selector = budget["spec"]?["selector"], let query = LabelQuery(selector: selector) else {
                return false
            }
            return query.matches(pod.labels)
        }
        if matching.count > 1 {
            throw .internalFailure(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        guard let budget = matching.first, !(sparesUnready(budget) && !view.isReady) else { return nil }
        return budget
    }

    /// Whether pods that are not ready may go whatever the budget says.
    private static func sparesUnready(_ budget: APIObject) -> Bool {
        let healthy = budget["status"]?["currentHealthy"]?.intValue ?? 0
        let desired = budget["status"]?["desiredHealthy"]?.intValue ?? 0
        return budget["spec"]?["unhealthyPodEvictionPolicy"]?.stringValue == "AlwaysAllow"
            || (desired > 0 && healthy >= desired)
    }

    /// The budget when `pod` has been taken from it.
    ///
    /// - Throws: ``APIError/budgetSpent(why:)``, ``APIError/tooManyRequests(_:retryAfter:)`` while nobody has counted yet.
    package static func spent(
        _ budget: APIObject, for pod: String, now: Timestamp
    ) throws(APIError) -> APIObject {
        var object = budget
        object.setMetadata("resourceVersion", nil)
        var status = object["status"] ?? [:]
        let allowed = status["disruptionsAllowed"]?.intValue ?? 0
        if (status["observedGeneration"]?.intValue ?? 0) < object.generation {
            throw .tooManyRequests(
                "The disruption budget \(budget.name) is still being processed by the server.", retryAfter: 10)
        }
        guard allowed > 0 else {
            let healthy = status["currentHealthy"]?.intValue ?? 0
            let desired = status["desiredHealthy"]?.intValue ?? 0
            throw .budgetSpent(
                why: " The disruption budget \(budget.name) needs \(desired) healthy pods and has \(healthy) currently")
        }
        status["disruptionsAllowed"] = .integer(allowed - 1)
        var disrupted = status["disruptedPods"] ?? [:]
        disrupted[pod] = .string(now.toSecond)
        status["disruptedPods"] = disrupted
        object["status"] = status
        return object
    }
}
