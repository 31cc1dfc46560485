internal import DockerClient
internal import JSON

/// What `pouch start` does.
struct Start: Verb {
    static let usage = Usage(
        name: "start", synopsis: "CONTAINER [CONTAINER...]", summary: "Start one or more stopped containers",
        operands: Usage.atLeast(1), completes: .containers)

    var attaches = false
    var isInteractive = false
    var detachKeys: String?
    var containers: [String] = []

    static var flags: [Flag<Start>] {
        [
            .toggle("attach", short: "a", "Attach STDOUT/STDERR and forward signals", \.attaches),
            .toggle("interactive", short: "i", "Attach container's STDIN", \.isInteractive),
            .text("detach-keys", "Override the key sequence for detaching a container", \.detachKeys),
            .refused("checkpoint", "string", "Restore from this checkpoint", because: "checkpoints are not supported"),
            .refused(
                "checkpoint-dir", "string", "Use a custom checkpoint storage directory",
                because: "checkpoints are not supported"),
        ]
    }

    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        guard attaches || isInteractive else {
            return try session.each(containers) { (container) throws(Failure) in
                try session.post(path("containers", container, "start"))
                try session.say(container)
            }
        }
        guard containers.count == 1 else {
            throw .message("you cannot start and attach multiple containers at once")
        }
        try startAttached(containers[0], session)
    }

    private func startAttached(_ container: String, _ session: Session) throws(Failure) {
        let record = try ContainerRecord(container, session)
        let streams = ContainerFlags.Streams(
            input: isInteractive && record.hasOpenInput, output: true, errors: true)
        let attachment = Attachment(
            session: session, container: record.id, streams: streams, hasTerminal: record.hasTerminal,
            detachKeys: detachKeys, proxiesSignals: !record.hasTerminal)
        let signals = attachment.signalQueue()
        let stream = try attachment.attach()
        let waiting = try attachment.wait(record.isRemovedAtExit ? "removed" : "next-exit")
        do throws(Failure) {
            try session.post(path("containers", record.id, "start"))
        } catch {
            throw StartFailure.failure(error)
        }
        let code = try attachment.follow(stream, waiting: waiting, signals: signals) {
            Attachment.resize(session, "containers", record.id)
        }
        if code != 0 { throw .exit(code) }
    }
}

/// What a client must know of a container before it attaches.
struct ContainerRecord {
    let json: JSONValue

    init(_ container: String, _ session: Session) throws(Failure) {
        json = try session.get(path("containers", container, "json"))
    }

    var id: String { json["Id"]?.stringValue ?? "" }
    var hasTerminal: Bool { json["Config"]?["Tty"]?.boolValue ?? false }
    var hasOpenInput: Bool { json["Config"]?["OpenStdin"]?.boolValue ?? false }
    var isRemovedAtExit: Bool { json["HostConfig"]?["AutoRemove"]?.boolValue ?? false }

    func isState(_ name: String) -> Bool { json["State"]?[name]?.boolValue ?? false }
}

/// What `pouch attach` does.
struct Attach: Verb {
    static let usage = Usage(
        name: "attach", synopsis: "CONTAINER",
        summary: "Attach local standard input, output, and error streams to a running container", operands: 1...1,
        completes: .runningContainers)

    var detachKeys: String?
    var withoutInput = false
    var proxiesSignals = true
    var container = ""

    static var flags: [Flag<Attach>] {
        [
            .text("detach-keys", "Override the key sequence for detaching a container", \.detachKeys),
            .toggle("no-stdin", "Do not attach STDIN", \.withoutInput),
            .toggle("sig-proxy", "Proxy all received signals to the process (default true)", \.proxiesSignals),
        ]
    }

    mutating func take(_ operands: [String]) { container = operands[0] }

    func run(_ session: Session) throws(Failure) {
        let record = try ContainerRecord(container, session)
        guard record.isState("Running") else {
            throw .message("cannot attach to a stopped container, start it first")
        }
        if record.isState("Paused") { throw .message("cannot attach to a paused container, unpause it first") }
        if record.isState("Restarting") {
            throw .message("cannot attach to a restarting container, wait until it is running")
        }
        let streams = ContainerFlags.Streams(
            input: !withoutInput && record.hasOpenInput, output: true, errors: true)
        try streams.check(terminal: record.hasTerminal, session)
        let attachment = Attachment(
            session: session, container: record.id, streams: streams, hasTerminal: record.hasTerminal,
            detachKeys: detachKeys, proxiesSignals: proxiesSignals && !record.hasTerminal)
        let signals = attachment.signalQueue()
        let waiting = try attachment.wait("")
        let stream = try attachment.attach()
        let code = try attachment.follow(stream, waiting: waiting, signals: signals) {
            Attachment.resize(session, "containers", record.id)
        }
        if code != 0 { throw .exit(code) }
    }
}
