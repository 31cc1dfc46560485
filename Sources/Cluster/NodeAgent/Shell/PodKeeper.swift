internal import ClusterModel
internal import JSON
internal import Logging
internal import Units

/// One pod on this node: feeds its machine and performs what it wants done.
actor PodKeeper {
    let context: NodeContext
    private var machine: PodMachine
    private let runner: PodRunner
    /// Reports are sent one after the other; only the latest that waits matters.
    private var pending: PodStatus?
    private var isReporting = false
    private var wantsConfirmation = false
    private let over: @Sendable (String) async -> Void

    /// `over` hears the pod's uid once nothing is left of it.
    init(_ pod: PodObject, _ context: NodeContext, over: @escaping @Sendable (String) async -> Void) {
        self.context = context
        self.over = over
        machine = PodMachine(
            pod, hostAddress: context.settings.address, refreshPeriod: context.settings.refreshPeriod, at: .now)
        runner = PodRunner(context)
    }

    var pod: PodObject { machine.pod }
    /// The pod as long as something of it is on the node, and whether it is on its way out.
    var tenant: (pod: PodObject, isEnding: Bool)? { machine.isHere ? (machine.pod, machine.isEnding) : nil }

    /// The container called `name`: its id in the engine.
    func containerID(_ name: String) -> String? { machine.containerID(name) }
    var sandboxID: String? { machine.sandboxID }

    func handle(_ event: PodEvent) {
        let wasOver = machine.isOver
        for effect in machine.handle(event, at: .now) { begin(effect) }
        guard machine.isOver, !wasOver else { return }
        let (uid, over) = (machine.uid, over)
        context.works.start { await over(uid) }
    }

    private func begin(_ effect: PodEffect) {
        switch effect {
        case .report(let status):
            pending = status
            beginReporting()
        case .confirmDeletion:
            wantsConfirmation = true
            beginReporting()
        case .record(let severity, let reason, let message):
            let record = EventRecord(
                pod: machine.key, uid: machine.uid, severity: severity, reason: reason, message: message)
            context.works.start { [context] in await context.recorder.record(record, at: .now) }
        default: context.works.start { await self.perform(effect) }
        }
    }

    private func perform(_ effect: PodEffect) async {
        let pod = machine.pod
        switch effect {
        case .makeSandbox: await makeSandbox(pod)
        case .start(let name, let attempt): await start(pod, name, attempt)
        case .stop(let name, let id, let grace): await runner.stop(pod, container: name, id: id, grace: grace)
        case .probe(let name, let id, let kind):
            let result = await runner.probe(pod, container: name, id: id, kind, address: address)
            handle(.probed(container: name, kind, succeeded: result.succeeded, message: result.message))
        case .cleanUp:
            while !(await runner.cleanUp(pod)) {
                guard (try? await Task.sleep(for: .seconds(2))) != nil else { return }
            }
            handle(.cleaned)
        case .refresh:
            await runner.refresh(pod, addresses: address.map { [$0] } ?? [])
            handle(.refreshed)
        case .report, .record, .confirmDeletion: break
        }
    }

    private var address: String? {
        if case .ready(let sandbox) = machine.sandbox { sandbox.addresses.first } else { nil }
    }

    private func makeSandbox(_ pod: PodObject) async {
        do throws(AgentError) {
            let sandbox = try await runner.makeSandbox(pod)
            handle(.sandboxReady(sandbox))
            watch(sandbox: sandbox.id)
        } catch {
            handle(.sandboxFailed(error.description))
        }
    }

    private func start(_ pod: PodObject, _ name: String, _ attempt: Int) async {
        guard case .ready(let sandbox) = machine.sandbox else {
            handle(.notStarted(container: name, reason: "SandboxMissing", message: "the pod's sandbox is gone"))
            return
        }
        switch await runner.start(pod, container: name, attempt: attempt, in: sandbox) {
        case .failure(let failure):
            handle(.notStarted(container: name, reason: failure.reason, message: failure.message))
        case .success(let started):
            handle(.started(container: name, id: started.id, imageID: started.imageID))
            watch(container: name, id: started.id)
            await runner.afterStart(pod, container: name, id: started.id, address: address)
        }
    }

    // MARK: ends

    /// Takes over what an earlier life of the agent left running.
    func adopt(_ found: PodRunner.Found) {
        handle(.found(sandbox: found.sandbox, containers: found.containers))
        if let sandbox = found.sandbox { watch(sandbox: sandbox.id) }
        for container in found.containers where container.exit == nil {
            watch(container: container.name, id: container.id)
        }
    }

    private func watch(container name: String, id: String) {
        let object = (machine.pod.containers + machine.pod.initContainers).first { $0.name == name }
        context.works.start { [runner] in
            guard let exit = await runner.end(of: id, object: object) else { return }
            await self.handle(.ended(container: name, exit))
        }
    }

    private func watch(sandbox id: String) {
        context.works.start { [runner] in
            guard await runner.end(of: id, object: nil) != nil else { return }
            await self.handle(.sandboxEnded)
        }
    }

    // MARK: reports

    private func beginReporting() {
        guard !isReporting else { return }
        isReporting = true
        context.works.start { await self.report() }
    }

    /// Sends what there is to tell, the confirmation last.
    private func report() async {
        defer { isReporting = false }
        while pending != nil || wantsConfirmation {
            let status = pending
            pending = nil
            do throws(PoolError) {
                if let status {
                    try await send(status)
                } else {
                    wantsConfirmation = false
                    try await confirm()
                }
            } catch {
                if error.isNotFound || error.isConflict { continue }
                context.logger.debug(
                    "a pod's status is sent again", metadata: ["pod": "\(machine.key)", "error": "\(error)"])
                if let status, pending == nil { pending = status }
                if status == nil { wantsConfirmation = true }
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
        }
    }

    private func send(_ status: PodStatus) async throws(PoolError) {
        try await context.access.patch(
            "\(PoolPath.pod(key: machine.key))/status",
            ["metadata": ["uid": .string(machine.uid)], "status": status.json], kind: .strategic)
    }

    private func confirm() async throws(PoolError) {
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
            "preconditions": ["uid": .string(machine.uid)],
        ]
        _ = try await context.access.send(PoolRequest(.delete, PoolPath.pod(key: machine.key), body: options))
    }
}
