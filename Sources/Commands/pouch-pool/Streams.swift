internal import ArgumentParser
internal import ClusterModel
internal import DockerClient
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import PoolClient
internal import Synchronization

/// A pod, as `NAME` or `pod/NAME`, and its container.
struct PodChoice: ParsableArguments {
    @Option(name: .shortAndLong, help: "The container, where the pod has several.") var container: String?
    @Argument(help: "POD, or pod/POD") var pod: String

    func path(_ namespace: String) throws(ManifestError) -> String {
        let halves = pod.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 1 || ["pod", "pods", "po"].contains(halves[0]), let name = halves.last, !name.isEmpty
        else {
            throw ManifestError(pod, "expected POD or pod/POD")
        }
        return PoolPath.pod(namespace, String(name))
    }
}

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print what a pod's container has written.")

    @OptionGroup var connection: Connection
    @Flag(name: .shortAndLong, help: "Go on with what it writes.") var follow = false
    @Flag(name: .shortAndLong, help: "Of the run before the last restart.") var previous = false
    @Flag(help: "With the time of each line.") var timestamps = false
    @Option(help: "The last so many lines.") var tail: Int?
    @Option(help: "Of the last so many seconds.") var sinceSeconds: Int?
    @OptionGroup var choice: PodChoice

    func run() async throws {
        try await Say.reporting {
            let client = try connection.client()
            var query: [String: String] = [:]
            query["container"] = choice.container
            if follow { query["follow"] = "true" }
            if previous { query["previous"] = "true" }
            if timestamps { query["timestamps"] = "true" }
            query["tailLines"] = tail.map(String.init)
            query["sinceSeconds"] = sinceSeconds.map(String.init)
            let path = try choice.path(try connection.home()) + "/log"
            try await client.stream(PoolRequest(.get, path, query: query)) { bytes in
                Say.bytes(bytes, to: STDOUT_FILENO)
            }
        }
    }
}

struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run a command in a pod's container.")

    @OptionGroup var connection: Connection
    @OptionGroup var streams: StreamFlags
    @OptionGroup var choice: PodChoice
    @Argument(parsing: .captureForPassthrough, help: "[--] COMMAND [ARG...]") var command: [String]

    func run() async throws {
        try await Say.reporting {
            let words = Array(command.drop { $0 == "--" })
            guard !words.isEmpty else { throw ManifestError(choice.pod, "say which command") }
            try await RemoteRun(connection, streams, choice, words).run()
        }
    }
}

struct Attach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Attach to the process of a pod's container.")

    @OptionGroup var connection: Connection
    @OptionGroup var streams: StreamFlags
    @OptionGroup var choice: PodChoice

    func run() async throws {
        try await Say.reporting { try await RemoteRun(connection, streams, choice, nil).run() }
    }
}

struct StreamFlags: ParsableArguments {
    @Flag(name: [.customShort("i"), .customLong("interactive"), .customLong("stdin")], help: "Pass standard input on.")
    var input = false
    @Flag(name: .shortAndLong, help: "Use a terminal.") var tty = false
}

/// One stream of a pod on this program's own standard streams.
struct RemoteRun {
    private let client: PoolClient
    private let path: String
    private let flags: StreamFlags
    private let isTerminal: Bool

    init(_ connection: Connection, _ flags: StreamFlags, _ choice: PodChoice, _ command: [String]?) throws {
        client = try connection.client()
        self.flags = flags
        isTerminal = flags.tty && isatty(STDIN_FILENO) == 1
        if flags.tty, !isTerminal { Say.error("standard input is no terminal: going on without one") }
        var query = command?.map { "command=\(Percent.encoded($0))" } ?? []
        if let container = choice.container { query.append("container=\(Percent.encoded(container))") }
        query += ["stdout=true", "stderr=\(!isTerminal)", "stdin=\(flags.input)", "tty=\(isTerminal)"]
        path =
            try choice.path(try connection.home()) + (command == nil ? "/attach?" : "/exec?")
            + query.joined(separator: "&")
    }

    /// Ends the program with the command's own code.
    func run() async throws {
        let outcome = Outcome()
        if isTerminal {
            let raw = try RawMode(STDIN_FILENO)
            try await talk(outcome)
            _ = consume raw
        } else {
            try await talk(outcome)
        }
        let (code, message) = await outcome.value
        if !message.isEmpty { Say.error(message) }
        // A thread may still wait for input that nobody wants any more.
        exit(code)
    }

    private func talk(_ outcome: Outcome) async throws {
        var (input, feed) = AsyncStream.makeStream(of: RemoteInput.self)
        if flags.input, !isTerminal { input = Self.piped() }
        try await withThrowingTaskGroup(of: Void.self) { [input, feed] group in
            if isTerminal { group.addTask { await Self.followSize(feed) } }
            if flags.input, isTerminal { Lanes.shared.start { Self.readTyped(feed) } }
            defer { group.cancelAll() }
            try await client.remote(path, input: input) { output in
                switch output {
                case .output(let bytes): Say.bytes(bytes, to: STDOUT_FILENO)
                case .errors(let bytes): Say.bytes(bytes, to: STDERR_FILENO)
                case .ended(let code, let message): await outcome.set(code, message)
                }
            }
        }
    }

    private actor Outcome {
        private(set) var value: (code: Int32, message: String) = (0, "")
        func set(_ code: Int32, _ message: String) { value = (code, message) }
    }

    /// Reading waits for people: not on the cooperative pool.
    private static func readTyped(_ feed: AsyncStream<RemoteInput>.Continuation) {
        readInput { bytes in
            feed.yield(.bytes(bytes))
            return true
        }
        feed.yield(.end)
    }

    /// What another program or a file gives, which is read no faster than the pod takes it.
    private static func piped() -> AsyncStream<RemoteInput> {
        let pipe = ChunkPipe()
        Lanes.shared.start {
            readInput { (try? pipe.write($0)) != nil }
            pipe.finish()
        }
        let isTold = Mutex(false)
        return AsyncStream {
            if let bytes = try? await pipe.next() { return .bytes(bytes) }
            return isTold.withLock { isTold in
                defer { isTold = true }
                return isTold ? nil : .end
            }
        }
    }

    /// Gives standard input to `take` until its end, or until that wants no more; blocks.
    private static func readInput(_ take: ([UInt8]) -> Bool) {
        var bytes = [UInt8](repeating: 0, count: 32 * 1024)
        while true {
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, take(Array(bytes[..<count])) else { return }
        }
    }

    /// Tells the terminal's size when it changed: asked twice a second, since signals may come to any thread.
    private static func followSize(_ feed: AsyncStream<RemoteInput>.Continuation) async {
        var last: WindowSize?
        repeat {
            let size = Terminal.size(STDIN_FILENO)
            if let size, size != last {
                feed.yield(.resize(rows: Int(size.rows), columns: Int(size.columns)))
                last = size
            }
        } while (try? await Task.sleep(for: .milliseconds(500))) != nil
    }
}
