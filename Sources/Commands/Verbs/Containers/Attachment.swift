internal import DockerClient
internal import Glibc
internal import JSON

/// A client's side of a running container: its streams, its signals, its terminal, its exit code.
struct Attachment {
    let session: Session
    let container: String
    var streams: ContainerFlags.Streams
    var hasTerminal: Bool
    var detachKeys: String?
    var proxiesSignals = true

    /// Kept back from the moment the container exists, so that none is lost between its birth and the relay.
    func signalQueue() -> SignalQueue? {
        guard session.ownsSignals else { return nil }
        let signals = proxiesSignals ? SignalQueue.forwardable : SignalQueue.fatal
        let queue = try? SignalQueue(signals + (hasTerminal ? [SignalQueue.windowChanged] : []))
        session.client.signals = queue
        return queue
    }

    func attach() throws(Failure) -> HijackedStream {
        try attached(askToAttach())
    }

    /// Sends the request of ``attach()``; the next thing can be asked while the daemon sees to it.
    func askToAttach() throws(Failure) -> AskedHijack {
        var query: Query = ["stream": "1"]
        query.add("stdin", streams.input)
        query.add("stdout", streams.output)
        query.add("stderr", streams.errors)
        query.add("detachKeys", detachKeys)
        let request = Request("POST", path("containers", container, "attach"), query)
        return try asking { () throws(ClientError) in try session.client.ask(request) }
    }

    func attached(_ asked: AskedHijack) throws(Failure) -> HijackedStream {
        try asking { () throws(ClientError) in try session.client.hijacked(asked) }
    }

    /// Asks for the exit code; the daemon has begun to wait when this returns.
    func wait(_ condition: String) throws(Failure) -> ResponseStream {
        try session.open(Request("POST", path("containers", container, "wait"), ["condition": condition]))
    }

    /// Carries the streams until the container is gone, and gives its exit code; 0 when the user detached.
    ///
    /// - Throws: ``Failure/exit(_:)`` with 128 and more when a signal ended this client.
    func follow(
        _ stream: HijackedStream?, waiting: ResponseStream?, signals: SignalQueue?, onClose: () -> Void = {},
        resize: @escaping () -> Void
    ) throws(Failure) -> Int32 {
        try session.flush()
        session.client.signals = nil  // from here on the relay acts on them
        var relay = Relay(
            input: streams.input ? session.input : nil, output: session.output, errors: session.errors,
            isMultiplexed: !hasTerminal)
        relay.waiting = waiting
        relay.signals = signals
        let isTerminal = hasTerminal && Terminal.isTerminal(session.input)
        if hasTerminal { relay.detachKeys = try keys() }
        relay.onSignal = { signal in
            if signal == SignalQueue.windowChanged {
                resize()
                return .proceed
            }
            guard proxiesSignals else { return .stop }
            _ = try? session.client.post(
                path("containers", container, "kill"), ["signal": SignalQueue.name(signal)])
            return .proceed
        }
        let raw = isTerminal && streams.input ? try? RawMode(session.input) : nil
        if hasTerminal { resize() }
        let ending = try asking { () throws(ClientError) in try relay.run(stream) }
        _ = consume raw
        switch ending {
        case .closed:
            onClose()
            return try exitCode(relay.answer)
        case .detached: return 0
        case .interrupted(let signal): throw .exit(128 + signal)
        }
    }

    private func keys() throws(Failure) -> DetachKeys {
        guard let detachKeys, !detachKeys.isEmpty else { return .standard }
        return try asking { () throws(ClientError) in try DetachKeys(parsing: detachKeys) }
    }

    private func exitCode(_ answer: [UInt8]) throws(Failure) -> Int32 {
        guard !answer.isEmpty else { return 0 }
        guard let result = try? JSONValue(parsing: answer) else {
            throw .client(.malformed(String(decoding: answer, as: UTF8.self)))
        }
        if let message = result["Error"]?["Message"]?.stringValue, !message.isEmpty {
            throw .message("error waiting for container: \(message)", code: 125)
        }
        return Int32(truncatingIfNeeded: result["StatusCode"]?.intValue ?? 0)
    }

    /// Tells the daemon how large this client's terminal is.
    static func resize(_ session: Session, _ words: String...) {
        guard let size = Terminal.size(session.output) ?? Terminal.size(session.input) else { return }
        let target = words.map { "/" + Query.encoded($0) }.joined() + "/resize"
        _ = try? session.client.post(target, ["h": String(size.rows), "w": String(size.columns)])
    }
}

extension ContainerFlags.Streams {
    /// - Throws: ``Failure/message(_:code:)`` when a terminal was asked for and the input is none.
    func check(terminal: Bool, _ session: Session) throws(Failure) {
        guard input, terminal, !Terminal.isTerminal(session.input) else { return }
        throw .message("the input device is not a TTY", code: 1)
    }
}

/// What docker exits with when a container cannot be started.
enum StartFailure {
    /// 127 when the command is not there, 126 when it cannot be run, else 125.
    static func code(_ message: String) -> Int32 {
        let text = message.lowercased()
        let missing = ["executable file not found", "no such file or directory", "system cannot find the file"]
        if missing.contains(where: { text.contains($0) }) { return 127 }
        return ["permission denied", "is a directory"].contains { text.contains($0) } ? 126 : 125
    }

    static func failure(_ error: Failure) -> Failure {
        guard case .client(let cause) = error else { return error }
        return .message("\(cause)", code: cause.status == nil ? 125 : code("\(cause)"))
    }
}
