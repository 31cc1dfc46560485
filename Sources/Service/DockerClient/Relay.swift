internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Carries a container's stream between a daemon's connection and this process's descriptors.
///
/// One thread, one poll loop, four concerns: what is typed goes to the container, what the container writes goes to the
/// outputs, signals go to the caller, and an answer that waits on another connection is read as it arrives. Writing to the
/// container never blocks the outputs; a slow output holds the container back, not this process's memory.
package struct Relay {
    /// How the stream came to its end.
    package enum Ending: Equatable, Sendable {
        /// The container closed it, and the answer waited for is complete.
        case closed
        /// The detach keys were typed.
        case detached
        /// The caller asked to stop on this signal.
        case interrupted(Int32)
    }

    /// What a signal means to the caller.
    package enum SignalResponse {
        case proceed
        case stop
    }

    /// Where typed bytes come from; `nil` when the container gets none.
    package var input: Int32?
    package var output: Int32
    package var errors: Int32
    /// Outputs come in frames; a terminal's come as they are.
    package var isMultiplexed: Bool
    package var detachKeys: DetachKeys?
    package var signals: SignalQueue?
    package var onSignal: (Int32) -> SignalResponse = { _ in .proceed }
    /// An answer on another connection, whose end is also the relay's.
    package var waiting: ResponseStream?

    package init(input: Int32?, output: Int32, errors: Int32, isMultiplexed: Bool) {
        self.input = input
        self.output = output
        self.errors = errors
        self.isMultiplexed = isMultiplexed
    }

    /// What `waiting` answered.
    package private(set) var answer: [UInt8] = []

    private var frames = StreamFrames()
    private var pending: [UInt8] = []
    private var inputHasEnded = false

    /// Runs until both the stream and the answer have ended.
    ///
    /// Without a `stream` only signals and the answer count.
    ///
    /// - Throws: ``ClientError/broken(doing:_:)`` when the connection or an output fails.
    package mutating func run(_ stream: HijackedStream?) throws(ClientError) -> Ending {
        var isOpen = stream != nil
        if let stream { try deliver(stream.takeRest()[...]) }
        if let waiting { answer += try waiting.readBuffered() }
        if signals?.holdsSignals == true, let signal = try handleSignals() { return .interrupted(signal) }
        while isOpen || waiting?.hasEnded == false {
            var entries = [
                entry(isOpen ? stream?.connection.raw : nil, pending.isEmpty ? POLLIN : POLLIN | POLLOUT),
                entry(isOpen && pending.isEmpty && !inputHasEnded ? input : nil, POLLIN),
                entry(signals?.raw, POLLIN),
                entry(waiting?.hasEnded == false ? waiting?.raw : nil, POLLIN),
            ]
            try system("poll") { poll(&entries, nfds_t(entries.count), -1) }
            if entries[2].revents != 0, let signal = try handleSignals() { return .interrupted(signal) }
            if entries[3].revents != 0, let waiting { answer += try waiting.readAvailable() }
            guard let stream else { continue }
            if entries[1].revents != 0, try takeInput() { return .detached }
            if entries[0].revents & Int16(POLLOUT) != 0 { try flush(stream.connection) }
            if entries[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
                let bytes = try stream.connection.read()
                isOpen = !bytes.isEmpty
                try deliver(bytes)
            }
            if isOpen { try finishInput(stream.connection) }
        }
        return .closed
    }

    private func entry(_ descriptor: Int32?, _ events: Int32) -> pollfd {
        pollfd(fd: descriptor ?? -1, events: Int16(events), revents: 0)
    }

    private func handleSignals() throws(ClientError) -> Int32? {
        while let signal = signals?.next() {
            if case .stop = onSignal(signal) { return signal }
        }
        return nil
    }

    private mutating func deliver(_ bytes: ArraySlice<UInt8>) throws(ClientError) {
        guard isMultiplexed else { return try writeAll(bytes, to: output) }
        let (output, errors) = (output, errors)
        try frames.feed(bytes) { (target, payload) throws(ClientError) in
            try writeAll(payload, to: target == .output ? output : errors)
        }
    }

    /// Reads what was typed; true when the detach keys were among it.
    private mutating func takeInput() throws(ClientError) -> Bool {
        guard let input else { return false }
        var chunk = [UInt8](repeating: 0, count: 16384)
        let count = chunk.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        guard count > 0 else {  // a terminal that went away counts as the end of the input
            inputHasEnded = true
            return false
        }
        guard let verdict = detachKeys?.feed(chunk[..<count]) else {
            pending += chunk[..<count]
            return false
        }
        pending += verdict.pass
        return verdict.isDetached
    }

    private mutating func flush(_ connection: Connection) throws(ClientError) {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = pending.withUnsafeBytes { send(connection.raw, $0.baseAddress, $0.count, flags) }
        if count > 0 {
            pending.removeFirst(count)
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            pending = []  // the container does not read any more; its outputs may still come
            inputHasEnded = true
            hasFinished = true
        }
    }

    private var hasFinished = false

    private mutating func finishInput(_ connection: Connection) throws(ClientError) {
        guard inputHasEnded, pending.isEmpty, !hasFinished else { return }
        hasFinished = true
        connection.finishSending()
    }
}

/// Writes all of `bytes`, waiting when the descriptor is non-blocking and full.
package func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(ClientError) {
    var rest = bytes
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 {
            rest = rest.dropFirst(count)
            continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN:
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&entry, 1, -1)
        default: throw .broken(doing: "writing the container's output", SyscallError("write", errno: errno))
        }
    }
}

/// Runs a system call, as ``check(_:_:_:)`` does.
private func system(_ call: StaticString, _ body: () -> Int32) throws(ClientError) {
    do throws(SyscallError) {
        try check(call) { body() }
    } catch {
        throw .broken(doing: "waiting", error)
    }
}
