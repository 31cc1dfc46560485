internal import CLinux
internal import Cgroups
internal import ContainerRuntime
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

/// The runtime that is built in: no second program, no gate, no fifo.
///
/// Its work is done by a ``Errand``.
final class BuiltInRuntime: ContainerDriver {
    private let id: String
    private let launcher: Launcher
    private let bundle: String
    private var pid: Int32 = 0
    private var cgroup: String?
    private var hasOwnProcesses = false
    private var hasLastHooks = false
    /// Found when first asked for: the start does not wait for it.
    private(set) lazy var group: ContainerGroup? = cgroup.flatMap { ContainerGroup(path: $0) }
    /// Until the start: layers and all may be long.
    private var configuration: ShimConfiguration?
    private let madeGroup: Cgroup?

    /// `madeGroup` is the container's control group when this process has just made it.
    init(_ configuration: ShimConfiguration, madeGroup: Cgroup? = nil) {
        self.madeGroup = madeGroup
        id = configuration.id
        bundle = configuration.bundle
        launcher = Launcher(store: configuration.stateRoot.map { StateStore(root: $0) } ?? StateStore())
        self.configuration = configuration
    }

    // MARK: Start

    func start() throws(ShimFailure) -> StartedContainer {
        guard let configuration else { throw ShimFailure(stage: "create", message: "container \(id) runs already") }
        self.configuration = nil
        let errand = try Errand { () throws(ShimFailure) in try launch(configuration) }
        let answer = try errand.answer()
        guard let process = answer.process else { throw ShimFailure(stage: "create", message: "no process") }
        pid = process.pid
        cgroup = answer.cgroup
        hasOwnProcesses = answer.hasOwnProcesses
        hasLastHooks = answer.hasLastHooks
        return StartedContainer(process: process, streams: answer.streams, terminal: answer.terminal)
    }

    /// In the errand: from the bundle to the running program.
    private func launch(_ configuration: ShimConfiguration) throws(ShimFailure) -> ErrandAnswer {
        let (spec, text) = try BundleSpec.readWithText(configuration.bundle)
        let isTerminal = spec.process?.terminal ?? false
        var answer = ErrandAnswer()
        do {
            var pipes = try StreamPipes(
                stdin: configuration.stdinOpen && !isTerminal, stdout: !isTerminal, stderr: !isTerminal)
            var plan = try SandboxPlan(spec: spec, id: id, options: options(configuration.rootfsMounts))
            plan.specText = text
            let created = try launcher.create(
                plan, io: isTerminal ? .terminal : pipes.io.standardIO, madeGroup: madeGroup)
            let state = created.state
            answer.process = ShimProcess(pid: state.pid, startTime: state.startTime)
            answer.cgroup = state.cgroupPath
            answer.terminal = try unblocked(created.release().release().terminal)
            for number in 0..<3 { answer.streams[number] = pipes.take(number) }
        } catch {
            throw Self.failure(error, stage: "create")
        }
        answer.hasLastHooks = spec.hooks?.poststop?.isEmpty == false
        answer.hasOwnProcesses = spec.linux?.namespaces?.contains { $0.type == .pid && $0.path == nil } ?? false
        return answer
    }

    private func options(_ mounts: [ShimConfiguration.RootfsMount] = []) -> PlanOptions {
        var options = PlanOptions(bundle: bundle)
        options.gate = .none
        options.rootfsMounts = mounts.map { RootfsMount(type: $0.type, source: $0.source, options: $0.options) }
        return options
    }

    private func unblocked(_ terminal: Int32?) throws(SyscallError) -> Int32? {
        guard let terminal else { return nil }
        try checkNegative("fcntl") { clinux_set_nonblocking(terminal) }
        return terminal
    }

    // MARK: Requests

    func exec(
        id exec: String, _ process: RuntimeSpec.Process, io: ProcessIO
    ) throws(ShimFailure) -> DriverStep<StartedProcess> {
        let errand = try Errand { () throws(ShimFailure) in
            let config = try BundleSpec.read(launcher.store.folder(of: id))
            do {
                let plan = try ExecPlan(process, in: config, id: id, options: options())
                let launched = try launcher.exec(plan, in: id, io: io.standardIO).release()
                var answer = ErrandAnswer()
                answer.process = ShimProcess(
                    pid: launched.pid, startTime: Processes.status(of: launched.pid)?.startTime ?? 0)
                answer.terminal = try unblocked(launched.terminal)
                return answer
            } catch {
                throw Self.failure(error, stage: "exec")
            }
        }
        return .waiting(pid: errand.pid) { (_) throws(ShimFailure) in
            let answer = try errand.answer()
            guard let process = answer.process else { throw ShimFailure(stage: "exec", message: "no process") }
            return StartedProcess(process: process, terminal: answer.terminal)
        }
    }

    func kill(_ signal: Int32, all: Bool) throws(ShimFailure) -> DriverStep<Void> {
        do {
            if all, let group {
                try group.signalAll(signal)
            } else {
                // Our child, and not reaped before this loop does it: the number is its own.
                try Processes.signal(pid: pid, signal)
            }
            return .done(())
        } catch {
            throw Self.failure(error, stage: "kill")
        }
    }

    func killRest() {
        if !hasOwnProcesses { try? group?.signalAll(9) }
    }

    func pause() throws(ShimFailure) -> DriverStep<Void> {
        try perform("pause") { (launcher) throws(RuntimeError) in try launcher.pause(id) }
    }

    func resume() throws(ShimFailure) -> DriverStep<Void> {
        try perform("resume") { (launcher) throws(RuntimeError) in try launcher.resume(id) }
    }

    func update(_ resources: RuntimeSpec.Resources) throws(ShimFailure) -> DriverStep<Void> {
        try perform("update") { (launcher) throws(RuntimeError) in try launcher.update(id, resources) }
    }

    /// Done right here unless hooks could hold up the loop: the shim will not live long enough for its size to count.
    func delete() throws(ShimFailure) -> DriverStep<Void> {
        guard !hasLastHooks else {
            return try perform("delete") { (launcher) throws(RuntimeError) in try launcher.delete(id, force: true) }
        }
        do throws(RuntimeError) { try launcher.delete(id, force: true) } catch {
            throw Self.failure(error, stage: "delete")
        }
        return .done(())
    }

    private func perform(
        _ stage: String, _ body: (Launcher) throws(RuntimeError) -> Void
    ) throws(ShimFailure) -> DriverStep<Void> {
        let errand = try Errand { () throws(ShimFailure) in
            do throws(RuntimeError) { try body(launcher) } catch { throw Self.failure(error, stage: stage) }
            return ErrandAnswer()
        }
        return .waiting(pid: errand.pid) { (_) throws(ShimFailure) in _ = try errand.answer() }
    }

    private static func failure(_ error: any Error, stage: String) -> ShimFailure {
        switch error {
        case let error as ShimFailure: error
        case let error as RuntimeError:
            ShimFailure(
                stage: "\(stage).\(error.stage)", errno: error.errno, message: error.description,
                exitCode: error.exitCode)
        case let error as PlanError: ShimFailure(stage: "\(stage).plan", message: error.description)
        case let error as SyscallError: ShimFailure(stage: stage, errno: error.errno, message: "\(error)")
        default: ShimFailure(stage: stage, message: "\(error)")
        }
    }
}

extension ProcessIO {
    fileprivate var standardIO: StandardIO {
        switch self {
        case .descriptors(let stdin, let stdout, let stderr):
            .descriptors(input: stdin, output: stdout, error: stderr)
        case .terminal: .terminal
        }
    }
}
