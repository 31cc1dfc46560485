internal import ClusterModel
internal import Engine
internal import JSON
internal import Logging
internal import Units

/// Tells the pool that the node is there and how it is.
///
/// A lease every ten seconds, not together with all other nodes; the node's status when it changed, or every five minutes.
///
/// Source: Kubernetes enhancement 589, "Efficient Node Heartbeat".
actor NodeReporter {
    private static let leaseSeconds = 40
    private static let renewal = 10.0
    private static let statusPeriod = Duration.seconds(300)

    private let context: NodeContext
    private let pressure: PressureMonitor
    /// Since when each condition is as it is.
    private var conditionsSince: [String: (isTrue: Bool, since: Units.Timestamp)] = [:]
    private var reported: JSONValue?
    private var reportedAt: Units.Timestamp?
    private var since = Units.Timestamp.now
    private var hasLease = false

    init(_ context: NodeContext, _ pressure: PressureMonitor) {
        self.context = context
        self.pressure = pressure
    }

    /// Reports now, not only when its time has come.
    func hurry() async {
        do throws(PoolError) { try await report() } catch {
            context.logger.debug("the pool is told about the node later", metadata: ["error": "\(error)"])
        }
    }

    private var path: String { PoolPath.node(context.settings.name) }

    func run() async {
        while !Task.isCancelled {
            var wait = Double.random(in: 0.9...1.1) * Self.renewal
            do throws(PoolError) {
                try await report()
                try await renew()
            } catch {
                context.logger.warning("the pool was not told about the node", metadata: ["error": "\(error)"])
                wait = Double.random(in: 1...3)
            }
            guard (try? await Task.sleep(for: .seconds(wait))) != nil else { return }
        }
    }

    // MARK: the lease

    private func renew() async throws(PoolError) {
        let spec: JSONValue = [
            "holderIdentity": .string(context.settings.name),
            "leaseDurationSeconds": JSONValue(number: Self.leaseSeconds),
            "renewTime": .string(Units.Timestamp.now.microseconds),
        ]
        if hasLease {
            do throws(PoolError) {
                try await context.access.patch("\(PoolPath.nodeLeases)/\(context.settings.name)", ["spec": spec])
                return
            } catch {
                guard error.isNotFound else { throw error }
            }
        }
        do throws(PoolError) {
            try await context.access.create(
                [
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": ["name": .string(context.settings.name), "namespace": "kube-node-lease"], "spec": spec,
                ], in: PoolPath.nodeLeases)
        } catch {
            guard error.isConflict else { throw error }
            try await context.access.patch("\(PoolPath.nodeLeases)/\(context.settings.name)", ["spec": spec])
        }
        hasLease = true
    }

    // MARK: the node

    private func report() async throws(PoolError) {
        let status = await status()
        let isFresh = reportedAt.map { Units.Timestamp.now.duration(since: $0) < Self.statusPeriod } ?? false
        guard status != reported || !isFresh else { return }
        let metadata: JSONValue = [
            "name": .string(context.settings.name),
            "labels": .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ]
        do throws(PoolError) {
            try await context.access.patch(path, ["metadata": metadata])
        } catch {
            guard error.isNotFound else { throw error }
            try await context.access.create(
                ["apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": [:]], in: PoolPath.nodes)
        }
        try await context.access.patch("\(path)/status", ["status": status], kind: .strategic)
        reported = status
        reportedAt = .now
    }

    private var labels: [String: String] {
        let own = [
            "kubernetes.io/hostname": context.settings.name, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": context.facts.architecture,
        ]
        return own.merging(context.settings.labels) { $1 }
    }

    private func status() async -> JSONValue {
        let facts = context.facts
        let amounts: JSONValue = [
            "cpu": .string(String(facts.processors)), "memory": .string("\(facts.memory / 1024)Ki"),
            "ephemeral-storage": .string("\(NodeDisk.size(context.settings.dataRoot) / 1024)Ki"),
            "pods": .string(String(context.settings.maximumPods)),
        ]
        var conditions: [JSONValue] = [
            condition("Ready", true, "AgentReady", "the node agent is posting ready status")
        ]
        for (resource, word) in [(ScarceResource.memory, "Memory"), (.disk, "Disk")] {
            let isShort = await pressure.isShort(of: resource)
            let reason = isShort ? "AgentHas\(word)Pressure" : "AgentHasSufficient\(word)"
            conditions.append(condition(resource.condition, isShort, reason, ""))
        }
        conditions.append(condition("PIDPressure", false, "AgentHasSufficientPID", ""))
        return [
            "capacity": amounts, "allocatable": amounts, "conditions": .array(conditions),
            "addresses": [
                ["type": "InternalIP", "address": .string(context.settings.address)],
                ["type": "Hostname", "address": .string(context.settings.name)],
            ],
            "daemonEndpoints": ["kubeletEndpoint": ["Port": JSONValue(number: context.settings.streamPort)]],
            "nodeInfo": [
                "architecture": .string(facts.architecture), "operatingSystem": "linux",
                "kernelVersion": .string(facts.kernel), "osImage": .string(facts.operatingSystem),
                "containerRuntimeVersion": .string("pouch://\(facts.runtimeVersion)"),
                "kubeletVersion": .string("v1.32.0-pouch.\(context.settings.version)"), "kubeProxyVersion": "",
                "machineID": "", "systemUUID": "", "bootID": "",
            ],
        ]
    }

    private func condition(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) -> JSONValue {
        var began = conditionsSince[type] ?? (isTrue, since)
        if began.isTrue != isTrue { began = (isTrue, .now) }
        conditionsSince[type] = began
        return [
            "type": .string(type), "status": .string(isTrue ? "True" : "False"), "reason": .string(reason),
            "message": .string(message), "lastTransitionTime": .string(began.since.wholeSeconds),
        ]
    }
}
