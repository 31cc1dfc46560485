internal import JSON
internal import Units

extension TableColumns {
    static func columns(of kind: ResourceKind) -> [Column] {
        switch kind {
        case Catalog.pod: pods
        case Catalog.node: nodes
        case Catalog.namespace: [.name, .text("Status", "status", "phase"), .age]
        case Catalog.event: events
        case Catalog.configMap:
            [
                .name,
                Column("Data", type: "string") { object, _ in
                    .string("\(count(object["data"]) + count(object["binaryData"]))")
                }, .age,
            ]
        case Catalog.secret:
            [
                .name, .text("Type", "type"),
                Column("Data", type: "string") { object, _ in .string("\(count(object["data"]))") }, .age,
            ]
        case Catalog.priorityClass:
            [
                .name, Column("Value", type: "integer") { object, _ in object["value"] ?? 0 },
                Column("Global-Default", type: "boolean") { object, _ in object["globalDefault"] ?? false }, .age,
                .text("PreemptionPolicy", "preemptionPolicy"),
            ]
        case Catalog.disruptionBudget:
            [
                .name, .text("Min Available", or: "N/A", "spec", "minAvailable"),
                .text("Max Unavailable", or: "N/A", "spec", "maxUnavailable"),
                number("Allowed Disruptions", "disruptionsAllowed"), .age,
            ]
        case Catalog.lease: [.name, .text("Holder", or: "", "spec", "holderIdentity"), .age]
        default: pouch(kind)
        }
    }

    private static func pouch(_ kind: ResourceKind) -> [Column] {
        switch kind {
        case Catalog.queue:
            [
                .name,
                Column("Weight") { object, _ in .string(QueueObject(object.value).servedWeight ?? "1") },
                number("Pending", "pending"), number("Running", "running"),
                Column("Paused") { object, _ in .string(QueueObject(object.value).isPaused ? "yes" : "no") }, .age,
            ]
        case Catalog.podGroup:
            [
                .name, .text("Min", or: "0", "spec", "minMember"), number("Scheduled", "scheduled"),
                .text("Phase", "status", "phase"), .text("Queue", "spec", "queue"), .age,
            ]
        case Catalog.addressPool:
            [.name, .text("CIDR", "spec", "cidr"), number("Allocated", "allocated"), number("Free", "free"), .age]
        case Catalog.prewarmJob:
            [
                .name, .text("Phase", "status", "phase"),
                Column("Ready") { object, _ in
                    let status = object["status"]
                    return .string("\(status?["ready"]?.intValue ?? 0)/\(status?["total"]?.intValue ?? 0)")
                }, number("Failed", "failed"), .age,
            ]
        default: [.name, .age]
        }
    }

    private static func number(_ name: String, _ field: String) -> Column {
        Column(name, type: "integer") { object, _ in object["status"]?[field] ?? 0 }
    }

    private static func count(_ value: JSONValue?) -> Int { value?.objectValue?.count ?? 0 }

    private static let pods: [Column] = [
        .name,
        Column("Ready") { object, _ in
            let statuses = PodObject(object.value).status["containerStatuses"].elements
            let total = PodObject(object.value).containers.count
            return .string("\(statuses.filter { $0["ready"].flag == true }.count)/\(total)")
        },
        Column("Status") { object, _ in .string(PodSummary(PodObject(object.value)).status) },
        Column("Restarts") { object, now in .string(PodSummary(PodObject(object.value)).restarts(now)) },
        .age,
        .text("IP", priority: 1, "status", "podIP"),
        .text("Node", priority: 1, "spec", "nodeName"),
        .text("Nominated Node", priority: 1, "status", "nominatedNodeName"),
        Column("Readiness Gates", priority: 1) { object, _ in
            let pod = PodObject(object.value)
            let gates = pod.readinessGates
            if gates.isEmpty { return "<none>" }
            let met = gates.filter { pod.condition($0)?["status"].text == "True" }
            return .string("\(met.count)/\(gates.count)")
        },
    ]

    private static let nodes: [Column] = [
        .name,
        Column("Status") { object, _ in
            let node = NodeObject(object.value)
            let ready = ["True": "Ready", "False": "NotReady"][node.readiness] ?? "Unknown"
            return .string(node.isUnschedulable ? "\(ready),SchedulingDisabled" : ready)
        },
        Column("Roles") { object, _ in
            let prefix = "node-role.kubernetes.io/"
            let roles = object.labels.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }.sorted()
            return .string(roles.isEmpty ? "<none>" : roles.joined(separator: ","))
        },
        .age,
        .text("Version", or: "", "status", "nodeInfo", "kubeletVersion"),
        Column("Internal-IP", priority: 1) { object, _ in
            .string(NodeObject(object.value).address("InternalIP") ?? "<none>")
        },
        Column("External-IP", priority: 1) { object, _ in
            .string(NodeObject(object.value).address("ExternalIP") ?? "<none>")
        },
        .text("OS-Image", priority: 1, or: "<unknown>", "status", "nodeInfo", "osImage"),
        .text("Kernel-Version", priority: 1, or: "<unknown>", "status", "nodeInfo", "kernelVersion"),
        .text("Container-Runtime", priority: 1, or: "<unknown>", "status", "nodeInfo", "containerRuntimeVersion"),
    ]

    private static let events: [Column] = [
        Column("Last Seen") { object, now in
            let times = [object["series"]?["lastObservedTime"], object["lastTimestamp"], object["eventTime"]]
            let seen = times.compactMap { $0 }.first { $0 != .null } ?? object.metadata["creationTimestamp"]
            return Ages.text(since: seen, now)
        },
        .text("Type", or: "", "type"), .text("Reason", or: "", "reason"),
        Column("Object") { object, _ in
            let involved = object["involvedObject"]
            return .string(
                "\((involved?["kind"]?.stringValue ?? "").lowercased())/\(involved?["name"]?.stringValue ?? "")")
        },
        .text("Subobject", priority: 1, or: "", "involvedObject", "fieldPath"),
        Column("Source", priority: 1) { object, _ in
            let component = object["source"]?["component"] ?? object["reportingComponent"]
            return .string(component?.stringValue ?? "")
        },
        .text("Message", or: "", "message"),
        Column("First Seen", priority: 1) { object, now in
            Ages.text(since: object["firstTimestamp"] ?? object.metadata["creationTimestamp"], now)
        },
        Column("Count", type: "string", priority: 1) { object, _ in object["count"] ?? 1 },
        Column("Name", priority: 1) { object, _ in .string(object.name) },
    ]
}

/// How a pod is doing, in one word.
struct PodSummary {
    private let pod: PodObject

    init(_ pod: PodObject) { self.pod = pod }

    /// The phase, or what is the matter with the container that matters most.
    var status: String {
        if pod.isBeingDeleted { return pod.reason == "NodeLost" ? "Unknown" : "Terminating" }
        if let reason = initializing { return reason }
        var word = pod.reason ?? pod.phase.rawValue
        if pod.status["phase"].isPresent == false { word = "Pending" }
        if pod.condition("PodScheduled")?["reason"].text == "SchedulingGated" { word = "SchedulingGated" }
        var hasRunning = false
        for container in pod.status["containerStatuses"].elements.reversed() {
            if let reason = Self.trouble(container["state"]) {
                word = reason
            } else if container["ready"].flag == true, container["state"]["running"].isPresent {
                hasRunning = true
            }
        }
        if word == "Completed", hasRunning { word = pod.isReady ? "Running" : "NotReady" }
        return word
    }

    private var initializing: String? {
        let statuses = pod.status["initContainerStatuses"].elements
        let sidecars = Set(pod.initContainers.filter(\.isSidecar).map(\.name))
        for (index, container) in statuses.enumerated() {
            let state = container["state"]
            if state["terminated"]["exitCode"].number == 0 { continue }
            if sidecars.contains(container["name"].text ?? ""), container["started"].flag == true { continue }
            if state["terminated"].isPresent
                || (state["waiting"]["reason"].text ?? "PodInitializing") != "PodInitializing"
            {
                return Self.trouble(state).map { "Init:\($0)" }
            }
            return "Init:\(index)/\(pod.initContainers.count)"
        }
        return nil
    }

    private static func trouble(_ state: Field) -> String? {
        if let reason = state["waiting"]["reason"].text, !reason.isEmpty { return reason }
        let ended = state["terminated"]
        guard ended.isPresent else { return nil }
        if let reason = ended["reason"].text, !reason.isEmpty { return reason }
        if let signal = ended["signal"].number, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(ended["exitCode"].number ?? 0)"
    }

    func restarts(_ now: Timestamp) -> String {
        let statuses = pod.status["containerStatuses"].elements
        let count = statuses.reduce(0) { $0 + ($1["restartCount"].number ?? 0) }
        let last = statuses.compactMap { $0["lastState"]["terminated"]["finishedAt"].time }.max()
        guard count > 0, let last else { return "\(count)" }
        return "\(count) (\(Ages.short(now.duration(since: last))) ago)"
    }
}
