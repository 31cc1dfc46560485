internal import DockerClient
internal import JSON

/// What `pouch exec` does.
struct Exec: Verb {
    static let usage = Usage(
        name: "exec", synopsis: "CONTAINER COMMAND [ARG...]", summary: "Execute a command in a running container",
        operands: Usage.atLeast(2), stopsAtOperand: true, completes: .runningContainers)

    var isDetached = false
    var detachKeys: String?
    var env: [String] = []
    var envFiles: [String] = []
    var isInteractive = false
    var isPrivileged = false
    var hasTerminal = false
    var user: String?
    var workdir: String?
    var container = ""
    var command: [String] = []

    static var flags: [Flag<Exec>] {
        [
            .toggle("detach", short: "d", "Detached mode: run command in the background", \.isDetached),
            .text("detach-keys", "Override the key sequence for detaching a container", \.detachKeys),
            .list("env", short: "e", "Set environment variables", \.env),
            .list("env-file", "Read in a file of environment variables", \.envFiles).completing(.files),
            .toggle("interactive", short: "i", "Keep STDIN open even if not attached", \.isInteractive),
            .toggle("privileged", "Give extended privileges to the command", \.isPrivileged),
            .toggle("tty", short: "t", "Allocate a pseudo-TTY", \.hasTerminal),
            .text("user", short: "u", "Username or UID (format: \"<name|uid>[:<group|gid>]\")", \.user),
            .text("workdir", short: "w", "Working directory inside the container", \.workdir),
        ]
    }

    mutating func take(_ operands: [String]) {
        container = operands[0]
        command = Array(operands.dropFirst())
    }

    func body(_ session: Session) throws(Failure) -> JSONValue {
        var body: JSONObject = [:]
        body.set("Cmd", command)
        body.set("AttachStdin", isInteractive && !isDetached)
        body.set("AttachStdout", !isDetached)
        body.set("AttachStderr", !isDetached)
        body.set("Tty", hasTerminal)
        body.set("Env", try EnvironmentFile.merged(files: envFiles, assignments: env, session.environment))
        body.set("Privileged", isPrivileged)
        body.set("User", user)
        body.set("WorkingDir", workdir)
        body.set("DetachKeys", detachKeys)
        if hasTerminal, let size = Terminal.size(session.output) {
            body["ConsoleSize"] = [.integer(Int64(size.rows)), .integer(Int64(size.columns))]
        }
        return .object(body)
    }

    func run(_ session: Session) throws(Failure) {
        let streams = ContainerFlags.Streams(input: isInteractive && !isDetached, output: true, errors: true)
        try streams.check(terminal: hasTerminal, session)
        let body = try body(session)
        let created = try session.post(path("containers", container, "exec"), [:], body).value()
        let id = created["Id"]?.stringValue ?? ""
        session.mark("create")
        let start = Request(
            "POST", path("exec", id, "start"), body: .json(["Detach": .bool(isDetached), "Tty": .bool(hasTerminal)]))
        if isDetached {
            try asking { () throws(ClientError) in try session.client.send(start) }
            return
        }
        // Signals stay with this client, as docker has it: the exec has no kill of its own in the API.
        let attachment = Attachment(
            session: session, container: container, streams: streams, hasTerminal: hasTerminal,
            detachKeys: detachKeys, proxiesSignals: false)
        let signals = hasTerminal ? attachment.signalQueue() : nil
        let stream: HijackedStream
        do throws(ClientError) {
            stream = try session.client.hijack(start)
        } catch {
            throw error.status == nil
                ? .client(error) : .message("\(error)", code: max(126, StartFailure.code("\(error)")))
        }
        session.mark("start")
        var hasDetached = true
        _ = try attachment.follow(stream, waiting: nil, signals: signals, onClose: { hasDetached = false }) {
            Attachment.resize(session, "exec", id)
        }
        session.mark("run")
        if hasDetached { return }
        let state = try session.get(path("exec", id, "json"))
        session.mark("exit code")
        let code = Int32(truncatingIfNeeded: state["ExitCode"]?.intValue ?? 0)
        if code != 0 { throw .exit(code) }
    }
}
