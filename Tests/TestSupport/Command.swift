internal import CLinux
internal import Glibc
package import LinuxKernel

/// What a finished process left behind.
package struct CommandResult: Sendable, CustomStringConvertible {
    /// The exit code, or 128 + the signal that ended it, as a shell says.
    package var status: Int32
    package var output: String
    package var errors: String
    package var timedOut: Bool

    package var description: String {
        "status \(status)\(timedOut ? " (timed out)" : "")\n--- output\n\(output)\n--- errors\n\(errors)"
    }

    /// The output without the line ends around it.
    package var trimmed: String {
        var text = Substring(output)
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}

/// Runs a program to its end and collects what it printed.
///
/// Runs on a thread of its own, so that a test never holds a thread of the cooperative pool. A process that is still
/// there after `timeout` is killed with its whole session and reported as `timedOut`.
package func run(
    _ words: [String], environment: [String: String] = [:], input: String? = nil, directory: String? = nil,
    timeout: Duration = .seconds(60)
) async throws -> CommandResult {
    try await withThread { () throws(SyscallError) in
        try runBlocking(words, environment: environment, input: input, directory: directory, timeout: timeout)
    }
}

/// The same, on the caller's thread.
package func runBlocking(
    _ words: [String], environment: [String: String] = [:], input: String? = nil, directory: String? = nil,
    timeout: Duration = .seconds(60)
) throws(SyscallError) -> CommandResult {
    let child = try RunningCommand(words, environment: environment, hasInput: input != nil, directory: directory)
    return child.finish(input: input ?? "", timeout: timeout)
}

/// Runs `body` on a fresh thread that ends with it.
package func withThread<Result: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Result
) async throws(Failure) -> Result {
    let outcome: Swift.Result<Result, Failure> = await withCheckedContinuation { continuation in
        let job = ThreadJob {
            do throws(Failure) {
                continuation.resume(returning: .success(try body()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ThreadJob>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(job).toOpaque())
        precondition(started == 0, "a test could not start a thread")
        pthread_detach(thread)
    }
    return try outcome.get()
}

private final class ThreadJob {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// A process that a test started and still holds.
///
/// Used from one thread at a time.
package final class RunningCommand: @unchecked Sendable {  // a test hands it from thread to thread, never shares it
    package let pid: Int32
    private var input: Int32
    private var output: Int32
    private var errors: Int32

    /// Starts `words`, in its own session.
    ///
    /// - Throws: what posix_spawn(3) says, naming the program.
    package init(
        _ words: [String], environment: [String: String] = [:], hasInput: Bool = false, directory: String? = nil
    ) throws(SyscallError) {
        // A program that ends before it has read its input must not end the tests with it.
        _ = signalPolicy
        var pipes: [Int32] = []
        for _ in 0..<3 {
            var ends: [Int32] = [0, 0]
            try checkNegative("pipe2") { clinux_pipe(&ends) }
            pipes += ends
        }
        defer { for end in [pipes[0], pipes[3], pipes[5]] { close(end) } }
        let null = try Descriptor.open("/dev/null")
        let descriptors = [
            clinux_spawn_descriptor(from: hasInput ? pipes[0] : null.raw, to: 0),
            clinux_spawn_descriptor(from: pipes[3], to: 1), clinux_spawn_descriptor(from: pipes[5], to: 2),
        ]
        let arguments = CStrings(words)
        let variables = CStrings(mergedEnvironment(environment))
        let started: Int32
        do throws(SyscallError) {
            started = try checkNegative("posix_spawn", words[0]) {
                clinux_spawn(
                    words[0], arguments.pointers, variables.pointers, directory, 1, descriptors, descriptors.count)
            }
        } catch {
            for end in [pipes[1], pipes[2], pipes[4]] { close(end) }
            throw error
        }
        pid = started
        input = pipes[1]
        output = pipes[2]
        errors = pipes[4]
        if !hasInput { closeInput() }
    }

    /// Ends a process that nobody finished: Swift Testing waits for any child, and a zombie that nobody reaps blocks every
    /// exit test of the run for good.
    deinit {
        for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
        guard reaped == nil else { return }
        kill(-pid, SIGKILL)
        kill(pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }

    /// Closes the program's standard input.
    package func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Writes to the program's standard input.
    package func write(_ text: String) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(input, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            guard count > 0 else { return }
            written += count
        }
    }

    /// Reads standard output until it holds `text` or ends; returns what came.
    package func readOutput(until text: String, timeout: Duration = .seconds(30)) -> String {
        let deadline = ContinuousClock.now + timeout
        var collected: [UInt8] = []
        while ContinuousClock.now < deadline {
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 200) > 0 else { continue }
            guard drain(output, into: &collected) else { break }
            if String(decoding: collected, as: UTF8.self).contains(text) { break }
        }
        return String(decoding: collected, as: UTF8.self)
    }

    package func signal(_ number: Int32) {
        kill(pid, number)
    }

    /// Feeds `input`, reads both outputs to their ends and reaps the process.
    package func finish(input text: String = "", timeout: Duration = .seconds(60)) -> CommandResult {
        let deadline = ContinuousClock.now + timeout
        var pending = Array(text.utf8)[...]
        var texts: [[UInt8]] = [[], []]
        var open = [output, errors]
        var timedOut = false
        if input >= 0 { _ = fcntl(input, F_SETFL, O_NONBLOCK) }
        if pending.isEmpty { closeInput() }
        while open.contains(where: { $0 >= 0 }) {
            guard ContinuousClock.now < deadline else {
                timedOut = true
                break
            }
            var entries = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            entries.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0))
            guard poll(&entries, nfds_t(entries.count), 100) > 0 else {
                if hasEnded { break }
                continue
            }
            for index in 0..<2 where entries[index].revents != 0 {
                if !drain(open[index], into: &texts[index]) { open[index] = -1 }
            }
            if input >= 0, entries[2].revents != 0 { feed(&pending) }
        }
        // Who closes what it writes to, as a daemon does, has not ended with that.
        while !timedOut, !hasEnded {
            timedOut = ContinuousClock.now >= deadline
            poll(nil, 0, 1)
        }
        if timedOut { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        if let reaped { status = reaped } else { while waitpid(pid, &status, 0) < 0, errno == EINTR {} }
        reaped = status
        for index in 0..<2 where open[index] >= 0 {
            _ = fcntl(open[index], F_SETFL, O_NONBLOCK)
            while drain(open[index], into: &texts[index]), !wouldBlock {}
        }
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return CommandResult(
            status: code, output: String(decoding: texts[0], as: UTF8.self),
            errors: String(decoding: texts[1], as: UTF8.self),
            timedOut: timedOut)
    }

    private var reaped: Int32?
    private var wouldBlock = false

    /// Whether the process is gone; a program whose grandchild holds the pipes has still ended.
    package var hasEnded: Bool {
        if reaped != nil { return true }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return false }
        reaped = status
        return true
    }

    private func feed(_ pending: inout ArraySlice<UInt8>) {
        let count = pending.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
        if count > 0 { pending.removeFirst(count) }
        if pending.isEmpty || (count < 0 && errno != EAGAIN) { closeInput() }
    }

    /// Reads once; false at the end of the stream.
    private func drain(_ descriptor: Int32, into bytes: inout [UInt8]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        wouldBlock = count < 0 && errno == EAGAIN
        guard count > 0 else { return wouldBlock }
        bytes.append(contentsOf: chunk[..<count])
        return true
    }
}

/// Set once for the whole test process; the programs it starts get the default back.
private let signalPolicy: Void = { _ = Glibc.signal(SIGPIPE, SIG_IGN) }()

/// A null-terminated vector of C strings that lives as long as this value.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ words: [String]) {
        pointers = words.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}

private func mergedEnvironment(_ changes: [String: String]) -> [String] {
    var variables: [String] = []
    var next = environ
    while let entry = next.pointee {
        let text = String(cString: entry)
        if !changes.keys.contains(where: { text.hasPrefix($0 + "=") }) { variables.append(text) }
        next += 1
    }
    return variables + changes.map { "\($0.key)=\($0.value)" }
}

/// Runs `words` once `body` has ended, however that was.
package func undoing(_ words: [String], after body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch {
        _ = try? await run(words)
        throw error
    }
    _ = try await run(words)
}
