internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

/// Drives any OCI runtime by its command line, as containerd does.
///
/// The runtime's processes end; the container's first process then becomes a child of the shim, its subreaper. The root
/// filesystem is mounted in a mount namespace of the shim's own, which the runtime inherits and nobody else sees.
///
/// Source: runtime-spec "Runtime and Lifecycle"; the options are those that runc, crun and youki share.
final class ExternalRuntime: ContainerDriver {
    private let configuration: ShimConfiguration
    private let runtime: ShimConfiguration.ExternalRuntime
    private let directory: String
    private let spec: RuntimeSpec
    private(set) var group: ContainerGroup?
    private var mountedTargets: [String] = []
    private var lastName = 0

    /// Reads the bundle's `config.json`.
    init(
        _ runtime: ShimConfiguration.ExternalRuntime, for configuration: ShimConfiguration, directory: String
    ) throws(ShimFailure) {
        self.configuration = configuration
        self.runtime = runtime
        self.directory = directory
        spec = try BundleSpec.read(configuration.bundle)
    }

    // MARK: Start

    func start() throws(ShimFailure) -> StartedContainer {
        try kernel("create.mount") { () throws(SyscallError) in try mountRootfs() }
        do throws(ShimFailure) {
            return try createAndStart(isTerminal: spec.process?.terminal ?? false)
        } catch {
            try? run(["delete", "--force", configuration.id], stage: "delete")
            unmountRootfs()
            throw error
        }
    }

    private func createAndStart(isTerminal: Bool) throws(ShimFailure) -> StartedContainer {
        var pipes = try kernel("stdio") { () throws(SyscallError) in
            try StreamPipes(
                stdin: configuration.stdinOpen && !isTerminal, stdout: !isTerminal, stderr: !isTerminal)
        }
        let io = isTerminal ? ProcessIO.terminal : pipes.io
        var words = ["create", "--bundle", configuration.bundle, "--pid-file", path("init.pid")]
        let console = try consoleSocket(for: io)
        defer { console?.close() }
        if let console { words += ["--console-socket", console.name] }
        try run(words + [configuration.id], io: io, stage: "create")
        let terminal = try console.map { (console) throws(ShimFailure) in try receiveTerminal(console) }
        let process = try readPID("init.pid", stage: "create")
        group = spec.linux?.cgroupsPath.flatMap { ContainerGroup(path: $0) } ?? ContainerGroup(ofProcess: process.pid)
        try run(["start", configuration.id], stage: "start")
        return StartedContainer(
            process: process, streams: [pipes.take(0), pipes.take(1), pipes.take(2)], terminal: terminal)
    }

    /// Mounts in a namespace that gets what the host mounts from now on, and gives nothing back.
    private func mountRootfs() throws(SyscallError) {
        guard !configuration.rootfsMounts.isEmpty else { return }
        try Namespaces.unshare(.mount)
        try Mounts.setPropagation(.replica, of: "/", recursive: true)
        let root = spec.root?.path ?? "rootfs"
        let target = root.hasPrefix("/") ? root : "\(configuration.bundle)/\(root)"
        for mount in configuration.rootfsMounts {
            try RootfsMounting.mount(mount, on: target)
            mountedTargets.append(target)
        }
    }

    private func unmountRootfs() {
        for target in mountedTargets.reversed() { try? Mounts.unmount(target, detached: true) }
        mountedTargets = []
    }

    // MARK: Later requests

    func exec(
        id: String, _ process: RuntimeSpec.Process, io: ProcessIO
    ) throws(ShimFailure) -> DriverStep<StartedProcess> {
        let (specName, pidName) = ("exec-\(id).process", "exec-\(id).pid")
        try kernel("exec") { () throws(SyscallError) in try WholeFile.replace(path(specName), with: process.encoded()) }
        var words = ["exec", "--process", path(specName), "--pid-file", path(pidName), "--detach"]
        let console = try consoleSocket(for: io)
        if let console { words += ["--console-socket", console.name] }
        let command: Command
        do throws(ShimFailure) {
            command = try spawn(words + [configuration.id], io: io, stage: "exec")
        } catch {
            console?.close()
            throw error
        }
        return .waiting(pid: command.pid) { [unowned self] (exit) throws(ShimFailure) in
            defer {
                unlink(path(specName))
                unlink(path(pidName))
                console?.close()
            }
            try check(exit, of: command)
            let terminal = try console.map { (console) throws(ShimFailure) in try receiveTerminal(console) }
            return StartedProcess(process: try readPID(pidName, stage: "exec"), terminal: terminal)
        }
    }

    func kill(_ signal: Int32, all: Bool) throws(ShimFailure) -> DriverStep<Void> {
        try begin(["kill"] + (all ? ["--all"] : []) + [configuration.id, "\(signal)"], stage: "kill")
    }

    func killRest() {
        let namespaces = spec.linux?.namespaces ?? []
        guard !namespaces.contains(where: { $0.type == .pid && $0.path == nil }) else { return }
        try? group?.signalAll(9)
    }

    func pause() throws(ShimFailure) -> DriverStep<Void> { try begin(["pause", configuration.id], stage: "pause") }

    func resume() throws(ShimFailure) -> DriverStep<Void> { try begin(["resume", configuration.id], stage: "resume") }

    func update(_ resources: RuntimeSpec.Resources) throws(ShimFailure) -> DriverStep<Void> {
        let file = path("resources.json")
        try kernel("update") { () throws(SyscallError) in
            try WholeFile.replace(file, with: resources.encoded())
        }
        return try begin(["update", "--resources", file, configuration.id], stage: "update")
    }

    func delete() throws(ShimFailure) -> DriverStep<Void> {
        let command = try spawn(["delete", "--force", configuration.id], io: nil, stage: "delete")
        return .waiting(pid: command.pid) { [unowned self] (exit) throws(ShimFailure) in
            unmountRootfs()
            try check(exit, of: command)
        }
    }

    // MARK: Commands

    /// One run of the runtime; each has a log of its own.
    private struct Command {
        var pid: Int32
        var log: String
        var stage: String
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// A file name that nobody has used: commands run side by side.
    private func freshName(_ kind: String) -> String {
        lastName += 1
        return "\(kind)-\(lastName)"
    }

    private func begin(_ words: [String], stage: String) throws(ShimFailure) -> DriverStep<Void> {
        let command = try spawn(words, io: nil, stage: stage)
        return .waiting(pid: command.pid) { [unowned self] (exit) throws(ShimFailure) in try check(exit, of: command) }
    }

    /// Runs a command to its end; only before the loop, which reaps whatever ends.
    private func run(_ words: [String], io: ProcessIO? = nil, stage: String) throws(ShimFailure) {
        let command = try spawn(words, io: io, stage: stage)
        let end = try kernel(stage) { () throws(SyscallError) in
            let pidfd = try Processes.open(pid: command.pid)
            return try Processes.wait(pidfd: pidfd.raw)
        }
        if let end { try check(ShimExit(end, time: 0), of: command) }
    }

    /// Starts the runtime in the shim's folder, so that the socket's name stays short whatever the folder's is.
    private func spawn(_ words: [String], io: ProcessIO?, stage: String) throws(ShimFailure) -> Command {
        let log = path(freshName("runtime.log"))
        let root = runtime.root.map { ["--root", $0] } ?? []
        let arguments = CStringArray(
            [runtime.path] + runtime.arguments + root + ["--log", log, "--log-format", "json"] + words)
        let pid = try kernel(stage) { () throws(SyscallError) in
            let null = try Descriptor.open("/dev/null", O_RDWR)
            var three = [null.raw, null.raw, null.raw]
            if case .descriptors(let stdin, let stdout, let stderr) = io { three = [stdin, stdout, stderr] }
            let descriptors = three.enumerated().map { clinux_spawn_descriptor(from: $1, to: Int32($0)) }
            let argv = arguments.pointers
            return try checkNegative("posix_spawn", runtime.path) {
                clinux_spawn(runtime.path, argv, environ, directory, 0, descriptors, descriptors.count)
            }
        }
        return Command(pid: pid, log: log, stage: stage)
    }

    /// - Throws: what the runtime wrote into its log, with the exit code that docker would give.
    private func check(_ exit: ShimExit, of command: Command) throws(ShimFailure) {
        defer { unlink(command.log) }
        guard exit.code != 0 else { return }
        let log = (try? WholeFile.read(command.log)) ?? []
        let name = runtime.path.split(separator: "/").last.map(String.init) ?? runtime.path
        let message = RuntimeLog.lastError(log) ?? "\(command.stage) ended with code \(exit.code)"
        throw ShimFailure(
            stage: command.stage, message: "\(name): \(message)", exitCode: RuntimeLog.exitCode(forMessage: message))
    }

    private func readPID(_ name: String, stage: String) throws(ShimFailure) -> ShimProcess {
        let bytes = try kernel(stage) { () throws(SyscallError) in try WholeFile.read(path(name)) }
        let digits = bytes.filter { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard let pid = Int32(String(decoding: digits, as: UTF8.self)) else {
            throw ShimFailure(stage: stage, message: "\(path(name)): the runtime wrote no pid")
        }
        return ShimProcess(pid: pid, startTime: Processes.status(of: pid)?.startTime ?? 0)
    }

    // MARK: Terminals

    /// Where the runtime sends the master of the terminal that it makes.
    private struct ConsoleSocket {
        var listener: Int32
        /// In the shim's folder.
        var name: String
        var path: String

        func close() {
            _ = Glibc.close(listener)
            unlink(path)
        }
    }

    private func consoleSocket(for io: ProcessIO) throws(ShimFailure) -> ConsoleSocket? {
        guard case .terminal = io else { return nil }
        let name = freshName("console")
        let listener = try kernel("terminal") { () throws(SyscallError) in
            try WorkingDirectory.during(directory) { () throws(SyscallError) in
                unlink(name)
                return try checkNegative("bind", name) { clinux_listen_unix(name, 1) }
            }
        }
        return ConsoleSocket(listener: listener, name: name, path: path(name))
    }

    /// The runtime has ended, so what it sent is there.
    private func receiveTerminal(_ console: ConsoleSocket) throws(ShimFailure) -> Int32 {
        try kernel("terminal") { () throws(SyscallError) in
            let connection = Descriptor(owning: try checkNegative("accept") { clinux_accept(console.listener) })
            let received = try Messages.receive(over: connection.raw)
            guard let master = received.descriptors.first else {
                throw SyscallError("recvmsg", errno: EPROTO, subject: console.name)
            }
            for extra in received.descriptors.dropFirst() { close(extra) }
            try checkNegative("fcntl") { clinux_set_nonblocking(master) }
            return master
        }
    }

    private func kernel<Result: ~Copyable>(
        _ stage: String, _ body: () throws(SyscallError) -> Result
    ) throws(ShimFailure) -> Result {
        do throws(SyscallError) {
            return try body()
        } catch {
            throw ShimFailure(stage: stage, errno: error.errno, message: "\(error)")
        }
    }
}
