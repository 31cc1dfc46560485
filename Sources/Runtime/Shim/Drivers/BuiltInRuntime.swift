internal import Cgroups
internal import CLinux
internal import ContainerRuntime
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

/// Runs the container in this very process: no second program, no gate, no fifo.
final class BuiltInRuntime: ContainerDriver {
    private let id: String
    private let bundle: String
    private let launcher: Launcher
    /// Needed for the start alone, as `spec`.
    private var rootfsMounts: [RootfsMount]
    let hasTerminal: Bool
    /// Whether the kernel kills everything in the container with its first process.
    private let hasOwnProcesses: Bool
    /// Found when first asked for: the start does not wait for it.
    private(set) lazy var group: ContainerGroup? = state.flatMap { launcher.cgroup(of: $0) }.map { ContainerGroup($0) }
    private var state: ContainerState?
    /// Only until the start: a specification is large, and an idle shim is to be small.
    private var spec: RuntimeSpec?

    /// Reads the bundle's `config.json`.
    init(_ configuration: ShimConfiguration) throws(ShimFailure) {
        id = configuration.id
        bundle = configuration.bundle
        launcher = Launcher(store: configuration.stateRoot.map { StateStore(root: $0) } ?? StateStore())
        rootfsMounts = configuration.rootfsMounts.map {
            RootfsMount(type: $0.type, source: $0.source, options: $0.options)
        }
        let spec = try BundleSpec.read(configuration.bundle)
        hasTerminal = spec.process?.terminal ?? false
        hasOwnProcesses = spec.linux?.namespaces?.contains { $0.type == .pid && $0.path == nil } ?? false
        self.spec = spec
    }

    private var options: PlanOptions {
        var options = PlanOptions(bundle: bundle)
        options.gate = .none
        options.rootfsMounts = rootfsMounts
        return options
    }

    func start(io: ProcessIO) throws(ShimFailure) -> StartedProcess {
        do throws(RuntimeError) {
            let created = try launcher.create(try plan(), io: io.standardIO)
            let state = created.state
            self.state = state
            let launched = created.release().release()
            Descriptor(owning: launched.pidfd).closeNow()
            return StartedProcess(
                process: ShimProcess(pid: state.pid, startTime: state.startTime),
                terminal: try unblocked(launched.terminal))
        } catch {
            throw ShimFailure(error, stage: "create")
        }
    }

    private func plan() throws(RuntimeError) -> SandboxPlan {
        defer {
            spec = nil
            rootfsMounts = []
        }
        guard let spec else { throw .invalid("container \(id) has been started already") }
        do throws(PlanError) {
            return try SandboxPlan(spec: spec, id: id, options: options)
        } catch {
            throw .plan(error)
        }
    }

    func exec(
        id: String, _ process: RuntimeSpec.Process, io: ProcessIO
    ) throws(ShimFailure) -> DriverStep<StartedProcess> {
        let config = try BundleSpec.read(launcher.store.folder(of: self.id))
        do throws(RuntimeError) {
            let plan: ExecPlan
            do throws(PlanError) {
                plan = try ExecPlan(process, in: config, id: self.id, options: options)
            } catch {
                throw .plan(error)
            }
            let launched = try launcher.exec(plan, in: self.id, io: io.standardIO).release()
            Descriptor(owning: launched.pidfd).closeNow()
            let started = Processes.status(of: launched.pid)?.startTime ?? 0
            return .done(
                StartedProcess(
                    process: ShimProcess(pid: launched.pid, startTime: started),
                    terminal: try unblocked(launched.terminal)))
        } catch {
            throw ShimFailure(error, stage: "exec")
        }
    }

    private func unblocked(_ terminal: Int32?) throws(RuntimeError) -> Int32? {
        guard let terminal else { return nil }
        do throws(SyscallError) {
            try checkNegative("fcntl") { clinux_set_nonblocking(terminal) }
        } catch {
            throw .step("terminal", error)
        }
        return terminal
    }

    func kill(_ signal: Int32, all: Bool) throws(ShimFailure) -> DriverStep<Void> {
        try perform("kill") { (launcher) throws(RuntimeError) in try launcher.kill(id, signal, all: all) }
    }

    func killRest() {
        if !hasOwnProcesses { try? group?.killAll() }
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

    func delete() throws(ShimFailure) -> DriverStep<Void> {
        try perform("delete") { (launcher) throws(RuntimeError) in try launcher.delete(id, force: true) }
    }

    private func perform(
        _ stage: String, _ body: (Launcher) throws(RuntimeError) -> Void
    ) throws(ShimFailure) -> DriverStep<Void> {
        do throws(RuntimeError) {
            try body(launcher)
            return .done(())
        } catch {
            throw ShimFailure(error, stage: stage)
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

extension ShimFailure {
    fileprivate init(_ error: RuntimeError, stage: String) {
        self.init(
            stage: "\(stage).\(error.stage)", errno: error.errno, message: error.description, exitCode: error.exitCode)
    }
}

extension Descriptor {
    /// Closes it here and not at the end of the caller's scope.
    fileprivate consuming func closeNow() {}
}
