internal import CLinux
internal import Glibc
internal import Lanes
internal import Logging
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

extension Container {
    /// Starts it for a person.
    func start() async throws(EngineError) {
        try await inTurn { () throws(EngineError) in
            _ = try machine.handle(.start, now: .now)
            publish()
            try await launch()
        }
    }

    /// Launches, in phase `starting`; afterwards it runs or the machine knows why not.
    func launch() async throws(EngineError) {
        let failure: EngineError
        do throws(EngineError) {
            await run?.tidied.value()
            run = nil
            let launched = try await launchProcess()
            lastTimings = Stopwatch()
            lastTimings.add(launched.timings)
            services.logger.debug(
                "started",
                metadata: [
                    "container": "\(id)", "request": "\(RequestTrace.id ?? "")", "timings": "\(lastTimings)",
                ])
            try await feed(.launched(launched.process))
            return
        } catch {
            failure = error
        }
        closeWaitingAttachments()
        await tidyFailedLaunch()
        try await feed(.launchFailed(Self.startFailure(failure)))
        if machine.phase == .removing { removeAfterFailedStart() }
        throw failure
    }

    private static func startFailure(_ error: EngineError) -> EngineError.StartFailure {
        if case .startFailed(let failure) = error { return failure }
        return EngineError.StartFailure(stage: "prepare", message: error.message)
    }

    private func launchProcess() async throws(EngineError) -> Launched {
        let clock = ContinuousClock()
        let began = clock.now
        let directory = services.paths.run(id)
        do throws(SyscallError) {
            Folders.remove(directory)
            // Searchable, so that a container's own root finds its way in a user namespace; what is inside is root's.
            try Folders.make(directory + "/rootfs", mode: 0o711)
        } catch {
            throw .system(doing: "make the bundle of \(id)", error)
        }
        let pending = waitingAttachments
        let attached = pending.enumerated().map { index, attachment in
            ShimConfiguration.AttachedDescriptor(
                fd: ShimProtocol.reportDescriptor + 1 + Int32(index), streams: attachment.streams)
        }
        let expected = await expectedShim(directory, pending.map(\.fd), attached)
        let prepared = try await preparation(directory)
        var configuration = prepared.configuration
        configuration.attached = attached
        var order = LaunchOrder(
            directory: directory, spec: prepared.spec, configuration: configuration, attached: pending.map(\.fd))
        order.expected = expected
        if !rootfsOptions.userMap.isEmpty {
            order.mountRootfs = { [id, rootfs = services.rootfs] target throws(EngineError) in
                try rootfs.mountHere(id, on: target)
            }
        }
        let ready = clock.now
        // A shim that waits listens already, or will in a moment.
        async let early = expected == nil ? nil : try? services.launcher.connect(directory)
        var launched: Launched
        do throws(EngineError) {
            launched = try await services.launcher.launch(order)
        } catch {
            await early?.close()
            throw error
        }
        await services.networks.started(id)
        closeWaitingAttachments()
        let preparing = [("prepare", began.duration(to: ready) - networkTime), ("network", networkTime)]
        launched.timings.insert(contentsOf: preparing, at: 0)
        let connected = clock.now
        let link: any ShimLink =
            if let link = await early { link } else { try await services.launcher.connect(directory) }
        writeNetworkSettings(directory)
        follow(Run(directory: directory, link: link, shim: launched.shim))
        launched.timings.append(("connect", connected.duration(to: clock.now)))
        return launched
    }

    /// Lets the shim be born while its bundle is prepared: where the built-in runtime mounts the root filesystem itself.
    private func expectedShim(
        _ directory: String, _ attached: [Int32], _ numbers: [ShimConfiguration.AttachedDescriptor]
    ) async -> ExpectedShim? {
        guard externalRuntime == nil, rootfsOptions.userMap.isEmpty else { return nil }
        return await services.launcher.expect(
            ExpectedLaunch(
                directory: directory, attached: attached, attachedNumbers: numbers.map(\.fd), shimCgroup: shimCgroup,
                cgroup: cgroupPath))
    }

    /// Listens to a shim until it is gone.
    func follow(_ run: Run) {
        self.run = run
        services.background.start { [weak self] in
            do throws(EngineError) {
                _ = try await run.link.request(.subscribe)
                for await event in run.link.events {
                    await self?.handle(event, of: run)
                    if run.tidied.made != nil { return }
                }
            } catch {
                // Who does not answer is gone, as is one that says no more.
            }
            // Cancelled, it is pouchd that goes: the events end, the shim does not.
            if !Task.isCancelled { await self?.shimIsGone(run) }
        }
    }

    func closeWaitingAttachments() {
        for attachment in waitingAttachments { close(attachment.fd) }
        waitingAttachments = []
    }

    private func tidyFailedLaunch() async {
        if let run {
            run.link.close()
            run.tidied.make(())
            self.run = nil
        }
        try? await services.launcher.destroy(leftovers)
        tidyDirectory()
        await detachNetworks()
        await releaseVolumes()
    }

    private func removeAfterFailedStart() {
        services.background.start { [weak self] in
            try? await self?.finishRemoval(volumes: true)
        }
    }

    /// By what this container's run can be found without its shim.
    var leftovers: Leftovers {
        Leftovers(
            id: id, directory: services.paths.run(id), cgroup: cgroupPath, stateRoot: services.paths.runtimeState,
            runtime: externalRuntime)
    }

    var cgroupPath: String {
        let parent =
            record.hostConfig.cgroupParent.isEmpty
            ? services.configuration.cgroupParent : record.hostConfig.cgroupParent
        return PathText.cleaned("/" + parent + "/" + id)
    }

    /// Removes the run's folder and the one mount that may be in it.
    func tidyDirectory() {
        let directory = services.paths.run(id)
        let sharedMemory = directory + "/shm"
        if Files.exists(sharedMemory) { try? Mounts.unmount(sharedMemory, detached: true) }
        if let error = Folders.remove(directory) {
            services.logger.warning("run folder not removed", metadata: ["container": "\(id)", "error": "\(error)"])
        }
    }
}
