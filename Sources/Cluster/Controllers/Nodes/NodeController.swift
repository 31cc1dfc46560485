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
        await reflection.runBatches { news in await self.take(news, from: source) }
    }

    private func take(_ batch: [Reflected], from source: Source) {
        for news in batch { take(news, from: source) }
    }

    private func take(_ news: Reflected, from source: Source) {
        if case .whole = news { unseen.remove(source) }
        for change in mirrors[source, default: Mirror()].take(news) {
            switch (source, change) {
            case (.nodes, .changed(let object)): lifecycle.handle(.node(NodeObject(object)), at: .now)
            case (.nodes, .gone(let key, _)): lifecycle.handle(.nodeGone(name: key), at: .now)
            case (.leases, .changed(let object)): lifecycle.handle(.lease(LeaseObject(object)), at: .now)
            case (.leases, .gone): break
            // A pod without a node is nothing to nodes, now and before.
            case (.pods, .changed(let object)) where object["spec"]?["nodeName"] == nil: break
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
        tell(effect)
        if case .record(let record) = effect { await recorder.record(record, at: .now) }
        for request in effect.requests(at: .now) {
            do throws(PoolError) {
                _ = try await access.send(request)
            } catch {
                // A pod that is gone, or another of its name.
                if error.isNotFound || error.isConflict && !request.path.hasPrefix(PoolPath.nodes) { continue }
                logger.warning("what the node lifecycle wanted was not done", metadata: ["error": "\(error)"])
                return false
            }
        }
        return true
    }

    private nonisolated func tell(_ effect: NodeEffect) {
        switch effect {
        case .markUnreachable(let node, _):
            logger.warning("a node is not heard of any more", metadata: ["node": "\(node)"])
        case .markReturned(let node): logger.info("a node is back", metadata: ["node": "\(node)"])
        case .evict(let pod, let reason):
            logger.info("a pod has to leave", metadata: ["pod": "\(pod.key)", "reason": "\(reason)"])
        case .remove(let pod):
            logger.info("a pod has to leave", metadata: ["pod": "\(pod.key)", "reason": "its node is gone"])
        case .setTaints, .assignRange, .record: break
        }
    }
}
