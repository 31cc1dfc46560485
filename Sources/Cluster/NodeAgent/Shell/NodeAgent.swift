package import ClusterModel
package import Engine
internal import JSON
package import Logging
internal import Units

/// A node's side of the pool: runs the pods that are bound to it, and says how it and they are.
///
/// Pods run on while the server cannot be reached, and while the agent itself does not run; what happened meanwhile is told
/// afterwards.
package actor NodeAgent {
    private let context: NodeContext
    private let node: NodeReporter
    private let pressure: PressureMonitor
    private var keepers: [String: PodKeeper] = [:]
    private var mirror = Mirror()
    /// What an earlier life left that no pod has claimed.
    private var isFirst = true

    package init(
        _ settings: NodeSettings, access: any PoolAccess, engine: Engine, logger: Logger
    ) async throws(EngineError) {
        context = try await NodeContext(settings, access: access, engine: engine, logger: logger)
        pressure = PressureMonitor(context)
        node = NodeReporter(context, pressure)
    }

    /// Serves until the calling task is cancelled; containers run on.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.context.works.run() }
            group.addTask { await self.node.run() }
            group.addTask { await self.follow() }
            group.addTask { await self.tick() }
            group.addTask {
                await self.pressure.run({ await self.tenants() }, { await self.evict($0, $1) })
            }
        }
    }

    /// How many pods it looks after.
    package var podCount: Int { keepers.count }

    // MARK: pods

    private func follow() async {
        while !Task.isCancelled {
            do throws(EngineError) {
                try await PodImages(context).makeSandboxImage()
                break
            } catch {
                context.logger.error("no sandbox can be made", metadata: ["error": "\(error.message)"])
                guard (try? await Task.sleep(for: .seconds(5))) != nil else { return }
            }
        }
        let logger = context.logger
        let reflection = Reflection(
            context.access, PoolPath.pods, selector: ["fieldSelector": "spec.nodeName=\(context.settings.name)"]
        ) { error in logger.warning("the pool cannot be asked for pods", metadata: ["error": "\(error)"]) }
        await reflection.run { news in await self.take(news) }
    }

    private func take(_ news: Reflected) async {
        for change in mirror.take(news) {
            switch change {
            case .changed(let object): await take(PodObject(object))
            case .gone(_, let uid): await keepers[uid]?.handle(.disowned)
            }
        }
        guard isFirst, case .whole = news else { return }
        isFirst = false
        await removeOrphans()
    }

    private func take(_ pod: PodObject) async {
        guard pod.nodeName == context.settings.name else { return }
        if let keeper = keepers[pod.uid] {
            await keeper.handle(.desired(pod))
            return
        }
        // One that has ended and that nobody deletes needs nobody who looks after it, unless something of it is still here.
        let found = try? await PodRunner(context).find(pod)
        let isNothing = found.map { $0.sandbox == nil && $0.containers.isEmpty } ?? true
        if pod.phase.isTerminal, !pod.isBeingDeleted, isNothing { return }
        guard keepers[pod.uid] == nil else { return }
        let keeper = PodKeeper(pod, context) { [weak self] uid in await self?.forget(uid) }
        keepers[pod.uid] = keeper
        if let found, !isNothing { await keeper.adopt(found) }
        await keeper.handle(.desired(pod))
    }

    private func forget(_ uid: String) { keepers[uid] = nil }

    /// Containers of pods that the pool does not have any more.
    private func removeOrphans() async {
        let runner = PodRunner(context)
        guard let left = try? await runner.containers() else { return }
        let orphans = Dictionary(grouping: left) { $0.labels[PodLabels.uid] ?? "" }
            .filter { keepers[$0.key] == nil && !$0.key.isEmpty }
        for (uid, containers) in orphans {
            let labels = containers.first?.labels ?? [:]
            let pod = PodObject([
                "metadata": [
                    "name": .string(labels[PodLabels.pod] ?? ""),
                    "namespace": .string(labels[PodLabels.namespace] ?? ""),
                    "uid": .string(uid),
                ]
            ])
            context.logger.info("a pod that the pool does not have is removed", metadata: ["pod": "\(pod.key)"])
            context.works.start { _ = await runner.cleanUp(pod) }
        }
    }

    private func tenants() async -> [(pod: PodObject, isEnding: Bool)] {
        var found: [(pod: PodObject, isEnding: Bool)] = []
        for keeper in keepers.values { if let tenant = await keeper.tenant { found.append(tenant) } }
        return found
    }

    private func evict(_ uid: String, _ message: String) async {
        await keepers[uid]?.handle(.evicted(reason: PodMachine.Ending.evicted, message: message))
        await node.hurry()
    }

    private func tick() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            for keeper in keepers.values { await keeper.handle(.tick) }
        }
    }

    // MARK: for those who ask

    /// The engine's id of a pod's sandbox.
    package func sandboxID(namespace: String, pod: String) async -> String? {
        for keeper in keepers.values {
            let object = await keeper.pod
            if object.name == pod, object.namespace == namespace { return await keeper.sandboxID }
        }
        return nil
    }

    /// The engine's id of a pod's container, the only one when `name` is empty.
    package func containerID(namespace: String, pod: String, container name: String) async -> String? {
        for keeper in keepers.values {
            let object = await keeper.pod
            guard object.name == pod, object.namespace == namespace else { continue }
            let chosen = name.isEmpty ? object.containers.first?.name ?? "" : name
            return await keeper.containerID(chosen)
        }
        return nil
    }
}
