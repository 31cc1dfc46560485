internal import Cgroups
internal import LinuxKernel
internal import NIOCore
internal import Snapshots

extension Engine {
    /// What happened since and what happens until; ends at `until`, or never.
    package func events(_ query: EventQuery) throws(EngineError) -> AsyncStream<Event> {
        let filter = try EventFilter(query.filters)
        let (past, live) = services.events.subscribe(since: query.since)
        let until = query.until
        let replay = past.filter { event in filter.matches(event) && (until.map { event.time <= $0 } ?? true) }
        let feed = EventFeed(replay: replay, live: live, filter: filter, until: until)
        return AsyncStream(unfolding: { await feed.next() })
    }

    package func versionReport() -> VersionReport {
        var report = VersionReport()
        report.platform.name = "Pouch"
        report.version = configuration.version
        report.gitCommit = configuration.commit
        report.apiVersion = "1.48"
        report.minAPIVersion = "1.24"
        report.goVersion = ""
        report.os = "linux"
        report.arch = MachineFacts.imageArchitecture
        report.kernelVersion = services.machine.kernel
        var engine = VersionReport.Component()
        engine.name = "Engine"
        engine.version = configuration.version
        engine.details = [
            "ApiVersion": report.apiVersion, "MinAPIVersion": report.minAPIVersion, "Arch": report.arch, "Os": "linux",
            "KernelVersion": report.kernelVersion, "GitCommit": configuration.commit, "BuildTime": "", "GoVersion": "",
            "Experimental": "false",
        ]
        var runtime = VersionReport.Component()
        runtime.name = "pouch-runtime"
        runtime.version = configuration.version
        report.components = [engine, runtime]
        return report
    }

    package func systemReport() async throws(EngineError) -> SystemReport {
        var report = SystemReport()
        let views = await services.registry.all.map(\.seen)
        report.iD = configuration.dataRoot
        report.containers = views.count
        report.containersPaused = views.count { $0.machine.status == "paused" }
        report.containersRunning = views.count { $0.machine.status == "running" }
        report.containersStopped = views.count - report.containersPaused - report.containersRunning
        report.images = images.store.all.count
        report.driver = images.driverName
        report.driverStatus = [["Supports d_type", "true"], ["Native Overlay Diff", "true"]] + quotaStatus
        report.plugins.volume = ["local", "tmpfs"]
        report.plugins.network = ["bridge", "host", "macvlan", "null"]
        report.plugins.log = ["json-file", "none"]
        let tree = services.machine.cgroups
        func has(_ controller: ControllerName) -> Bool { tree.mount(of: controller) != nil }
        report.memoryLimit = has(.memory)
        report.swapLimit = has(.memory)
        report.cpuCfsPeriod = has(.cpu)
        report.cpuCfsQuota = has(.cpu)
        report.cPUShares = has(.cpu)
        report.cPUSet = has(.cpuset)
        report.pidsLimit = has(.pids)
        report.oomKillDisable = !services.machine.isUnified
        report.iPv4Forwarding =
            ((try? WholeFile.read("/proc/sys/net/ipv4/ip_forward"))?.first).map { $0 == 49 } ?? false
        report.debug = configuration.debug
        report.nFd = ((try? Files.list("/proc/self/fd")) ?? []).count
        report.nEventsListener = services.events.listeners
        report.systemTime = .now
        report.loggingDriver = configuration.logConfig.type
        report.cgroupDriver = "cgroupfs"
        report.cgroupVersion = services.machine.isUnified ? "2" : "1"
        report.kernelVersion = services.machine.kernel
        report.operatingSystem = services.machine.operatingSystem
        report.oSType = "linux"
        report.architecture = services.machine.architecture
        report.nCPU = services.machine.processors
        report.memTotal = services.machine.memory
        report.dockerRootDir = configuration.dataRoot
        report.name = services.machine.hostname
        report.labels = configuration.labels
        report.serverVersion = configuration.version
        for (name, runtime) in configuration.runtimes.merging(
            ["pouch": .init(path: nil)], uniquingKeysWith: { own, _ in own })
        {
            var entry = RuntimeReport()
            entry.path = runtime.path ?? configuration.runtimeExecutable
            entry.runtimeArgs = runtime.arguments
            report.runtimes[name] = entry
        }
        report.defaultRuntime = configuration.defaultRuntime
        report.swarm.localNodeState = "inactive"
        report.liveRestoreEnabled = true
        report.initBinary = "pouch-runtime init"
        report.securityOptions = [
            "name=seccomp,profile=" + (configuration.seccompProfile == nil ? "builtin" : "custom")
        ]
        if !configuration.userMap.isEmpty { report.securityOptions.append("name=userns") }
        report.securityOptions.append("name=cgroupns")
        return report
    }

    package func diskUsage() async throws(EngineError) -> DiskUsageReport {
        var report = DiskUsageReport()
        report.layersSize = images.store.layersSize
        report.images = try await images(all: true, filters: Filters(), sharedSize: true)
        report.blobs = try await blobsReport()
        var options = ListOptions()
        options.all = true
        options.size = true
        report.containers = try await list(options)
        let uses = await volumeUses()
        var volumes: [Volume] = []
        for record in services.volumes.all {
            var volume = described(record)
            var usage = VolumeUsage()
            usage.refCount = Int64(uses[record.name]?.count ?? 0)
            usage.size = await services.volumes.usage(record.name)
            volume.usageData = usage
            volumes.append(volume)
        }
        report.volumes = volumes
        report.buildCache = []
        return report
    }
}

/// One listener's events: first those of the past.
private actor EventFeed {
    private var replay: ArraySlice<Event>
    private let live: AsyncStream<Event>
    private let filter: EventFilter
    private let until: Timestamp?

    init(replay: [Event], live: AsyncStream<Event>, filter: EventFilter, until: Timestamp?) {
        self.replay = replay[...]
        self.live = live
        self.filter = filter
        self.until = until
    }

    func next() async -> Event? {
        if let event = replay.popFirst() { return event }
        guard let until else { return await nextLive() }
        let left = Timestamp.now.duration(to: until)
        guard left > .zero else { return nil }
        return await withTaskGroup(of: Event?.self) { group in
            group.addTask { await self.nextLive() }
            group.addTask {
                try? await Task.sleep(for: left)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func nextLive() async -> Event? {
        for await event in live where filter.matches(event) { return event }
        return nil
    }
}
