internal import CLinux
internal import Cgroups
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import ShimProtocol

/// The shim of one running container: an epoll loop that asks values what to do and does it.
///
/// What is decided where: ``Switchboard`` who gets which bytes and who has to wait, ``ProcessLife`` what follows an exit,
/// ``LogEncoder`` what the log holds and when it is rotated. Here are the system calls.
///
/// One thread. The loop blocks for the time of a log write and of a driver's call, never for a client.
final class ShimServer {
    /// Whom a report of the poller is for.
    enum Target {
        case listener, signals, memory
        case connection(ConnectionID)
        case process(ProcessKey)
    }

    let configuration: ShimConfiguration
    let directory: String
    let driver: any ContainerDriver
    var poller: Poller
    var targets: [UInt64: Target] = [:]
    var board = Switchboard()
    var connections: [ConnectionID: Connection] = [:]
    private var lastConnection: UInt32 = 0

    let container: ShimmedProcess
    var execs: [String: ShimmedProcess] = [:]
    /// Commands of an external runtime, by pid, and what follows their end.
    var commands: [Int32: (ShimExit) -> Void] = [:]
    /// Ends of processes that nobody knew yet, kept while a command may still tell us their pid.
    var unclaimed: [Int32: ShimExit] = [:]

    var log: ContainerLog?
    var isPaused = false
    var isOOMKilled = false
    var isLeaving = false
    /// Why the container could not be removed whole.
    var deleteFailure: ShimFailure?

    let listener: Int32
    let signals: Int32
    private var memoryWatch: Int32?
    var input = ReadBuffer()
    private var ready: [(token: UInt64, readiness: Readiness)] = []
    /// Whether memory was used since it was last given back.
    private var isWarm = true
    /// Whether the program itself is to be unmapped before the next wait.
    private var isToBeUnmapped = false

    init(
        _ configuration: ShimConfiguration, directory: String, driver: any ContainerDriver, listener: Int32,
        container: ShimmedProcess, poller: consuming Poller, log: ContainerLog?
    ) throws(SyscallError) {
        self.configuration = configuration
        self.directory = directory
        self.driver = driver
        self.listener = listener
        self.container = container
        self.poller = poller
        self.log = log
        signals = try checkNegative("signalfd") { clinux_signalfd([SIGCHLD], 1) }
        try register(listener, as: .listener)
        try register(signals, as: .signals)
        for stream in OutputStream.allCases { registerWatch(container.outputs[stream.rawValue], of: .container) }
        registerWatch(container.input, of: .container)
        board.openInput(of: .container, isOpen: container.input != nil || container.isTerminal)
    }

    private func register(_ fd: Int32, as target: Target, _ readiness: Readiness = .input) throws(SyscallError) {
        let token = poller.makeToken()
        try poller.add(fd, readiness, token: token)
        targets[token] = target
    }

    func registerWatch(_ watch: Watch?, of key: ProcessKey) {
        if let watch { targets[watch.token] = .process(key) }
    }

    /// Starts to watch for want of memory; costs a few system calls, so only once the container runs.
    func watchMemory() {
        guard let descriptor = driver.group?.startWatch() else { return }
        memoryWatch = descriptor
        try? register(descriptor, as: .memory)
    }

    // MARK: The loop

    /// Serves until the container is gone and somebody asked for the end.
    func run() {
        reap()
        settle()
        while !isLeaving {
            ready.removeAll(keepingCapacity: true)
            var reported = ready
            ready = []
            if isToBeUnmapped {
                isToBeUnmapped = false
                clinux_trim_program()
            }
            poller.wait(milliseconds: patience) { reported.append(($0, $1)) }
            for (token, readiness) in reported {
                if let target = targets[token] { dispatch(target, token: token, readiness) }
            }
            if reported.isEmpty { restOrDrain() }
            ready = reported
            settle()
        }
    }

    /// How long to wait when nothing happens: for ever, unless memory is to be given back or a dead process's output watched.
    private var patience: Int32? {
        if isAnyDraining { return 10 }
        return isWarm ? 200 : nil
    }

    private var isAnyDraining: Bool { container.life.isDraining || execs.values.contains { $0.life.isDraining } }

    private func restOrDrain() {
        guard !isAnyDraining else { return }
        input.release()
        log?.release()
        ready = []
        clinux_trim_memory()
        clinux_trim_stack(128 << 10)
        isWarm = false
        isToBeUnmapped = true
    }

    private func dispatch(_ target: Target, token: UInt64, _ readiness: Readiness) {
        isWarm = true
        switch target {
        case .listener: accept()
        case .signals:
            while clinux_read_signal(signals) > 0 {}
            reap()
        case .memory: drainMemoryWatch(token)
        case .connection(let id): serve(id, readiness)
        case .process(let key):
            guard let process = process(key) else { return }
            if let stream = process.output(of: token), !readiness.isDisjoint(with: [.input, .hangup, .error]) {
                readOutput(stream, of: process)
            }
            if readiness.contains(.output) || process.input?.token == token { writeInput(of: process) }
        }
    }

    func process(_ key: ProcessKey) -> ShimmedProcess? {
        switch key {
        case .container: container
        case .exec(let id): execs[id]
        }
    }

    /// After every round: what was gathered goes out, and the poller learns what is waited for now.
    private func settle() {
        if container.life.isDraining { perform([.drain], for: container) }
        for process in Array(execs.values) where process.life.isDraining { perform([.drain], for: process) }
        flushLog()
        flushConnections()
        do throws(SyscallError) {
            try container.updateInterest(board, poller: poller)
            for process in execs.values { try process.updateInterest(board, poller: poller) }
            for (id, connection) in connections { try updateInterest(of: connection, id) }
        } catch {
            Console.say("\(error)")
        }
    }

    func flushLog() {
        if let event = log?.flush() { announce(event) }
    }

    func announce(_ event: ShimEvent) {
        for id in board.announce(event) { hangUp(id) }
    }

    // MARK: Output and input

    enum ReadResult { case more, nothing, ended }

    /// Reads once from a process and hands it to the log and to whoever is attached.
    @discardableResult
    func readOutput(_ stream: OutputStream, of process: ShimmedProcess) -> ReadResult {
        guard let fd = process.outputs[stream.rawValue]?.fd else { return .ended }
        let buffer = input.buffer
        let count = read(fd, buffer.baseAddress, buffer.count)
        if count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if process.key == .container { log?.append(bytes, from: stream, now: Clocks.wall) }
            board.deliver(bytes, from: stream, of: process.key)
            return .more
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return .nothing }
        // End of a pipe; of a terminal (EIO) that no process has open any more.
        if process.key == .container { log?.finish(stream, now: Clocks.wall) }
        if process.isTerminal { board.abandonInput(of: process.key) }
        process.closeOutput(stream, poller: poller)
        perform(process.life.handle(.outputEnded(stream), now: Clocks.steady), for: process)
        return .ended
    }

    /// Writes what clients sent, as much as the process takes.
    func writeInput(of process: ShimmedProcess) {
        guard let fd = process.isTerminal ? process.masterTerminal : process.input?.fd else {
            board.abandonInput(of: process.key)
            return
        }
        while board.hasInputWaiting(for: process.key) {
            let count = board.withNextInput(for: process.key) { write(fd, $0.baseAddress, $0.count) } ?? 0
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                board.abandonInput(of: process.key)
                process.closeInput(poller: poller)
                return
            }
            if board.wroteInput(count, to: process.key) { process.closeInput(poller: poller) }
        }
    }

    // MARK: Connections

    func adopt(_ fd: Int32) -> ConnectionID {
        lastConnection += 1
        let id = ConnectionID(number: lastConnection)
        let watch = Watch(fd, token: poller.makeToken())
        targets[watch.token] = .connection(id)
        connections[id] = Connection(id: id, watch: watch)
        board.open(id)
        return id
    }

    /// Forgets a connection.
    ///
    /// An exec's stdin ends with its client: nobody can attach to an exec again.
    func hangUp(_ id: ConnectionID) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        if let (key, streams) = board.attachment(of: id), streams.stdin, case .exec = key, let process = process(key) {
            closeStdin(of: process)
        }
        poller.remove(connection.watch.fd)
        targets[connection.watch.token] = nil
        board.close(id)
    }

    private func drainMemoryWatch(_ token: UInt64) {
        guard let memoryWatch, let group = driver.group else { return }
        poller.remove(memoryWatch)
        switch group.drain() {
        case .killed(_): noticeOOM()
        case .waiting, .nothing: break
        case .groupRemoved:
            targets[token] = nil
            self.memoryWatch = nil
            return
        }
        try? poller.add(memoryWatch, .input, token: token)
    }

    /// Tells that the kernel killed in the container for want of memory.
    func noticeOOM() {
        isOOMKilled = true
        announce(.oom)
    }
}

/// 64 KiB to read into, present while there is something to read.
struct ReadBuffer {
    private var memory: UnsafeMutableRawBufferPointer?

    /// One frame's payload.
    var buffer: UnsafeMutableRawBufferPointer {
        mutating get {
            if let memory { return memory }
            let fresh = UnsafeMutableRawBufferPointer.allocate(
                byteCount: ShimProtocol.longestStreamPayload, alignment: 4096)
            memory = fresh
            return fresh
        }
    }

    mutating func release() {
        memory?.deallocate()
        memory = nil
    }
}
