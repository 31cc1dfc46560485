@testable import Engine
import GRDB
import LinuxKernel
import Logging
import Synchronization
import TestSupport
import Testing

@Suite("Crashes")
struct CrashTests {
    private func engine(_ world: FakeWorld, _ generation: Int, _ images: ImageService) throws -> Engine {
        let root = world.root
        let configuration = EngineConfiguration(
            dataRoot: root + "/data", execRoot: root + "/exec", runtimeExecutable: "/nonexistent")
        return try Engine(
            configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, images: images,
            rootfs: FakeRootfs(world: world, generation: generation),
            launcher: FakeLauncher(world: world, generation: generation), networks: PredefinedNetworks())
    }

    /// Runs `body` beside the engine's own work, which ends with it.
    private func serving(_ engine: Engine, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await engine.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// What a client might do; refusals are part of life.
    private func someRequests(_ engine: Engine, _ world: FakeWorld, _ random: inout SplitMix64) async {
        let policies = ["no", "always", "on-failure", "unless-stopped"]
        for step in 0..<14 where !world.state.withLock({ $0.crashed }) {
            let name = "box\(Int.random(in: 0..<3, using: &random))"
            do throws(EngineError) {
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    var config = ContainerConfig()
                    config.image = "busybox"
                    if step % 7 == 6 { config.cmd = ["nope"] }
                    var host = HostConfig()
                    host.autoRemove = Bool.random(using: &random)
                    if !host.autoRemove { host.restartPolicy.name = policies[Int.random(in: 0..<4, using: &random)] }
                    _ = try await engine.create(CreateRequest(config: config, hostConfig: host), name: name)
                case 2, 3, 4: try await engine.start(name)
                case 5: try await engine.stop(name, timeout: 0)
                case 6:
                    let id = try await engine.container(name).id
                    world.end(id, code: Int32.random(in: 0...1, using: &random))
                default: try await engine.remove(name, force: Bool.random(using: &random), volumes: true)
                }
            } catch {
                continue
            }
        }
    }

    @Test("kill -9 at any step: afterwards everything is explained and nothing is orphaned", arguments: UInt64(1)...60)
    func killAnywhere(seed: UInt64) async throws {
        try await withScratchDirectory { folder in
            let images = try ImageService(root: folder + "/images")
            let world = FakeWorld(root: folder + "/m", seed: seed)
            try Folders.make(world.root)
            var random = SplitMix64(seed: seed)
            let crashAt = Int.random(in: 1...24, using: &random)
            world.state.withLock { $0.crashAt = crashAt }
            let first = try engine(world, 0, images)
            var requests = random
            try await first.recover()
            try await serving(first) { [requests] in
                var random = requests
                await self.someRequests(first, world, &random)
            }
            random = requests
            _ = random.next()
            requests = random
            let second = try engine(world, world.reboot(), images)
            try await serving(second) {
                try await second.recover()
                try await self.judge(second, world, seed)
            }
        }
    }

    /// Asks again and again, for as long as a slow machine may need, until it has been so for a while; what is not so then is found by
    /// who looks next.
    private func until(_ isSo: () async throws -> Bool) async {
        let deadline = ContinuousClock.now + .seconds(20)
        var times = 0
        while times < 20, ContinuousClock.now < deadline {
            times = (try? await isSo()) == true ? times + 1 : 0
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func judge(_ engine: Engine, _ world: FakeWorld, _ seed: UInt64) async throws {
        var options = ListOptions()
        options.all = true
        var all = try await engine.list(options)
        // Restart policies bring some back in the background.
        await until {
            all = try await engine.list(options)
            let running = Set(all.filter { $0.state == "running" }.map(\.id))
            let processes = world.state.withLock { Set($0.processes.keys) }
            return try running == processes && running.isSuperset(of: Files.list(engine.services.paths.runs))
        }
        let (processes, layers, complaints) = world.state.withLock { ($0.processes, $0.layers, $0.complaints) }
        #expect(complaints.isEmpty, "seed \(seed)")
        let running = Set(all.filter { $0.state == "running" }.map(\.id))
        let states = all.map { "\($0.id.prefix(6)) \($0.state)" }
        #expect(running == Set(processes.keys), "what inspect says runs is what runs (seed \(seed)): \(states)")
        #expect(Set(layers) == Set(all.map(\.id)), "every layer has a container and the other way round (seed \(seed))")
        for summary in all {
            let state = try await engine.inspect(summary.id).state
            #expect(["created", "running", "exited", "restarting"].contains(state.status), "seed \(seed)")
            if state.exitCode == 137 || state.exitCode == 255 || state.exitCode == 127 {
                #expect(!state.error.isEmpty || state.exitCode == 137, "seed \(seed)")
            }
        }
        let runs = try Files.list(engine.services.paths.runs)
        #expect(Set(runs).isSubset(of: running), "no run folder without a run (seed \(seed))")
        // A repeated request succeeds, and at the end nothing is left.
        for summary in all { try? await engine.remove(summary.id, force: true, volumes: true) }
        await until {
            let (rest, restLayers) = world.state.withLock { ($0.processes, $0.layers) }
            guard rest.isEmpty, restLayers.isEmpty, try await engine.list(options).isEmpty else { return false }
            return try Files.list(engine.services.paths.containers).isEmpty
        }
        #expect(try await engine.list(options).isEmpty, "seed \(seed)")
        let (rest, restLayers) = world.state.withLock { ($0.processes, $0.layers) }
        #expect(rest.isEmpty && restLayers.isEmpty, "seed \(seed)")
        #expect(try Files.list(engine.services.paths.runs).isEmpty, "seed \(seed)")
        #expect(try Files.list(engine.services.paths.containers).isEmpty, "seed \(seed)")
    }

    @Test("a shim that dies takes its container with it, and the record says why")
    func shimDies() async throws {
        try await withScratchDirectory { folder in
            let images = try ImageService(root: folder + "/images")
            let world = FakeWorld(root: folder + "/m", seed: 1)
            try Folders.make(world.root)
            let engine = try engine(world, 0, images)
            try await engine.recover()
            try await serving(engine) {
                var config = ContainerConfig()
                config.image = "busybox"
                let id = try await engine.create(CreateRequest(config: config), name: "box").id
                try await engine.start("box")
                let ticket = try await engine.wait("box", .notRunning)
                for listener in world.state.withLock({ $0.listeners[id] ?? [] }) { listener.finish() }
                #expect(await ticket.result().statusCode == 137)
                let state = try await engine.inspect("box").state
                #expect(state.status == "exited")
                #expect(state.error.contains("shim"))
                #expect(world.state.withLock { $0.processes.isEmpty })
            }
        }
    }

    @Test("a database of a newer pouchd is refused, a damaged one too")
    func databases() async throws {
        try await withScratchDirectory { folder in
            do {
                _ = try EngineDatabase(path: folder + "/a.db")
            }
            let other = try DatabaseQueue(path: folder + "/a.db")
            try await other.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('of the future')") }
            try other.close()
            #expect(throws: EngineError.self) { try EngineDatabase(path: folder + "/a.db") }
            try write(
                "this is no database, whatever its name says, and long enough to be read as one", folder + "/b.db")
            #expect(throws: EngineError.self) { try EngineDatabase(path: folder + "/b.db") }
        }
    }
}
