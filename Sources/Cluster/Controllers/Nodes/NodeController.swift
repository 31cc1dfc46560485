package import ClusterModel
internal import JSON
package import Logging
internal import Units

/// Watches over the pool's nodes: feeds the lifecycle, and performs what it wants done.
package actor NodeController {
    private enum Source: Hashable, CaseIterable {
        case nodes, leases, pods

        var path: String {
            switch self {
            case .nodes: PoolPath.nodes
            case .leases: PoolPath.nodeLeases
            case .pods: PoolPath.pods
            }
        }
    }

    private static let period = Duration.seconds(2)

    private let access: any PoolAccess
    private let recorder: EventRecorder
    private let logger: Logger
    private var lifecycle: NodeLifecycle
    private var mirrors: [Source: Mirror] = [:]
    private var unseen = Set(Source.allCases)

    package init(_ access: any PoolAccess, settings: LifecycleSettings = LifecycleSettings(), logger: Logger) {
        self.access = access
        self.logger = logger
        recorder = EventRecorder(access, component: "pouch-node-controller")
        lifecycle = NodeLifecycle(settings)
    }

    /// Serves until the calling task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for source in Source.allCases { group.addTask { await self.reflect(source) } }
            group.addTask { await self.tick() }
        }
    }

    private nonisolated func reflect(_ source: Source) async {
        let reflection = Reflection(access, source.path) { [logger] error in
            logger.warning("a watch is tried again", metadata: ["path": "\(source.path)", "error": "\(error)"])
        }
        await reflection.run { news in await self.take(news, from: source) }
    }

    private func take(_ news: Reflected, from source: Source) {
        unseen.remove(source)
        for change in mirrors[source, default: Mirror()].take(news) {
            switch (source, change) {
            case (.nodes, .changed(let object)): lifecycle.handle(.node(NodeObject(object)), at: .now)
            case (.nodes, .gone(let key, _)): lifecycle.handle(.nodeGone(name: key), at: .now)
            case (.leases, .changed(let object)): lifecycle.handle(.lease(LeaseObject(object)), at: .now)
            case (.leases, .gone): break
            case (.pods, .changed(let object)): lifecycle.handle(.pod(PodObject(object)), at: .now)
            case (.pods, .gone(let key, let uid)): lifecycle.handle(.podGone(key: key, uid: uid), at: .now)
            }
        }
    }

    private func tick() async {
        while (try? await Task.sleep(for: Self.period)) != nil {
            guard unseen.isEmpty else { continue }
            let effects = lifecycle.tick(at: .now)
            await withTaskGroup(of: NodeEffect?.self) { group in
                for effect in effects { group.addTask { await self.perform(effect) ? nil : effect } }
                for await failed in group { if let failed { lifecycle.failed(failed) } }
            }
        }
    }

    /// Whether it arrived, or what it was about is gone.
    private nonisolated func perform(_ effect: NodeEffect) async -> Bool {
        do throws(PoolError) {
            switch effect {
            case .markUnreachable(let node, let pods): try await mark(node, pods)
            case .markReturned(let node): try await restore(node)
            case .setTaints(let node, let taints): try await set(taints, on: node)
            case .assignRange(let node, let range):
                try await access.patch(
                    PoolPath.node(node), ["spec": ["podCIDR": .string(range), "podCIDRs": [.string(range)]]])
            case .evict(let pod, let reason): try await delete(pod, grace: nil, reason: reason)
            case .remove(let pod): try await delete(pod, grace: 0, reason: "its node is gone")
            case .record(let record): await recorder.record(record, at: .now)
            }
            return true
        } catch {
            if error.isNotFound { return true }
            logger.warning("what the node lifecycle wanted was not done", metadata: ["error": "\(error)"])
            return false
        }
    }

    private nonisolated func mark(_ node: String, _ pods: [PodName]) async throws(PoolError) {
        logger.warning("a node is not heard of any more", metadata: ["node": "\(node)"])
        let conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map { type -> JSONValue in
            [
                "type": .string(type), "status": "Unknown", "reason": "NodeStatusUnknown",
                "message": "The node agent stopped posting node status.",
                "lastTransitionTime": .string(Timestamp.now.wholeSeconds),
            ]
        }
        try await access.patch(
            "\(PoolPath.node(node))/status", ["status": ["conditions": .array(conditions)]], kind: .strategic)
        for pod in pods {
            let condition = PodConditions.condition("Ready", false, reason: "NodeNotReady", at: .now)
            do throws(PoolError) {
                try await access.patch(
                    "\(PoolPath.pod(key: pod.key))/status",
                    ["metadata": ["uid": .string(pod.uid)], "status": ["conditions": [condition]]], kind: .strategic)
            } catch {
                guard error.isNotFound || error.isConflict else { throw error }
            }
        }
    }

    private nonisolated func restore(_ node: String) async throws(PoolError) {
        logger.info("a node is back", metadata: ["node": "\(node)"])
        var conditions: [JSONValue] = []
        for (type, isTrue) in [
            ("Ready", true), ("MemoryPressure", false), ("DiskPressure", false), ("PIDPressure", false),
        ] {
            conditions.append([
                "type": .string(type), "status": .string(isTrue ? "True" : "False"), "reason": "NodeReturned",
                "message": "the node renews its lease again",
                "lastTransitionTime": .string(Timestamp.now.wholeSeconds),
            ])
        }
        try await access.patch(
            "\(PoolPath.node(node))/status", ["status": ["conditions": .array(conditions)]], kind: .strategic)
    }

    private nonisolated func set(_ taints: [NodeObject.Taint], on node: String) async throws(PoolError) {
        let list = taints.map { taint -> JSONValue in
            var json: JSONValue = ["key": .string(taint.key), "effect": .string(taint.effect)]
            if !taint.value.isEmpty { json["value"] = .string(taint.value) }
            if taint.effect == "NoExecute" { json["timeAdded"] = .string(Timestamp.now.wholeSeconds) }
            return json
        }
        try await access.patch(PoolPath.node(node), ["spec": ["taints": .array(list)]])
    }

    private nonisolated func delete(_ pod: PodName, grace: Int?, reason: String) async throws(PoolError) {
        logger.info("a pod has to leave", metadata: ["pod": "\(pod.key)", "reason": "\(reason)"])
        var options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": .string(pod.uid)],
        ]
        if let grace { options["gracePeriodSeconds"] = JSONValue(number: grace) }
        do throws(PoolError) {
            _ = try await access.send(PoolRequest(.delete, PoolPath.pod(key: pod.key), body: options))
        } catch {
            // Another pod of that name.
            guard error.isConflict else { throw error }
        }
    }
}
