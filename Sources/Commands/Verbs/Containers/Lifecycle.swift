internal import DockerClient
internal import JSON

/// What `pouch stop` does.
struct Stop: Verb {
    static let usage = Usage(
        name: "stop", synopsis: "CONTAINER [CONTAINER...]", summary: "Stop one or more running containers",
        operands: Usage.atLeast(1), completes: .runningContainers)

    var ending = EndingFlags()
    var containers: [String] = []

    static var flags: [Flag<Stop>] { EndingFlags.flags.map { $0.lifted(\.ending) } }
    mutating func take(_ operands: [String]) { containers = operands }
    func run(_ session: Session) throws(Failure) { try ending.post("stop", containers, session) }
}

/// What `pouch restart` does.
struct Restart: Verb {
    static let usage = Usage(
        name: "restart", synopsis: "CONTAINER [CONTAINER...]", summary: "Restart one or more containers",
        operands: Usage.atLeast(1), completes: .containers)

    var ending = EndingFlags()
    var containers: [String] = []

    static var flags: [Flag<Restart>] { EndingFlags.flags.map { $0.lifted(\.ending) } }
    mutating func take(_ operands: [String]) { containers = operands }
    func run(_ session: Session) throws(Failure) { try ending.post("restart", containers, session) }
}

/// How a container is asked to end, and how long it may take.
struct EndingFlags {
    var signal: String?
    var seconds: Int64?

    static var flags: [Flag<EndingFlags>] {
        [
            .text("signal", short: "s", "Signal to send to the container", \.signal),
            .number("timeout", short: "t", "Seconds to wait before killing the container", \.seconds).aliased("time"),
        ]
    }

    func post(_ action: String, _ containers: [String], _ session: Session) throws(Failure) {
        var query = Query()
        query.add("signal", signal)
        query.add("t", seconds.map { String($0) })
        try session.each(containers) { (container) throws(Failure) in
            try session.post(path("containers", container, action), query)
            try session.say(container)
        }
    }
}

/// What `pouch kill` does.
struct Kill: Verb {
    static let usage = Usage(
        name: "kill", synopsis: "CONTAINER [CONTAINER...]", summary: "Kill one or more running containers",
        operands: Usage.atLeast(1), completes: .runningContainers)

    var signal: String?
    var containers: [String] = []

    static var flags: [Flag<Kill>] { [.text("signal", short: "s", "Signal to send to the container", \.signal)] }
    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("signal", signal)
        try session.each(containers) { (container) throws(Failure) in
            try session.post(path("containers", container, "kill"), query)
            try session.say(container)
        }
    }
}

/// What `pouch pause` does.
struct Pause: Verb {
    static let usage = Usage(
        name: "pause", synopsis: "CONTAINER [CONTAINER...]",
        summary: "Pause all processes within one or more containers", operands: Usage.atLeast(1),
        completes: .runningContainers)

    var containers: [String] = []

    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        try session.each(containers) { (container) throws(Failure) in
            try session.post(path("containers", container, "pause"))
            try session.say(container)
        }
    }
}

/// What `pouch unpause` does.
struct Unpause: Verb {
    static let usage = Usage(
        name: "unpause", synopsis: "CONTAINER [CONTAINER...]",
        summary: "Unpause all processes within one or more containers", operands: Usage.atLeast(1),
        completes: .runningContainers)

    var containers: [String] = []

    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        try session.each(containers) { (container) throws(Failure) in
            try session.post(path("containers", container, "unpause"))
            try session.say(container)
        }
    }
}

/// What `pouch wait` does.
struct Wait: Verb {
    static let usage = Usage(
        name: "wait", synopsis: "CONTAINER [CONTAINER...]",
        summary: "Block until one or more containers stop, then print their exit codes", operands: Usage.atLeast(1),
        completes: .runningContainers)

    var containers: [String] = []

    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        try session.each(containers) { (container) throws(Failure) in
            let result = try session.post(path("containers", container, "wait")).value()
            if let message = result["Error"]?["Message"]?.stringValue, !message.isEmpty { throw .message(message) }
            try session.say("\(result["StatusCode"]?.intValue ?? 0)")
            try session.flush()
        }
    }
}

/// What `pouch rename` does.
struct Rename: Verb {
    static let usage = Usage(
        name: "rename", synopsis: "CONTAINER NEW_NAME", summary: "Rename a container", operands: 2...2,
        completes: .containers)

    var container = ""
    var name = ""

    mutating func take(_ operands: [String]) { (container, name) = (operands[0], operands[1]) }

    func run(_ session: Session) throws(Failure) {
        try session.post(path("containers", container, "rename"), ["name": name])
    }
}

/// What `pouch rm` does.
struct Remove: Verb {
    static let usage = Usage(
        name: "rm", synopsis: "CONTAINER [CONTAINER...]", summary: "Remove one or more containers",
        operands: Usage.atLeast(1), completes: .containers)

    var isForced = false
    var removesVolumes = false
    var removesLink = false
    var containers: [String] = []

    static var flags: [Flag<Remove>] {
        [
            .toggle("force", short: "f", "Force the removal of a running container (uses SIGKILL)", \.isForced),
            .toggle(
                "volumes", short: "v", "Remove anonymous volumes associated with the container", \.removesVolumes),
            .toggle("link", short: "l", "Remove the specified link", \.removesLink),
        ]
    }

    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("force", isForced)
        query.add("v", removesVolumes)
        query.add("link", removesLink)
        try session.each(containers) { (container) throws(Failure) in
            do throws(ClientError) {
                try session.client.delete(path("containers", container), query)
            } catch {
                // Asking to be rid of what is not there is no failure when one insists.
                guard isForced, error.status == 404 else { throw .client(error) }
                session.complain("pouch: \(error)")
                return
            }
            try session.say(container)
        }
    }
}
