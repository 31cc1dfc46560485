@testable import Engine
import JSON
import Lanes
import LinuxKernel
import RuntimeSpec
import ShimProtocol
import Synchronization
import TestSupport

/// A machine without a kernel: processes and layers that live on when an engine goes, as the real ones do.
///
/// Every order counts as a step. At the step that was chosen the engine "dies": the files are copied as they are, and whatever the old
/// engine does from then on happens to files and a world that nobody looks at any more.
final class FakeWorld: Sendable {
    struct Crash: Error {}

    struct State {
        var root: String
        var generation = 0
        var steps = 0
        var crashAt: Int?
        var crashed = false
        /// Containers that run, with the links that listen to them.
        var processes: [String: Int32] = [:]
        var listeners: [String: [AsyncStream<ShimEvent>.Continuation]] = [:]
        var exits: [String: ShimExit] = [:]
        var layers: Set<String> = []
        var nextPID: Int32 = 100
        var random: SplitMix64
        var complaints: [String] = []
    }
    let state: Mutex<State>

    init(root: String, seed: UInt64) {
        state = Mutex(State(root: root, random: SplitMix64(seed: seed)))
    }

    var root: String { state.withLock { $0.root } }

    /// Counts a step of engine `generation`; says whether its effect still happens in this world.
    func step(_ generation: Int, _ effect: (inout State) -> Void) throws(EngineError) {
        let result = state.withLock { state -> Bool in
            guard generation == state.generation, !state.crashed else { return false }
            state.steps += 1
            guard state.steps == state.crashAt else {
                effect(&state)
                return true
            }
            // The last order may or may not have been carried out.
            if Bool.random(using: &state.random) { effect(&state) }
            state.crashed = true
            Self.copy(state.root, state.root + "+")
            return false
        }
        guard result else { throw .failed("the engine is dead") }
    }

    /// The next engine starts on what was left.
    func reboot() -> Int {
        state.withLock { state in
            if !state.crashed { Self.copy(state.root, state.root + "+") }
            state.root += "+"
            state.generation += 1
            state.crashed = false
            state.crashAt = nil
            state.listeners = [:]
            return state.generation
        }
    }

    private static func copy(_ from: String, _ to: String) {
        _ = try? runBlocking(["cp", "-a", from, to])
    }

    /// A container's process ends: the shim writes that down, then tells.
    func end(_ id: String, code: Int32) {
        let listeners = state.withLock { state -> [AsyncStream<ShimEvent>.Continuation] in
            guard state.processes.removeValue(forKey: id) != nil else { return [] }
            let exit = ShimExit(code: code, time: Timestamp.now.nanoseconds)
            state.exits[id] = exit
            for root in [state.root, state.root + "+"] {
                try? WholeFile.replace("\(root)/exec/containers/\(id)/exit.json", with: exit.encoded())
            }
            return state.listeners.removeValue(forKey: id) ?? []
        }
        let exit = state.withLock { $0.exits[id] } ?? ShimExit(code: code, time: 0)
        for listener in listeners {
            listener.yield(.exited(exec: nil, exit))
            listener.yield(.deleted(failure: nil))
        }
    }
}

struct FakeLauncher: ShimLauncher {
    func takeOver() async {}
    func close() async {}
    func expect(_ expected: ExpectedLaunch) async -> ExpectedShim? { nil }
    var world: FakeWorld
    var generation: Int

    func launch(_ order: LaunchOrder) async throws(EngineError) -> Launched {
        let id = order.configuration.id
        if order.spec.process?.args == ["nope"] {
            throw .startFailed(
                .init(stage: "start", message: "exec: \"nope\": executable file not found", exitCode: 127))
        }
        var pid: Int32 = 0
        try world.step(generation) { state in
            if state.processes[id] != nil { state.complaints.append("\(id) was started while it ran") }
            if !state.layers.contains(id) { state.complaints.append("\(id) was started without a layer") }
            state.nextPID += 1
            pid = state.nextPID
            state.processes[id] = pid
            state.exits[id] = nil
        }
        return Launched(process: .init(pid: pid, startTime: UInt64(pid)))
    }

    func connect(_ directory: String) async throws(EngineError) -> any ShimLink {
        let id = PathText.name(directory)
        let (events, continuation) = AsyncStream<ShimEvent>.makeStream()
        try world.step(generation) { state in
            state.listeners[id, default: []].append(continuation)
        }
        guard world.state.withLock({ $0.processes[id] != nil || $0.exits[id] != nil }) else { throw .failed("no shim") }
        return FakeLink(world: world, id: id, events: events, own: continuation)
    }

    func destroy(_ leftovers: Leftovers) async throws(EngineError) {
        try world.step(generation) { state in
            state.processes[leftovers.id] = nil
            state.exits[leftovers.id] = nil
        }
    }
}

struct FakeLink: ShimLink {
    var world: FakeWorld
    var id: String
    var events: AsyncStream<ShimEvent>
    var own: AsyncStream<ShimEvent>.Continuation

    func request(_ action: ShimRequest.Action) async throws(EngineError) -> ShimReply {
        switch action {
        case .subscribe:
            if let exit = world.state.withLock({ $0.exits[id] }) {
                own.yield(.exited(exec: nil, exit))
                own.yield(.deleted(failure: nil))
            }
            return .done
        case .kill(let signal, _):
            world.end(id, code: 128 + signal)
            return .done
        case .state:
            let (pid, exit) = world.state.withLock { ($0.processes[id], $0.exits[id]) }
            return .state(
                ShimState(
                    id: id, shimPID: 1, status: pid == nil ? .stopped : .running,
                    process: ShimProcess(pid: pid ?? 1, startTime: UInt64(pid ?? 1)), exit: exit))
        default: return .done
        }
    }

    func close() { own.finish() }
}

struct FakeRootfs: RootfsStore {
    var world: FakeWorld
    var generation: Int

    func image(_ reference: String) async throws(EngineError) -> ImageFacts {
        guard reference == "busybox" else { throw .noSuchImage(reference) }
        var facts = ImageFacts(id: "sha256:" + String(repeating: "0", count: 64))
        facts.config.cmd = ["sh"]
        return facts
    }

    func prepare(_ id: String, image: String, options: RootfsOptions) async throws(EngineError) -> Rootfs {
        try world.step(generation) { $0.layers.insert(id) }
        return Rootfs(mounts: [], layers: [])
    }

    func rootfs(_ id: String, options: RootfsOptions) async throws(EngineError) -> Rootfs {
        guard world.state.withLock({ $0.layers.contains(id) }) else { throw .failed("no layer") }
        return Rootfs(mounts: [], layers: [])
    }

    func release(_ id: String) async throws(EngineError) { try world.step(generation) { $0.layers.remove(id) } }
    func putAside(_ id: String) async throws(EngineError) { try await release(id) }
    func mountHere(_ id: String, on target: String) throws(EngineError) {}
    func place(_ id: String) throws(EngineError) -> String { "containers-rw/" + id }
    func move(_ id: String, to place: String) async throws(EngineError) {}
    func copyOut(_ id: String, _ folder: String, into pipe: ChunkPipe) async throws(EngineError) {}
    func prepared() async throws(EngineError) -> [String] { world.state.withLock { Array($0.layers) } }
}
