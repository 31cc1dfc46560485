internal import Lanes
internal import Logging
internal import ShimProtocol
internal import Synchronization

/// One container: feeds its machine, performs the effects.
///
/// Its lane is its own, so it may block on small files without holding up others; whatever takes longer is awaited elsewhere.
actor Container: LaneBound {
    nonisolated let lane = BlockingLane()
    nonisolated let id: String
    nonisolated let services: EngineServices
    /// What others see; brought up to date after every change.
    nonisolated let view: Mutex<ContainerView>

    var record: ContainerRecord
    var machine: ContainerMachine
    var run: Run?
    var removal = Announcement<Int>()
    var nextExit = Announcement<Int>()
    var execs: [String: Exec] = [:]
    var health: HealthMachine?
    /// Tells health checks of this run from those of the one before.
    var healthGeneration = 0
    /// Clients that attached before the start: our ends are in use, these are the shim's.
    var waitingAttachments: [PendingAttachment] = []
    var network: NetworkSettings
    var lastTimings = Stopwatch()
    /// Of which a part was for its links, addresses and rules.
    var networkTime = Duration.zero
    /// Variables that no disk may keep, as `NAME=value`: they are gone with this pouchd, as the step of a build is that they are for.
    private(set) var unwrittenVariables: [String] = []

    private var isTaken = false
    private var queue: [CheckedContinuation<Void, Never>] = []

    init(_ record: ContainerRecord, machine: ContainerMachine, services: EngineServices) {
        id = record.id
        self.services = services
        self.record = record
        self.machine = machine
        network = record.idleNetworkSettings
        view = Mutex(ContainerView(record: record, machine: machine, network: network))
    }

    func see(_ variables: [String]) { unwrittenVariables = variables }

    /// One run, from launch until nothing of it is left.
    final class Run: Sendable {
        let directory: String
        let link: any ShimLink
        let shim: Int32?
        let exited = Announcement<ContainerMachine.Exit>()
        /// The runtime and the shim are done: the container may be started again or removed.
        let tidied = Announcement<Void>()

        init(directory: String, link: any ShimLink, shim: Int32?) {
            self.directory = directory
            self.link = link
            self.shim = shim
        }
    }

    struct PendingAttachment {
        var fd: Int32
        var streams: StreamSelection
    }

    nonisolated var seen: ContainerView { view.withLock { $0 } }

    func publish() {
        let health = health?.health
        let execIDs = execs.values.filter { !$0.isOver }.map(\.id).sorted()
        view.withLock { view in
            view.record = record
            view.machine = machine
            view.health = health
            view.execIDs = execIDs
            view.network = network
            view.restartCount = machine.restarts
        }
    }

    /// Runs one change of state at a time, in the order of arrival.
    func inTurn<Result>(_ body: () async throws(EngineError) -> Result) async throws(EngineError) -> Result {
        if isTaken {
            await withCheckedContinuation { queue.append($0) }
        } else {
            isTaken = true
        }
        defer {
            if queue.isEmpty { isTaken = false } else { queue.removeFirst().resume() }
        }
        return try await body()
    }

    /// Feeds the machine and does what it says, but for what the caller asked to do itself.
    func feed(_ event: ContainerMachine.Event) async throws(EngineError) {
        let effects = try machine.handle(event, now: .now)
        publish()
        for effect in effects { await perform(effect) }
    }

    func perform(_ effect: ContainerMachine.Effect) async {
        switch effect {
        case .launch: await launchInBackground()
        case .announce(let action, let attributes): announce(action, attributes)
        case .persist: await persist()
        case .scheduleRestart(let timer, let wait): scheduleRestart(timer, after: wait)
        case .wakeExitWaiters(let code):
            let announcement = nextExit
            nextExit = Announcement()
            announcement.make(code)
        case .wakeRemovalWaiters(let code): removal.make(code)
        case .startHealthchecks: startHealthchecks()
        case .stopHealthchecks: stopHealthchecks()
        case .autoRemove: removeInBackground()
        case .kill: await killAll()
        case .tearDown, .forget: break  // who removes does these, in `remove`
        }
    }

    func announce(_ action: String, _ attributes: [String: String] = [:]) {
        var all = record.config.labels
        all["image"] = record.config.image
        all["name"] = record.name
        all.merge(attributes) { _, new in new }
        services.events.post(Event(type: "container", action: action, actor: id, attributes: all, time: .now))
    }

    /// Writes what is known without waiting for the disk; what runs is in the exec root anyway.
    func persist() async {
        guard !record.hostConfig.autoRemove else { return }
        do throws(EngineError) {
            try await services.database.save(machine.stored, of: id)
        } catch {
            services.logger.error("state not saved", metadata: ["container": "\(id)", "error": "\(error.message)"])
        }
    }

    private func scheduleRestart(_ timer: Int, after wait: Duration) {
        services.background.start { [weak self] in
            guard (try? await Task.sleep(for: wait)) != nil else { return }
            await self?.restartTimerFired(timer)
        }
    }

    private func restartTimerFired(_ timer: Int) async {
        do throws(EngineError) {
            try await inTurn { () throws(EngineError) in
                let effects = try machine.handle(.restartTimer(timer), now: .now)
                publish()
                if effects.contains(.launch) { try await launch() }
            }
        } catch {
            services.logger.warning("restart failed", metadata: ["container": "\(id)", "error": "\(error.message)"])
        }
    }

    /// For effects of `launch` that no caller waits for.
    private func launchInBackground() async {
        do throws(EngineError) {
            try await launch()
        } catch {
            services.logger.warning("start failed", metadata: ["container": "\(id)", "error": "\(error.message)"])
        }
    }

    private func removeInBackground() {
        services.background.start { [weak self] in
            guard let self else { return }
            do throws(EngineError) {
                try await self.removeEnded()
            } catch {
                self.services.logger.warning(
                    "removal failed", metadata: ["container": "\(self.id)", "error": "\(error.message)"])
            }
        }
    }
}
