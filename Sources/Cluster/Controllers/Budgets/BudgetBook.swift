package import ClusterModel
package import JSON
package import Units

/// How many pods each disruption budget lets go now.
///
/// Pods and budgets in, statuses to be written out. Evictions that are on their way count as gone until the pod is, or for two
/// minutes.
///
/// Source: Kubernetes, "Specifying a Disruption Budget for your Application".
package struct BudgetBook: Sendable {
    package struct Update: Sendable, Equatable {
        package var namespace: String
        package var name: String
        package var status: JSONValue
    }

    private struct Budget: Sendable {
        var object: PodDisruptionBudgetObject
        var selector: LabelQuery?
    }

    /// What a budget wants to know of a pod.
    private struct Pod: Sendable {
        var labels: JSONObject
        var isReady: Bool
        var isTerminal: Bool
        var isBeingDeleted: Bool
    }

    private static let disruptionTimeout: Int64 = 120

    private var budgets: [String: Budget] = [:]
    private var pods: [String: [String: Pod]] = [:]
    private var stale: Set<String> = []

    package init() {}

    package mutating func put(_ budget: PodDisruptionBudgetObject) {
        budgets[budget.key] = Budget(object: budget, selector: LabelQuery(selector: budget.selector.value ?? [:]))
        stale.insert(budget.namespace)
    }

    package mutating func removeBudget(_ key: String) { budgets[key] = nil }

    package mutating func put(_ pod: PodObject) {
        let namespace = pod.namespace
        pods[namespace, default: [:]][pod.name] = Pod(
            labels: pod.metadata["labels"].value?.objectValue ?? [:], isReady: pod.isReady,
            isTerminal: pod.phase.isTerminal, isBeingDeleted: pod.isBeingDeleted)
        stale.insert(namespace)
    }

    package mutating func removePod(_ key: String) {
        let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return }
        pods[parts[0]]?[parts[1]] = nil
        stale.insert(parts[0])
    }

    /// What does not say what is true now.
    package mutating func updates(at now: Timestamp) -> [Update] {
        defer { stale = [] }
        return budgets.values.filter { stale.contains($0.object.namespace) }
            .sorted { $0.object.key < $1.object.key }.compactMap { update($0, at: now) }
    }

    /// An update did not arrive.
    package mutating func failed(_ update: Update) { stale.insert(update.namespace) }

    private func update(_ budget: Budget, at now: Timestamp) -> Update? {
        let object = budget.object
        let chosen = (pods[object.namespace] ?? [:]).filter { _, pod in
            !pod.isTerminal && budget.selector?.matches(pod.labels) == true
        }
        let disrupted = object.field["status"]["disruptedPods"].entries.filter { entry in
            guard let time = entry.value.time, let pod = pods[object.namespace]?[entry.key] else { return false }
            return !pod.isBeingDeleted && now.seconds - time.seconds < Self.disruptionTimeout
        }
        let gone = Set(disrupted.map(\.key))
        let healthy = chosen.count { name, pod in pod.isReady && !pod.isBeingDeleted && !gone.contains(name) }
        let desired = object.desiredHealthy(of: chosen.count)
        let allowed = chosen.isEmpty ? 0 : max(0, healthy - desired)
        var status: JSONValue = [
            "currentHealthy": JSONValue(number: healthy), "desiredHealthy": JSONValue(number: desired),
            "expectedPods": JSONValue(number: chosen.count), "disruptionsAllowed": JSONValue(number: allowed),
            "observedGeneration": JSONValue(number: object.generation),
        ]
        let there = object.field["status"]
        let isTold = (status.objectValue ?? [:]).allSatisfy { there[$0.key].value == $0.value }
        let before = there["disruptedPods"].entries.map(\.key)
        guard !isTold || before.count != gone.count else { return nil }
        // In a merge patch null takes an entry away.
        for name in before where !gone.contains(name) {
            var left = status["disruptedPods"] ?? [:]
            left[name] = .null
            status["disruptedPods"] = left
        }
        return Update(namespace: object.namespace, name: object.name, status: status)
    }
}
