internal import Archives
internal import Engine
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import Snapshots

// RUN.
extension StageRun {
    mutating func runCommand(_ run: RunInstruction, text: String, line: Int) async throws(BuildError) {
        let script = CommandScript(run, shell: shell)
        let words = script.words
        let visible = scope.visible(environment: environment)
        let command = run.heredocs.isEmpty ? words.joined(separator: " ") : String(text.dropFirst(4))
        let history =
            "RUN " + (visible.isEmpty ? "" : "|\(visible.count) \(visible.joined(separator: " ")) ") + command
        let mounts = try run.mounts.map { (mount) throws(BuildError) in try expanded(mount) }
        let binds = try await BindSources.find(mounts, for: self)
        var key = CacheKey("RUN", on: draft.top, epoch: build.epoch?.seconds)
        key.add("command", words)
        key.add("arguments", visible)
        key.add("environment", environment)
        key.add("user", execution.user ?? "")
        key.add("directory", execution.workingDir ?? "")
        key.add("network", run.network ?? build.options.network)
        key.add("script", script.file ?? "")
        key.add("volumes", execution.volumes?.names ?? [])
        key.add("mounts", mounts.map { "\($0)" })
        key.add("sources", binds.digests)
        if try await reuse(key.digest, history: history) { return }
        let image = try await imageForContainer()
        var prepared = PreparedMounts()
        let result: Result<Void, BuildError>
        do throws(BuildError) {
            try await prepared.prepare(mounts, binds, script, for: self)
            try await runContainer(image, words, run, prepared, key.digest, history, line)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await prepared.giveBack(to: build.builder.mounts)
        await binds.close()
        try result.get()
    }

    private func expanded(_ mount: RunMount) throws(BuildError) -> RunMount {
        var mount = mount
        let expander = expander
        try reading { () throws(DockerfileError) in
            mount.target = try expander.word(mount.target)
            mount.source = try expander.word(mount.source)
            mount.id = try expander.word(mount.id)
        }
        if mount.kind != .secret || !mount.target.isEmpty {
            mount.target = ConfigEdit.resolve(mount.target, from: execution.workingDir)
        }
        return mount
    }

    private mutating func runContainer(
        _ image: String, _ words: [String], _ run: RunInstruction, _ prepared: PreparedMounts, _ key: Digest,
        _ history: String, _ line: Int
    ) async throws(BuildError) {
        let request = request(image, words, run, prepared)
        let engine = engine
        let id = try await asking { () async throws(EngineError) in
            try await engine.createForBuild(request, secrets: prepared.variables)
        }
        let result: Result<Void, BuildError>
        do throws(BuildError) {
            try await output.say(" ---> Running in \(id.prefix(12))\n")
            let stubs = try await missing(prepared.targets, in: id)
            try await makeVolumes(in: id)
            let code = try await execute(id)
            if Task.isCancelled { throw .cancelled }
            guard code == 0 else { throw .command(line: line, words: words, code: code) }
            try await remove(stubs, from: id)
            try await commit(id, key: key, history: history)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await engine.removeFromBuild(id)
        try result.get()
    }

    private func request(
        _ image: String, _ words: [String], _ run: RunInstruction, _ prepared: PreparedMounts
    ) -> CreateRequest {
        let options = build.options
        var config = ContainerConfig()
        config.image = image
        config.entrypoint = []
        config.cmd = WordList(words)
        config.env =
            environment + scope.visible(environment: environment) + scope.givenProxies(environment: environment)
        config.user = execution.user ?? ""
        config.workingDir = execution.workingDir ?? ""
        // The same in each build, should a command write it down.
        config.hostname = "pouchbuild"
        config.attachStdout = true
        config.attachStderr = true
        var host = HostConfig()
        let network = run.network ?? "default"
        host.networkMode = network == "default" ? options.network : network
        host.extraHosts = options.extraHosts.isEmpty ? nil : options.extraHosts
        host.mounts = prepared.mounts
        host.memory = options.limits.memory
        host.memorySwap = options.limits.memorySwap
        host.shmSize = options.limits.shmSize
        host.cpuShares = options.limits.cpuShares
        host.cpuPeriod = options.limits.cpuPeriod
        host.cpuQuota = options.limits.cpuQuota
        host.cpusetCpus = options.limits.cpusetCPUs
        host.cpusetMems = options.limits.cpusetMemories
        host.cgroupParent = options.limits.cgroupParent
        host.securityOpt = options.limits.securityOptions.isEmpty ? nil : options.limits.securityOptions
        return CreateRequest(config: config, hostConfig: host)
    }

    /// Runs a container to its end and passes its output on; gives its exit code.
    private func execute(_ id: String) async throws(BuildError) -> Int {
        let engine = engine
        var options = AttachOptions()
        options.stdout = true
        options.stderr = true
        let attach = options
        let session = try await asking { () async throws(EngineError) in try await engine.attach(id, attach) }
        let ticket = try await asking { () async throws(EngineError) in
            let ticket = try await engine.wait(id, .nextExit)
            try await engine.start(id)
            return ticket
        }
        let result: Result<Void, BuildError>
        do throws(BuildError) {
            try await pass(session.output)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await session.close()
        try result.get()
        return Int(await ticket.result().statusCode)
    }

    /// As it comes, but whole lines where stages run at once, so that they do not write into each other's.
    private func pass(_ frames: OutputStream) async throws(BuildError) {
        var pending: [OutputFrame.Stream: [UInt8]] = [:]
        do {
            for try await frame in frames {
                var bytes = pending[frame.stream, default: []] + frame.bytes.readableBytesView
                let isAlone = build.plan.needed.count == 1
                let line = bytes.lastIndex(of: 10).map { $0 + 1 } ?? 0
                let end = isAlone || bytes.count > 65536 ? Self.wholeCharacters(bytes) : line
                if end > 0 {
                    try await say(Array(bytes[..<end]), frame.stream)
                    bytes.removeFirst(end)
                }
                pending[frame.stream] = bytes
            }
        } catch let error as BuildError {
            throw error
        } catch {
            if Task.isCancelled { throw .cancelled }
            throw .invalid("output of the step: \(error)")
        }
        for stream in [OutputFrame.Stream.stdout, .stderr] {
            if let rest = pending[stream], !rest.isEmpty { try await say(rest, stream) }
        }
    }

    /// How many bytes there are before a character of UTF-8 that has not come as a whole.
    static func wholeCharacters(_ bytes: [UInt8]) -> Int {
        let tail = bytes.suffix(3)
        guard let start = tail.lastIndex(where: { $0 >= 0xc0 }) else { return bytes.count }
        let length = bytes[start] >= 0xf0 ? 4 : bytes[start] >= 0xe0 ? 3 : 2
        return bytes.count - start < length ? start : bytes.count
    }

    /// What a command says of errors is red, as clients of the classic builder know it.
    private func say(_ bytes: [UInt8], _ stream: OutputFrame.Stream) async throws(BuildError) {
        let text = marked(String(decoding: bytes, as: UTF8.self))
        try await output.say(stream == .stderr ? "\u{1b}[91m\(text)\u{1b}[0m" : text)
    }

    /// With the stage's name before each line, when there are several.
    private func marked(_ text: String) -> String {
        guard build.plan.needed.count > 1 else { return text }
        let name = build.dockerfile.stages[index].from.name ?? "stage \(index)"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let marked = lines.enumerated().map { place, line in
            place == lines.count - 1 && line.isEmpty ? "" : "[\(name)] \(line)"
        }
        return marked.joined(separator: "\n")
    }

    /// Commands find the directories of VOLUME, as they will when the image runs; what they write there is kept.
    private func makeVolumes(in id: String) async throws(BuildError) {
        let paths = execution.volumes?.names ?? []
        guard !paths.isEmpty else { return }
        let snapshotter = engine.snapshotter
        try await Lanes.shared.run { () throws(BuildError) in
            try snapshotting { () throws(SnapshotError) in
                try snapshotter.withRoot(of: id, writable: true) { (tree) throws(ArchiveError) in
                    for path in paths { _ = try tree.makeDirectories(try EntryPath(inContainer: path)) }
                }
            }
        }
    }

    // MARK: what mounts leave

    /// Which mount points the image does not have, so that the runtime will make them.
    private func missing(_ targets: [String], in id: String) async throws(BuildError) -> [EntryPath] {
        guard !targets.isEmpty else { return [] }
        let snapshotter = engine.snapshotter
        return try await Lanes.shared.run { () throws(BuildError) in
            try snapshotting { () throws(SnapshotError) in
                try snapshotter.withRoot(of: id, writable: false) { (tree) throws(ArchiveError) in
                    var stubs: [EntryPath] = []
                    for target in targets {
                        let path = try EntryPath(inContainer: target)
                        for depth in 1...max(1, path.components.count) {
                            let step = EntryPath(components: Array(path.components.prefix(depth)))
                            if try tree.look(at: step) == nil { stubs.append(step) }
                        }
                    }
                    return stubs
                }
            }
        }
    }

    private func remove(_ stubs: [EntryPath], from id: String) async throws(BuildError) {
        guard !stubs.isEmpty else { return }
        let snapshotter = engine.snapshotter
        try await Lanes.shared.run { () throws(BuildError) in
            try snapshotting { () throws(SnapshotError) in
                try snapshotter.withRoot(of: id, writable: true) { (tree) throws(ArchiveError) in
                    for stub in stubs.reversed() { tree.removeIfEmpty(stub) }
                }
            }
        }
    }
}
