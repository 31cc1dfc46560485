package import ClusterModel
package import JSON
package import Units

/// A pod as `describe` tells it: where it is, how its containers are, or why it waits, and what happened.
package enum PodStory {
    /// `waiting` are the pods of the pool that have no node yet, this one among them where it has none.
    package static func lines(
        _ pod: PodObject, events: [JSONValue], waiting: [PodObject] = [], now: Timestamp
    ) -> [String] {
        var lines = [
            "Name:       \(pod.name)", "Namespace:  \(pod.namespace)", "Priority:   \(pod.priority)",
            "Node:       \(pod.nodeName.map { "\($0)/\(pod.status["hostIP"].text ?? "")" } ?? "<none>")",
            "Status:     \(pod.isBeingDeleted ? "Terminating" : pod.phase.rawValue)",
            "IP:         \(pod.status["podIP"].text ?? "<none>")",
            "QoS class:  \(pod.status["qosClass"].text ?? pod.qualityOfService.rawValue)",
        ]
        for (name, value) in [("Reason:     ", pod.reason), ("Message:    ", pod.status["message"].text)] {
            if let value { lines.append(name + value) }
        }
        if pod.nodeName == nil { lines += self.waiting(pod, now: now) + place(of: pod, among: waiting) }
        lines += containers("Init containers:", pod.initContainers, pod.status["initContainerStatuses"])
        lines += containers("Containers:", pod.containers, pod.status["containerStatuses"])
        let conditions = pod.status["conditions"].elements
        if !conditions.isEmpty { lines.append("Conditions:") }
        for condition in conditions {
            let reason = condition["reason"].text.map { " (\($0))" } ?? ""
            lines.append("  \(condition["type"].text ?? ""): \(condition["status"].text ?? "")\(reason)")
        }
        return lines + story(events, now: now)
    }

    private static func waiting(_ pod: PodObject, now: Timestamp) -> [String] {
        guard let condition = pod.condition("PodScheduled"), condition["status"].text == "False" else {
            return ["Waiting:    for the scheduler"]
        }
        let message = condition["message"].text ?? condition["reason"].text ?? ""
        var lines = ["Waiting:    \(message)"]
        if let since = pod.creationTime { lines.append("            for \(age(since, now))") }
        if let node = pod.status["nominatedNodeName"].text { lines.append("            it is to get \(node)") }
        return lines
    }

    /// Where it stands: the more important first, then who came first.
    private static func place(of pod: PodObject, among waiting: [PodObject]) -> [String] {
        let order = waiting.sorted {
            (-$0.priority, $0.creationTime?.nanoseconds ?? 0, $0.key) < (
                -$1.priority, $1.creationTime?.nanoseconds ?? 0, $1.key
            )
        }
        guard let index = order.firstIndex(where: { $0.uid == pod.uid }) else { return [] }
        return ["            place \(index + 1) of \(order.count) among the pods that wait, by priority and age"]
    }

    private static func containers(_ title: String, _ containers: [ContainerObject], _ statuses: Field) -> [String] {
        guard !containers.isEmpty else { return [] }
        var lines = [title]
        for container in containers {
            let status = statuses.elements.first { $0["name"].text == container.name }
            lines.append("  \(container.name): \(container.image)")
            guard let status else { continue }
            lines.append("    State:     \(state(status["state"]))")
            if status["lastState"]["terminated"].isPresent {
                lines.append("    Before:    \(state(status["lastState"]))")
            }
            lines.append(
                "    Ready:     \(status["ready"].flag ?? false), restarts: \(status["restartCount"].number ?? 0)")
        }
        return lines
    }

    private static func state(_ field: Field) -> String {
        if field["running"].isPresent { return "running since \(field["running"]["startedAt"].text ?? "?")" }
        let ended = field["terminated"]
        if ended.isPresent {
            let message = ended["message"].text.map { ": \($0)" } ?? ""
            return "ended with \(ended["exitCode"].number ?? 0) (\(ended["reason"].text ?? ""))\(message)"
        }
        let waiting = field["waiting"]
        return "waiting (\(waiting["reason"].text ?? ""))\(waiting["message"].text.map { ": \($0)" } ?? "")"
    }

    private static func story(_ events: [JSONValue], now: Timestamp) -> [String] {
        guard !events.isEmpty else { return [] }
        let sorted = events.map { Field($0) }.sorted {
            ($0["lastTimestamp"].text ?? "") < ($1["lastTimestamp"].text ?? "")
        }
        return ["Events:"]
            + sorted.map { event in
                let count = event["count"].number ?? 1
                let when = event["lastTimestamp"].time.map { age($0, now) } ?? "?"
                let often = count > 1 ? "\(when), \(count) times" : when
                return
                    "  \(often)  \(event["type"].text ?? "")  \(event["reason"].text ?? "")  \(event["message"].text ?? "")"
            }
    }

    /// Such as `5s`, `3m20s`, `4h` or `12d`.
    package static func age(_ since: Timestamp, _ now: Timestamp) -> String {
        let seconds = max(0, now.seconds - since.seconds)
        return switch seconds {
        case ..<120: "\(seconds)s"
        case ..<600: "\(seconds / 60)m\(seconds % 60)s"
        case ..<7200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3600)h"
        default: "\(seconds / 86400)d"
        }
    }
}
