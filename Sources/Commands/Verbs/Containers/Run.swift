internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel

/// What `pouch create` does.
struct Create: Verb {
    static let usage = Usage(
        name: "create", synopsis: "IMAGE [COMMAND] [ARG...]", summary: "Create a new container",
        operands: Usage.atLeast(1), stopsAtOperand: true, completes: .images)

    var container = ContainerFlags()
    var image = ""
    var command: [String] = []

    static var flags: [Flag<Create>] { ContainerFlags.flags.map { $0.lifted(\.container) } }

    mutating func take(_ operands: [String]) {
        image = operands[0]
        command = Array(operands.dropFirst())
    }

    func run(_ session: Session) throws(Failure) {
        // As docker: what a later `start -a` would attach is written down now.
        var streams = try container.streams(detached: false)
        if container.process.attach.isEmpty { streams.input = container.process.interactive }
        let id = try NewContainer(flags: container, image: image, command: command).create(session, streams)
        try session.say(id)
    }
}

/// The request that makes a container, and what surrounds it.
struct NewContainer {
    let flags: ContainerFlags
    let image: String
    let command: [String]

    /// Creates it and gives its id; warnings go to the errors.
    func create(_ session: Session, _ streams: ContainerFlags.Streams) throws(Failure) -> String {
        var body = try flags.body(image: image, command: command, streams: streams, environment: session.environment)
        if flags.process.tty, let size = Terminal.size(session.output) {
            var host = body["HostConfig"]?.objectValue ?? [:]
            host["ConsoleSize"] = [.integer(Int64(size.rows)), .integer(Int64(size.columns))]
            body["HostConfig"] = .object(host)
        }
        try checkIDFile()
        var query = Query()
        query.add("name", flags.life.name)
        query.add("platform", flags.life.platform)
        if flags.life.pull == "always" { try pull(session) }
        let reply = try create(session, query, body)
        for warning in reply["Warnings"]?.arrayValue ?? [] { session.complain("WARNING: \(warning.stringValue ?? "")") }
        guard let id = reply["Id"]?.stringValue else { throw .client(.malformed("a container without an id")) }
        try writeIDFile(id)
        return id
    }

    /// An image that is not there is pulled, unless that was forbidden.
    private func create(_ session: Session, _ query: Query, _ body: JSONValue) throws(Failure) -> JSONValue {
        do throws(ClientError) {
            return try session.client.post("/containers/create", query, body).json()
        } catch {
            guard flags.life.pull != "never", isAboutImage(error) else { throw explained(error, session) }
            if !flags.life.isQuiet { session.complain("Unable to find image '\(ImageName(image).tagged)' locally") }
        }
        try pull(session)
        do throws(ClientError) {
            return try session.client.post("/containers/create", query, body).json()
        } catch {
            throw explained(error, session)
        }
    }

    /// Progress goes to the errors: the output is the container's.
    private func pull(_ session: Session) throws(Failure) {
        do throws(Failure) {
            try PullRequest(image: image, platform: flags.life.platform).run(
                session, to: flags.life.isQuiet ? nil : session.errors)
        } catch {
            let hint = ImageHint.suggestion(for: image, session).map { "; did you mean \($0)?" } ?? ""
            throw .message((session.sentence(for: error) ?? "pull \(image) failed") + hint, code: 125)
        }
    }

    private func isAboutImage(_ error: ClientError) -> Bool {
        guard case .refused(404, let message) = error else { return false }
        return message.lowercased().contains("image")
    }

    /// An image that is not there gets a hint at the ones that are.
    private func explained(_ error: ClientError, _ session: Session) -> Failure {
        guard isAboutImage(error) else {
            return .message("\(error)", code: 125)
        }
        return .message(ImageHint.text(for: image, session), code: 125)
    }

    private func checkIDFile() throws(Failure) {
        guard let file = flags.life.cidfile, access(file, F_OK) == 0 else { return }
        throw .message(
            "container ID file found, make sure the other container isn't running or delete \(file)", code: 125)
    }

    private func writeIDFile(_ id: String) throws(Failure) {
        guard let file = flags.life.cidfile else { return }
        do throws(SyscallError) {
            try WholeFile.replace(file, with: Array(id.utf8), mode: 0o644)
        } catch {
            throw .message("failed to write the container ID to the file: \(error)", code: 125)
        }
    }
}

/// What `pouch run` does.
struct Run: Verb {
    static let usage = Usage(
        name: "run", synopsis: "IMAGE [COMMAND] [ARG...]", summary: "Create and run a new container from an image",
        operands: Usage.atLeast(1), stopsAtOperand: true, completes: .images)

    var container = ContainerFlags()
    var isDetached = false
    var proxiesSignals = true
    var detachKeys: String?
    var image = ""
    var command: [String] = []

    static var flags: [Flag<Run>] {
        ContainerFlags.flags.map { $0.lifted(\.container) } + [
            .toggle("detach", short: "d", "Run container in background and print container ID", \.isDetached),
            .toggle("sig-proxy", "Proxy received signals to the process (default true)", \.proxiesSignals),
            .text("detach-keys", "Override the key sequence for detaching a container", \.detachKeys),
        ]
    }

    mutating func take(_ operands: [String]) {
        image = operands[0]
        command = Array(operands.dropFirst())
    }

    func run(_ session: Session) throws(Failure) {
        let streams = try container.streams(detached: isDetached)
        try streams.check(terminal: container.process.tty, session)
        session.mark("command line")
        let id = try NewContainer(flags: container, image: image, command: command).create(session, streams)
        session.mark("create")
        if isDetached {
            try start(id, session)
            session.mark("start")
            return try session.say(id)
        }
        let attachment = Attachment(
            session: session, container: id, streams: streams, hasTerminal: container.process.tty,
            detachKeys: detachKeys, proxiesSignals: proxiesSignals)
        let signals = attachment.signalQueue()
        let asked = streams.isEmpty ? nil : try attachment.askToAttach()
        let waiting = try attachment.wait(container.life.removes ? "removed" : "next-exit")
        let stream = try asked.map { (asked) throws(Failure) in try attachment.attached(asked) }
        session.mark("attach and wait")
        do throws(Failure) {
            try start(id, session)
        } catch {
            if container.life.removes { Self.linger(waiting) }
            throw error
        }
        session.mark("start")
        let code = try attachment.follow(stream, waiting: waiting, signals: signals) {
            Attachment.resize(session, "containers", id)
        }
        session.mark("run")
        if code != 0 { throw .exit(code) }
    }

    private func start(_ id: String, _ session: Session) throws(Failure) {
        do throws(Failure) {
            try session.post(path("containers", id, "start"))
        } catch {
            throw StartFailure.failure(error)
        }
    }

    /// Gives the daemon a moment to remove what could not be started.
    private static func linger(_ waiting: ResponseStream) {
        var entry = pollfd(fd: waiting.raw, events: Int16(POLLIN), revents: 0)
        poll(&entry, 1, 2000)
    }
}
