internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol
internal import TestSupport

/// What a test waited for did not come.
struct ShimTestFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// One end of a shim's socket, as pouchd has it; every wait ends after `patience`.
final class ShimClient {
    static let patience: Int32 = 20_000

    private let socket: Descriptor
    private var decoder = FrameDecoder()

    init(owning fd: Int32) {
        socket = Descriptor(owning: fd)
    }

    convenience init(connectingTo path: String) throws(SyscallError) {
        self.init(owning: try Messages.connect(to: path).release())
    }

    func send(_ frame: Frame) throws(SyscallError) {
        try socket.writeAll(frame.encoded)
    }

    /// The next frame; `nil` when the shim has closed.
    func next() throws -> Frame? {
        while true {
            if let frame = try decoder.next() { return frame }
            var one = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&one, 1, Self.patience) > 0 else { throw ShimTestFailure("the shim said nothing for 20 s") }
            let bytes = try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { buffer in
                let count = try socket.read(into: buffer)
                return Array(buffer[..<count])
            }
            if bytes.isEmpty { return nil }
            decoder.append(bytes)
        }
    }

    func ask(_ action: ShimRequest.Action) throws -> ShimReply {
        try send(ShimRequest(action).frame)
        while let frame = try next() {
            if frame.kind == .reply { return try ShimReply(parsing: frame.payload) }
        }
        throw ShimTestFailure("closed without a reply to \(action.name)")
    }

    /// Reads until output of one stream ends in `text`.
    func read(_ kind: FrameKind, until text: String) throws -> String {
        var collected = ""
        while !collected.hasSuffix(text) {
            guard let frame = try next() else { throw ShimTestFailure("closed after \(collected)") }
            if frame.kind == kind { collected += String(decoding: frame.payload, as: UTF8.self) }
        }
        return collected
    }

    /// Everything to the end, with the exit that ends it.
    func readToEnd() throws -> (stdout: [UInt8], stderr: [UInt8], exit: ShimExit?) {
        var (stdout, stderr): ([UInt8], [UInt8]) = ([], [])
        var exit: ShimExit?
        var hasEnded = false
        while let frame = try next() {
            switch frame.kind {
            case .stdout where !hasEnded: stdout += frame.payload
            case .stderr where !hasEnded: stderr += frame.payload
            case .endOfOutput: hasEnded = true
            case .event:
                guard case .exited(_, let end) = try ShimEvent(parsing: frame.payload), hasEnded else {
                    throw ShimTestFailure("an event before the end of the output")
                }
                exit = end
            default: throw ShimTestFailure("unexpected \(frame.kind)")
            }
        }
        return (stdout, stderr, exit)
    }

    func nextEvent() throws -> ShimEvent {
        guard let frame = try next(), frame.kind == .event else { throw ShimTestFailure("no event") }
        return try ShimEvent(parsing: frame.payload)
    }

    /// Reads events until `isWanted`.
    func events(until isWanted: (ShimEvent) -> Bool) throws -> [ShimEvent] {
        var events: [ShimEvent] = []
        while events.last.map(isWanted) != true { events.append(try nextEvent()) }
        return events
    }
}

/// A real shim beside a real container of busybox, started as pouchd starts it.
final class ShimFixture: @unchecked Sendable {  // handed from thread to thread by one test, never shared
    let folder: String
    let id: String
    private(set) var pid: Int32 = 0
    private(set) var report: ShimReport?
    /// The socket that was attached before the start.
    private(set) var attached: ShimClient?
    private var isReaped = false
    /// Kills the shim so many microseconds after it was started.
    var killAfter: UInt32?

    var bundle: Bundle
    var configuration: ShimConfiguration

    /// Prepares, and starts nothing.
    init(in scratch: String, _ name: String = "c", running words: [String]) throws {
        folder = "\(scratch)/\(name)"
        id = "shim-\(getpid())-\(scratch.suffix(6))-\(name)"
        try Files.makeDirectory(folder, mode: 0o700)
        bundle = try Bundle(in: folder, running: words)
        bundle.config["linux"]?["cgroupsPath"] = .string("/pouch-test-shims/\(id)")
        bundle.config["linux"]?["resources"] = ["memory": ["limit": 268_435_456], "pids": ["limit": 200]]
        configuration = ShimConfiguration(id: id, bundle: folder)
        configuration.stateRoot = "\(scratch)/state"
        configuration.log = ShimConfiguration.Log(path: "\(folder)/log.json")
    }

    deinit { cleanUp() }

    var stateRoot: String { configuration.stateRoot ?? "" }
    var socketPath: String { "\(folder)/shim.sock" }

    /// Starts the shim and awaits its report; `streams` attaches before the container starts.
    @discardableResult
    func start(attaching streams: StreamSelection = .none) throws -> Self {
        try bundle.write()
        var ends: [Int32] = [-1, -1]
        try checkNegative("pipe2") { clinux_pipe(&ends) }
        let reader = Descriptor(owning: ends[0])
        let writer = try high(Descriptor(owning: ends[1])).release()
        let null = try high(try Descriptor.open("/dev/null", O_RDWR))
        var descriptors = [
            clinux_spawn_descriptor(from: null.raw, to: 0), clinux_spawn_descriptor(from: null.raw, to: 1),
            clinux_spawn_descriptor(from: 2, to: 2), clinux_spawn_descriptor(from: writer, to: 3),
        ]
        var theirs: Int32?
        if streams != .none {
            var pair: [Int32] = [-1, -1]
            try check("socketpair") { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &pair) }
            attached = ShimClient(owning: pair[0])
            let end = try high(Descriptor(owning: pair[1])).release()
            theirs = end
            descriptors.append(clinux_spawn_descriptor(from: end, to: 4))
            configuration.attached = [ShimConfiguration.AttachedDescriptor(fd: 4, streams: streams)]
        }
        try WholeFile.replace("\(folder)/shim.json", with: configuration.encoded())
        let words = CStringArray([Executables.runtime, "shim", "--directory", folder])
        let variables = CStringArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        let (argv, envp) = (words.pointers, variables.pointers)
        pid = try checkNegative("posix_spawn", Executables.runtime) {
            clinux_spawn(Executables.runtime, argv, envp, nil, 0, descriptors, descriptors.count)
        }
        if let theirs { close(theirs) }
        close(writer)
        if let killAfter {
            usleep(killAfter)
            _ = try killShim()
        }
        let line = try reader.readToEnd()
        guard !line.isEmpty else { throw ShimTestFailure("the shim died without a report") }
        report = try ShimReport(parsing: line)
        return self
    }

    /// Starts it once more, attached, with another program.
    func restart(running words: [String]) throws -> ShimClient {
        bundle.config["process"]?["args"] = .array(words.map { .string($0) })
        isReaped = false
        report = nil
        return try start(attaching: StreamSelection(stdout: true, stderr: true)).attachedClient()
    }

    /// Out of the way of the numbers that the shim is to have.
    private func high(_ descriptor: consuming Descriptor) throws(SyscallError) -> Descriptor {
        let number = descriptor.raw
        return Descriptor(owning: try checkNegative("fcntl") { clinux_duplicate_above(number, 64) })
    }

    var process: ShimProcess {
        get throws {
            guard case .started(let process, _) = report else { throw ShimTestFailure("not started: \(report as Any)") }
            return process
        }
    }

    func connect() throws -> ShimClient { try ShimClient(connectingTo: socketPath) }

    func attachedClient() throws -> ShimClient {
        guard let attached else { throw ShimTestFailure("nothing was attached") }
        return attached
    }

    /// Lets go of what was attached, as a pouchd that dies does.
    func dropAttached() { attached = nil }

    func ask(_ action: ShimRequest.Action) throws -> ShimReply { try connect().ask(action) }

    func state() throws -> ShimState {
        guard case .state(let state) = try ask(.state) else { throw ShimTestFailure("no state") }
        return state
    }

    func attach(_ streams: StreamSelection = .all) throws -> ShimClient {
        let client = try connect()
        switch try client.ask(.attach(streams)) {
        case .done, .attached: return client
        default: throw ShimTestFailure("not attached")
        }
    }

    /// Awaits the container's end and removal.
    func awaitDeletion() throws -> [ShimEvent] {
        let client = try connect()
        guard try client.ask(.subscribe) == .done else { throw ShimTestFailure("not subscribed") }
        return try client.events { if case .deleted = $0 { true } else { false } }
    }

    func exitFile(_ name: String = "exit.json") throws -> ShimExit {
        try ShimExit(parsing: try WholeFile.read("\(folder)/\(name)"))
    }

    /// The text of all log lines, and their streams.
    func log() throws -> [(text: String, stream: String)] {
        try WholeFile.read("\(folder)/log.json").split(separator: 10).map { line in
            let value = try JSONValue(parsing: Array(line))
            return (value["log"]?.stringValue ?? "", value["stream"]?.stringValue ?? "")
        }
    }

    /// What an exec of `words` looks like.
    func exec(_ words: [String], terminal: Bool = false) throws -> RuntimeSpec.Process {
        var process = RuntimeSpec.Process(cwd: "/")
        process.args = words
        process.env = ["PATH=/bin"]
        process.terminal = terminal
        return process
    }

    /// Ends the container, if it runs, and the shim, and gives the shim's exit code.
    @discardableResult
    func end() throws -> Int32 {
        if try state().exit == nil { _ = try ask(.kill(signal: SIGKILL, target: .container)) }
        _ = try awaitDeletion()
        guard try ask(.shutdown) == .done else { throw ShimTestFailure("shutdown refused") }
        // Its path may be the next shim's from here on: taken away later, it would be that one's that goes.
        guard access("\(folder)/\(ShimProtocol.FileName.socket)", F_OK) != 0 else {
            throw ShimTestFailure("the socket is there after the answer")
        }
        return try reap()
    }

    /// Awaits the end of the shim's process.
    func reap() throws -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw SyscallError("waitpid", errno: errno) }
        }
        isReaped = true
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    func killShim() throws -> Int32 {
        kill(pid, SIGKILL)
        return try reap()
    }

    /// The container's groups that are left, as paths.
    var groups: [String] {
        let base = "/sys/fs/cgroup"
        let mounts = ((try? runBlocking(["ls", base]))?.output ?? "").split(separator: "\n")
        return (mounts.map { "\(base)/\($0)" } + [base]).map { "\($0)/pouch-test-shims/\(id)" }.filter {
            Files.exists($0)
        }
    }

    private func cleanUp() {
        guard pid > 0 else { return }
        if !isReaped {
            kill(pid, SIGKILL)
            _ = try? reap()
        }
        _ = try? runBlocking([Executables.runtime, "--root", stateRoot, "delete", "--force", id])
    }
}

/// Runs a test that blocks on a thread of its own, with a scratch folder.
func withShimScratch(_ body: @escaping @Sendable (String) throws -> Void) async throws {
    try await withThread { try withScratchDirectorySync(body) }
}
