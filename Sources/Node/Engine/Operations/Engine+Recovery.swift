internal import Cgroups
internal import JSON
internal import LinuxKernel
internal import Logging
internal import ShimProtocol

extension Engine {
    /// Takes over what an earlier pouchd left, however it ended: afterwards every container is in a state that inspect explains, and
    /// nothing runs or lies about that no record names.
    ///
    /// Call it once, beside ``run()``, before the first request. Repeating it after a crash in its middle is the repair of that crash.
    package func recover() async throws(EngineError) {
        await services.launcher.takeOver()
        try await services.volumes.load()
        let logger = services.logger
        let stored = try services.database.containers { id, error in
            logger.error("record not readable", metadata: ["container": "\(id)", "error": "\(error)"])
        }
        try await services.networks.load(containers: Set(stored.map(\.0.id)))
        let prepared = Set(try await services.rootfs.prepared())
        await recoverSpaces(Set(stored.map(\.0.id)))
        var toStart: [Container] = []
        for (record, state) in stored {
            let container = await takeOver(record, state)
            _ = try? await services.registry.reserve(record.name, for: record.id)
            await services.registry.add(container)
            await container.publish()
            let hasEnded = container.seen.machine.status == "exited"
            let isBuild = record.hostConfig.annotations?[Self.buildAnnotation] != nil
            if !prepared.contains(record.id) || (record.hostConfig.autoRemove && hasEnded) || isBuild {
                // A removal was under way, or it ended while nobody could remove it, or nobody waits for what it builds.
                try? await container.remove(force: true, volumes: true)
            } else if !container.seen.isRunning, await container.wantsStart(after: state) {
                toStart.append(container)
            }
        }
        await services.networks.finishRecovery()
        services.background.start { [networks = services.networks] in await networks.watch() }
        await sweep(Set(stored.map(\.0.id)), prepared)
        recovered.make(())
        for container in toStart {
            services.background.start {
                do throws(EngineError) {
                    try await container.start()
                } catch {
                    logger.warning(
                        "not restarted", metadata: ["container": "\(container.id)", "error": "\(error.message)"])
                }
            }
        }
    }

    /// A container as its record, its shim and its files tell.
    private func takeOver(_ record: ContainerRecord, _ state: StoredState) async -> Container {
        let directory = services.paths.run(record.id)
        let policy = record.hostConfig.restartPolicy
        var state = state
        if Files.exists(directory) {
            if let link = try? await services.launcher.connect(directory),
                case .state(let shim)? = try? await link.request(.state)
            {
                return await adopt(record, state, shim, link, directory)
            }
            // Nobody answers: what the shim wrote last is the truth, and nothing of the container may be left.
            let exit = Container.exitFile(in: directory)
            let container = Container(
                record, machine: ContainerMachine(policy: policy, autoRemove: record.hostConfig.autoRemove),
                services: services)
            try? await services.launcher.destroy(await container.leftovers)
            await container.tidyDirectory()
            if exit != nil || state.wasRunning {
                state.note(
                    exit
                        ?? ContainerMachine.Exit(
                            code: 137, at: .now,
                            reason: "the process beside the container (its shim) ended while pouchd was away; "
                                + "the container was killed"))
            }
        } else if state.wasRunning {
            state.note(
                ContainerMachine.Exit(
                    code: 255, at: .now,
                    reason: "the machine went down while the container ran; its exit code is unknown"))
        }
        let machine = ContainerMachine(
            policy: policy, autoRemove: record.hostConfig.autoRemove, recovered: state, process: nil, paused: false)
        let container = Container(record, machine: machine, services: services)
        await container.persist()
        return container
    }

    private func adopt(
        _ record: ContainerRecord, _ state: StoredState, _ shim: ShimState, _ link: any ShimLink, _ directory: String
    ) async -> Container {
        let process = ContainerMachine.Process(pid: shim.process.pid, startTime: shim.process.startTime)
        var state = state
        if !state.wasRunning { state.startedAt = Timestamp(ticksSinceBoot: shim.process.startTime) ?? .now }
        let machine = ContainerMachine(
            policy: record.hostConfig.restartPolicy, autoRemove: record.hostConfig.autoRemove, recovered: state,
            process: process, paused: shim.status == .paused)
        let container = Container(record, machine: machine, services: services)
        // If it has ended in the meantime, the subscription says so first thing.
        await container.resume(
            Container.Run(directory: directory, link: link, shim: nil),
            execs: shim.execs.map { ($0.id, $0.process.pid) })
        return container
    }

    /// Removes what belongs to no container: runs, groups, layers and folders.
    private func sweep(_ known: Set<String>, _ prepared: Set<String>) async {
        for id in (try? Files.list(services.paths.runs)) ?? [] where !known.contains(id) {
            services.logger.warning("removing a run without a record", metadata: ["container": "\(id)"])
            let leftovers = Leftovers(
                id: id, directory: services.paths.run(id),
                cgroup: PathText.cleaned("/" + configuration.cgroupParent + "/" + id),
                stateRoot: services.paths.runtimeState)
            try? await services.launcher.destroy(leftovers)
            let sharedMemory = services.paths.run(id) + "/shm"
            if Files.exists(sharedMemory) { try? Mounts.unmount(sharedMemory, detached: true) }
            Folders.remove(services.paths.run(id))
        }
        for id in prepared where !known.contains(id) { try? await services.rootfs.release(id) }
        for id in (try? Files.list(services.paths.containers)) ?? [] where !known.contains(id) {
            Folders.remove(services.paths.container(id))
        }
    }
}

extension Timestamp {
    /// The moment that the kernel counts in clock ticks, 100 to the second, since the machine came up.
    init?(ticksSinceBoot ticks: UInt64) {
        guard let bytes = try? WholeFile.read("/proc/uptime"),
            let seconds = Double(String(decoding: bytes.prefix { $0 != 32 }, as: UTF8.self))
        else { return nil }
        self = Timestamp.now.advanced(by: .seconds(Double(ticks) / 100 - seconds))
    }
}

extension StoredState {
    /// Whether it ever ran or tried to.
    var wasBegun: Bool { wasRunning || !startedAt.isNever || !finishedAt.isNever }

    mutating func note(_ exit: ContainerMachine.Exit) {
        exitCode = exit.code
        oomKilled = oomKilled || exit.oomKilled
        finishedAt = exit.at
        error = exit.reason
        wasRunning = false
        if startedAt.isNever { startedAt = exit.at }
    }
}

extension Container {
    /// Goes on with a run of an earlier pouchd.
    func resume(_ run: Run, execs known: [(id: String, pid: Int32)]) async {
        for (id, pid) in known {
            var exec = Exec(id: id, config: ExecConfig())
            exec.phase = .running(pid: pid)
            execs[id] = exec
            services.execs.add(id, self)
        }
        await adoptNetworks(run)
        publish()
        follow(run)
        startHealthchecks()
    }

    /// Whether the restart policy has it running when pouchd starts; `state` is what the last pouchd wrote.
    func wantsStart(after state: StoredState) -> Bool {
        let policy = record.hostConfig.restartPolicy
        guard state.wasBegun else { return false }
        return policy.wantsStart(
            wasRunning: state.wasRunning, stoppedByHand: state.stoppedByHand, exitCode: machine.exitCode,
            restarts: state.restarts)
    }
}
