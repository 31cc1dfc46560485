internal import DockerClient
internal import JSON
internal import Units

/// What `pouch logs` does.
struct Logs: Verb {
    static let usage = Usage(
        name: "logs", synopsis: "CONTAINER", summary: "Fetch the logs of a container", operands: 1...1,
        completes: .containers)

    var withDetails = false
    var follows = false
    var since: String?
    var until: String?
    var tail: String?
    var withTimestamps = false
    var container = ""

    static var flags: [Flag<Logs>] {
        [
            .toggle("details", "Show extra details provided to logs", \.withDetails),
            .toggle("follow", short: "f", "Follow log output", \.follows),
            .text(
                "since",
                "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)",
                \.since),
            .text(
                "until",
                "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)",
                \.until),
            .text("tail", short: "n", "Number of lines to show from the end of the logs (default \"all\")", \.tail),
            .toggle("timestamps", short: "t", "Show timestamps", \.withTimestamps),
        ]
    }

    mutating func take(_ operands: [String]) { container = operands[0] }

    func run(_ session: Session) throws(Failure) {
        var query: Query = ["stdout": "1", "stderr": "1"]
        query.add("follow", follows)
        query.add("details", withDetails)
        query.add("timestamps", withTimestamps)
        query.add("since", since.map { Timestamp.filter($0) })
        query.add("until", until.map { Timestamp.filter($0) })
        query.add("tail", tail ?? "all")
        let stream = try session.open(Request("GET", path("containers", container, "logs"), query))
        // A daemon that does not say how it sends the stream is asked what the container is.
        var isFramed = HijackedStream.isMultiplexed(stream.head) == true
        if !isFramed { isFramed = try !ContainerRecord(container, session).hasTerminal }
        let outputs = (session.output, session.errors)
        var frames = StreamFrames()
        try asking { () throws(ClientError) in
            while let piece = try stream.read() {
                guard isFramed else {
                    try writeAll(piece[...], to: outputs.0)
                    continue
                }
                try frames.feed(piece[...]) { (target, payload) throws(ClientError) in
                    try writeAll(payload, to: target == .output ? outputs.0 : outputs.1)
                }
            }
        }
    }
}

/// What `pouch top` does.
struct Top: Verb {
    static let usage = Usage(
        name: "top", synopsis: "CONTAINER [ps OPTIONS]", summary: "Display the running processes of a container",
        operands: Usage.atLeast(1), stopsAtOperand: true, completes: .runningContainers)

    var container = ""
    var options: [String] = []

    mutating func take(_ operands: [String]) { (container, options) = (operands[0], Array(operands.dropFirst())) }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        if !options.isEmpty { query.add("ps_args", options.joined(separator: " ")) }
        let list = try session.get(path("containers", container, "top"), query)
        let lines = [list["Titles"] ?? []] + (list["Processes"]?.arrayValue ?? [])
        let text = lines.map { ($0.arrayValue ?? []).map(\.templateText).joined(separator: "\t") + "\n" }.joined()
        try session.write(TabWriter(minimum: 20).aligned(text).utf8)
    }
}

/// What `pouch port` does.
struct Port: Verb {
    static let usage = Usage(
        name: "port", synopsis: "CONTAINER [PRIVATE_PORT[/PROTO]]",
        summary: "List port mappings or a specific mapping for the container", operands: 1...2,
        completes: .runningContainers)

    var container = ""
    var port: String?

    mutating func take(_ operands: [String]) {
        container = operands[0]
        port = operands.count > 1 ? operands[1] : nil
    }

    func run(_ session: Session) throws(Failure) {
        let record = try ContainerRecord(container, session)
        let ports = record.json["NetworkSettings"]?["Ports"]?.objectValue ?? [:]
        if let port {
            let name = port.contains("/") ? port : port + "/tcp"
            let bindings = ports[name]?.arrayValue ?? []
            guard !bindings.isEmpty else { throw .message("no public port '\(name)' published for \(container)") }
            for binding in bindings { try session.say(Self.address(binding)) }
            return
        }
        for (name, bindings) in ports.sorted {
            for binding in bindings.arrayValue ?? [] { try session.say("\(name) -> \(Self.address(binding))") }
        }
    }

    private static func address(_ binding: JSONValue) -> String {
        let host = binding["HostIp"]?.stringValue ?? ""
        return "\(host.contains(":") ? "[\(host)]" : host):\(binding["HostPort"]?.stringValue ?? "")"
    }
}

/// What `pouch diff` does.
struct Diff: Verb {
    static let usage = Usage(
        name: "diff", synopsis: "CONTAINER",
        summary: "Inspect changes to files or directories on a container's filesystem", operands: 1...1,
        completes: .containers)

    var container = ""

    mutating func take(_ operands: [String]) { container = operands[0] }

    func run(_ session: Session) throws(Failure) {
        for change in try session.get(path("containers", container, "changes")).arrayValue ?? [] {
            let kind = ["C", "A", "D"][Int(min(2, max(0, change["Kind"]?.intValue ?? 0)))]
            try session.say("\(kind) \(change["Path"]?.stringValue ?? "")")
        }
    }
}
