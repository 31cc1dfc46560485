internal import ShimProtocol

/// A connection, for as long as the shim lives; numbers are not reused.
struct ConnectionID: Hashable, Comparable {
    let number: UInt32

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A process with streams of its own.
enum ProcessKey: Hashable {
    case container
    case exec(String)
}

/// Who gets which bytes: every connection's queue, who listens to which process, and what processes are to be fed.
///
/// A value without I/O. Its promises, which its tests hold it to:
/// - a client that stays sees every byte from its attaching to the end, once and in order, then `endOfOutput` and `exited`;
/// - a queue holds at most `limit` bytes and one chunk more: `acceptsOutput` says when a process has to wait for its slowest
///   reader, and a client that is gone holds up nobody;
/// - a subscriber that does not read is dropped when its queue is full, never waited for.
struct Switchboard {
    /// How many bytes may wait for one connection before its process has to.
    static let limit = 256 << 10

    private struct Line {
        var outbox = Outbox()
        var process: ProcessKey?
        var streams = StreamSelection.none
        var isSubscribed = false
        /// Everything was said: to be closed once the queue is written.
        var isFinished = false

        func listens(to stream: OutputStream, of process: ProcessKey) -> Bool {
            self.process == process && !isFinished && (stream == .stdout ? streams.stdout : streams.stderr)
        }
    }

    private var lines: [ConnectionID: Line] = [:]
    private var inputs: [ProcessKey: InputFunnel] = [:]
    /// Processes whose output is no longer held up: they have ended, and what is left fits a pipe.
    private var unthrottled: Set<ProcessKey> = []

    // MARK: Connections

    mutating func open(_ id: ConnectionID) {
        lines[id] = Line()
    }

    mutating func close(_ id: ConnectionID) {
        lines[id] = nil
    }

    /// From here on `id` takes part in `streams` of `process`.
    mutating func attach(_ id: ConnectionID, to process: ProcessKey, streams: StreamSelection) {
        lines[id]?.process = process
        lines[id]?.streams = streams
    }

    mutating func subscribe(_ id: ConnectionID) {
        lines[id]?.isSubscribed = true
    }

    func attachment(of id: ConnectionID) -> (process: ProcessKey, streams: StreamSelection)? {
        lines[id].flatMap { line in line.process.map { ($0, line.streams) } }
    }

    func attachedCount(to process: ProcessKey) -> Int {
        lines.values.count { $0.process == process && !$0.isFinished }
    }

    /// Those with something to write, or that are written out and finished; in no order.
    var busyConnections: [ConnectionID] {
        lines.compactMap { $0.value.outbox.isEmpty && !$0.value.isFinished ? nil : $0.key }
    }

    func hasWaiting(for id: ConnectionID) -> Bool { lines[id]?.outbox.isEmpty == false }
    func waitingCount(for id: ConnectionID) -> Int { lines[id]?.outbox.count ?? 0 }

    func isFinished(_ id: ConnectionID) -> Bool {
        lines[id].map { $0.isFinished && $0.outbox.isEmpty } ?? true
    }

    /// Whether there is something to write to `id`, now or when its process or the container changes.
    func expectsMore(_ id: ConnectionID) -> Bool {
        guard let line = lines[id] else { return false }
        return !line.outbox.isEmpty || (!line.isFinished && (line.process != nil || line.isSubscribed))
    }

    func withNext<Result>(for id: ConnectionID, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        lines[id]?.outbox.withNext(body)
    }

    mutating func wrote(_ count: Int, to id: ConnectionID) {
        lines[id]?.outbox.consume(count)
    }

    /// Whether more may be read from `id`: its replies and its process's stdin have room.
    func acceptsInput(from id: ConnectionID) -> Bool {
        guard let line = lines[id] else { return false }
        if line.process == nil, line.outbox.count >= Self.limit { return false }
        guard line.streams.stdin, let process = line.process, let input = inputs[process] else { return true }
        return !input.isFull
    }

    // MARK: Messages

    mutating func send(_ frame: Frame, to id: ConnectionID) {
        lines[id]?.outbox.append(frame.encoded)
    }

    /// Tells every subscriber.
    ///
    /// - Returns: Subscribers that have not read for so long that they are to be hung up on.
    mutating func announce(_ event: ShimEvent) -> [ConnectionID] {
        let bytes = event.frame.encoded
        var deaf: [ConnectionID] = []
        for id in lines.keys where lines[id]?.isSubscribed == true {
            lines[id]?.outbox.append(bytes)
            if lines[id]?.process == nil, waitingCount(for: id) >= Self.limit { deaf.append(id) }
        }
        return deaf
    }

    // MARK: Output

    /// Whether anybody is attached to this stream.
    func hasListener(_ stream: OutputStream, of process: ProcessKey) -> Bool {
        lines.values.contains { $0.listens(to: stream, of: process) }
    }

    /// Whether every listener has room for more.
    func acceptsOutput(_ stream: OutputStream, of process: ProcessKey) -> Bool {
        unthrottled.contains(process)
            || lines.values.allSatisfy { !$0.listens(to: stream, of: process) || $0.outbox.count < Self.limit }
    }

    /// Hands what `process` wrote, at most one frame's payload, to every listener.
    mutating func deliver(_ bytes: UnsafeRawBufferPointer, from stream: OutputStream, of process: ProcessKey) {
        guard hasListener(stream, of: process) else { return }
        let frames = Frame.stream(stream == .stdout ? .stdout : .stderr, bytes)
        for id in lines.keys where lines[id]?.listens(to: stream, of: process) == true {
            lines[id]?.outbox.append(frames)
        }
    }

    /// `process` has ended: from now on its output is taken whatever waits.
    mutating func stopThrottling(_ process: ProcessKey) {
        unthrottled.insert(process)
    }

    /// What it left has been read; those that outlive it wait for their readers like everybody else.
    mutating func resumeThrottling(_ process: ProcessKey) {
        unthrottled.remove(process)
    }

    /// All output of `process` was delivered: its clients get the end, and nothing more.
    mutating func finish(_ process: ProcessKey, with event: ShimEvent) {
        let bytes = Frame(.endOfOutput).encoded + event.frame.encoded
        for id in lines.keys where lines[id]?.process == process {
            lines[id]?.outbox.append(bytes)
            lines[id]?.isFinished = true
        }
        unthrottled.remove(process)
        inputs[process] = nil
    }

    /// The same for one client that came after the end.
    mutating func finish(_ id: ConnectionID, with event: ShimEvent) {
        lines[id]?.outbox.append(Frame(.endOfOutput).encoded + event.frame.encoded)
        lines[id]?.isFinished = true
    }

    // MARK: Input

    mutating func openInput(of process: ProcessKey, isOpen: Bool) {
        inputs[process] = InputFunnel(isOpen: isOpen)
    }

    func hasInputWaiting(for process: ProcessKey) -> Bool { inputs[process]?.hasWaiting == true }
    func isInputClosed(of process: ProcessKey) -> Bool { inputs[process]?.isClosed ?? true }

    /// Takes stdin from a client; bytes of clients that did not ask for stdin are ignored.
    mutating func feed(_ bytes: [UInt8], from id: ConnectionID) {
        guard let line = lines[id], line.streams.stdin, let process = line.process else { return }
        inputs[process]?.push(bytes)
    }

    /// No more stdin for `process`.
    ///
    /// - Returns: Whether it is to be closed now.
    mutating func finishInput(of process: ProcessKey) -> Bool {
        inputs[process]?.finish() ?? false
    }

    func withNextInput<Result>(for process: ProcessKey, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        inputs[process]?.withNext(body)
    }

    /// - Returns: Whether stdin is to be closed now.
    mutating func wroteInput(_ count: Int, to process: ProcessKey) -> Bool {
        inputs[process]?.wrote(count) ?? false
    }

    mutating func abandonInput(of process: ProcessKey) {
        inputs[process]?.abandon()
    }
}
