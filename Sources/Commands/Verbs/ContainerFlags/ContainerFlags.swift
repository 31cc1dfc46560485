internal import JSON

/// Everything that `create` and `run` can say about a container.
struct ContainerFlags {
    var process = ProcessFlags()
    var resources = ResourceFlags()
    var storage = StorageFlags()
    var security = SecurityFlags()
    var network = NetworkFlags()
    var life = LifeFlags()

    static var flags: [Flag<ContainerFlags>] {
        ProcessFlags.flags.map { $0.lifted(\.process) } + ResourceFlags.flags.map { $0.lifted(\.resources) }
            + StorageFlags.flags.map { $0.lifted(\.storage) } + SecurityFlags.flags.map { $0.lifted(\.security) }
            + NetworkFlags.flags.map { $0.lifted(\.network) } + LifeFlags.flags.map { $0.lifted(\.life) }
    }

    /// Which of the three streams this client attaches to.
    struct Streams: Equatable {
        var input = false
        var output = false
        var errors = false

        var isEmpty: Bool { !input && !output && !errors }
    }

    /// Those that `-a` names, or without it both outputs and, with `-i`, the input.
    func streams(detached: Bool) throws(Failure) -> Streams {
        guard !process.attach.isEmpty else {
            return detached ? Streams() : Streams(input: process.interactive, output: true, errors: true)
        }
        guard !detached else {
            throw .message("conflicting options: cannot specify both --attach and --detach", code: 125)
        }
        var streams = Streams()
        for name in process.attach {
            switch name.lowercased() {
            case "stdin": streams.input = true
            case "stdout": streams.output = true
            case "stderr": streams.errors = true
            default:
                throw .message(
                    "invalid argument \"\(name)\" for \"-a, --attach\": valid streams are STDIN, STDOUT and STDERR",
                    code: 125)
            }
        }
        return streams
    }

    /// The body of the request that makes the container.
    ///
    /// - Throws: ``Failure/message(_:code:)`` with 125 when flags contradict each other or a file cannot be read.
    func body(
        image: String, command: [String], streams: Streams, environment: (String) -> String?
    ) throws(Failure) -> JSONValue {
        if life.removes, let restart = resources.limits.restart, restart != "no", !restart.isEmpty {
            throw .message("conflicting options: cannot specify both --restart and --rm", code: 125)
        }
        var body = CreateBody()
        body.config["Image"] = .string(image)
        body.config.set("Cmd", command)
        body.config.set("AttachStdin", streams.input)
        body.config.set("AttachStdout", streams.output)
        body.config.set("AttachStderr", streams.errors)
        // The input of an attached container ends with its client.
        body.config.set("StdinOnce", process.interactive && streams.input)
        try process.fill(&body, environment: environment)
        try resources.fill(&body)
        try storage.fill(&body)
        try security.fill(&body)
        try network.fill(&body)
        try life.fill(&body)
        return body.json
    }
}
