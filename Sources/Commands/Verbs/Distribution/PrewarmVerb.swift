internal import DockerClient
internal import Glibc
internal import JSON

/// What `pouch prewarm` does: `prewarm IMAGE...` begins one, `prewarm status` and its like look after them.
struct PrewarmVerb: Verb {
    static let usage = Usage(
        name: "prewarm", synopsis: "IMAGE... | status [ID] | pause ID | resume ID | cancel ID | retry ID",
        summary: "Bring images to the nodes of a pool before they are needed", operands: Usage.atLeast(1))

    var nodes: [String] = []
    var canary: Int64?
    var batch: String?
    var maxParallel: Int64?
    var maxFailures: String?
    var deadline: Int64?
    var tracker: String?
    var watches = false
    var format: String?
    var operands: [String] = []

    static var flags: [Flag<PrewarmVerb>] {
        [
            .list("nodes", "Names of nodes, with * and ? (default: all)", as: "name", \.nodes),
            .number("canary", "Nodes that go first and must all succeed (default 1)", \.canary),
            .text("batch", "Nodes that go together behind them, such as 5 or 10% (default 10%)", as: "amount", \.batch),
            .number("max-parallel", "Nodes that work at the same time (default 200)", \.maxParallel),
            .text(
                "max-failures", "More failures than this stop the rest, such as 2% (default 0)", as: "amount",
                \.maxFailures),
            .duration("deadline", "Time for each node, such as 30m (default 30m)", \.deadline),
            .text("tracker", "The tracker's Unix socket (default /run/pouch/tracker.sock)", as: "path", \.tracker),
            .toggle("watch", short: "w", "Show the progress until it ends", \.watches),
            .text("format", "json for machines", \.format),
        ]
    }

    mutating func take(_ operands: [String]) { self.operands = operands }

    func run(_ session: Session) throws(Failure) {
        let path = tracker ?? session.environment("POUCH_TRACKER") ?? "/run/pouch/tracker.sock"
        let client = try asking { () throws(ClientError) in DockerClient(try Endpoint(parsing: path)) }
        switch (operands[0], operands.count) {
        case ("status", 1) where !watches: try list(try ask(client, Request("GET", "/prewarms")), session)
        case ("status", 1):
            guard let newest = try ask(client, Request("GET", "/prewarms")).arrayValue?.first else {
                throw .message("prewarm: there is none")
            }
            try watch(newest["id"]?.stringValue ?? "", client, session)
        case ("status", 2): try watches ? watch(operands[1], client, session) : show(operands[1], client, session)
        case ("pause", 2), ("resume", 2), ("cancel", 2), ("retry", 2):
            _ = try ask(client, Request("POST", Self.path(operands[1]) + "/" + operands[0]))
            try session.say(operands[1])
        default: try begin(client, session)
        }
    }

    private static func path(_ id: String) -> String { "/prewarms/" + Query.encoded(id) }

    private func ask(_ client: DockerClient, _ request: Request) throws(Failure) -> JSONValue {
        try asking { () throws(ClientError) in try client.send(request).json() }
    }

    private func begin(_ client: DockerClient, _ session: Session) throws(Failure) {
        var plan: JSONValue = [
            "images": .array(operands.map { .string($0) }), "nodes": .array(nodes.map { .string($0) }),
        ]
        plan["canary"] = canary.map { .integer($0) }
        plan["batch"] = batch.map { .string($0) }
        plan["maxParallel"] = maxParallel.map { .integer($0) }
        plan["maxFailures"] = maxFailures.map { .string($0) }
        plan["deadline"] = deadline.map { .integer($0 / 1_000_000_000) }
        var authorizations: JSONValue = [:]
        let logins = RegistryLogins(session)
        for image in operands {
            if let header = try logins.header(for: ImageName(image).registry) {
                authorizations[image] = .string(header)
            }
        }
        plan["authorizations"] = authorizations
        let begun = try ask(client, Request("POST", "/prewarms", body: .json(plan)))
        let id = begun["id"]?.stringValue ?? ""
        if watches { try watch(id, client, session) } else { try session.say(id) }
    }

    // MARK: showing

    private func list(_ runs: JSONValue, _ session: Session) throws(Failure) {
        if format == "json" { return try session.say("\(runs)") }
        let listing = Listing(
            headers: [("ID", "ID"), ("Images", "IMAGES"), ("Phase", "PHASE"), ("Nodes", "NODES")],
            table: "{{.ID}}\t{{.Images}}\t{{.Phase}}\t{{.Nodes}}",
            rows: (runs.arrayValue ?? []).map { run in
                let images = (run["plan"]?["images"]?.arrayValue ?? []).compactMap(\.stringValue)
                return Listing.Row(fields: [
                    "ID": run["id"] ?? "", "Images": .string(images.joined(separator: ", ")),
                    "Phase": .string(PrewarmDisplay.phase(run)), "Nodes": .string(PrewarmDisplay.counts(run)),
                ])
            })
        try session.write(try listing.text(format: format).utf8)
    }

    private func show(_ id: String, _ client: DockerClient, _ session: Session) throws(Failure) {
        let run = try ask(client, Request("GET", Self.path(id)))
        if format == "json" { return try session.say("\(run)") }
        for line in PrewarmDisplay.lines(run, columns: 100) { try session.say(line) }
    }

    /// Shows the run anew whenever something has changed, until it ends; fails when the run did.
    private func watch(_ id: String, _ client: DockerClient, _ session: Session) throws(Failure) {
        let isTerminal = Terminal.isTerminal(session.output)
        let columns = isTerminal ? Terminal.size(session.output).map { Int($0.columns) } ?? 80 : 100
        var shown: [String] = []
        while true {
            let run = try ask(client, Request("GET", Self.path(id)))
            let lines = format == "json" ? ["\(run)"] : PrewarmDisplay.lines(run, columns: columns)
            if lines != shown {
                if isTerminal, format == nil, !shown.isEmpty {
                    try session.write("\u{1B}[\(shown.count)A\u{1B}[J".utf8)
                }
                // Elsewhere than on a terminal what has not changed is not said again.
                let known = Set(shown)
                for line in lines where isTerminal || !known.contains(line) { try session.say(line) }
                try session.flush()
                shown = lines
            }
            switch run["phase"]?["name"]?.stringValue {
            case "finished": return
            case "halted", "cancelled": throw .message("prewarm \(id): \(PrewarmDisplay.phase(run))")
            // The tracker is asked again: it tells no changes by itself.
            default: usleep(300_000)
            }
        }
    }
}

/// A run as people see it.
enum PrewarmDisplay {
    static func phase(_ run: JSONValue) -> String {
        let name = run["phase"]?["name"]?.stringValue ?? ""
        guard let reason = run["phase"]?["reason"]?.stringValue else { return name }
        return "\(name): \(reason)"
    }

    /// Such as `3/5 done, 1 failed`.
    static func counts(_ run: JSONValue) -> String {
        let states = (run["nodes"]?.objectValue?.values ?? []).compactMap { $0["state"]?.stringValue }
        let failed = states.count { $0 == "failed" || $0 == "timed out" }
        let done = states.count { $0 == "done" }
        return "\(done)/\(states.count) done" + (failed > 0 ? ", \(failed) failed" : "")
    }

    /// A head, and a line with a bar for each node.
    static func lines(_ run: JSONValue, columns: Int) -> [String] {
        let images = (run["plan"]?["images"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
        var lines = ["\(images): \(phase(run)), \(counts(run))"]
        for name in (run["order"]?.arrayValue ?? []).compactMap(\.stringValue) {
            let node = run["nodes"]?[name]
            let state = node?["state"]?.stringValue ?? ""
            var line = "  \(name): \(state)"
            if let reason = node?["reason"]?.stringValue { line += ": \(reason)" }
            let progress = run["progress"]?[name]
            if state == "running", let current = progress?["current"]?.intValue,
                let total = progress?["total"]?.intValue,
                total > 0
            {
                line += " " + TransferDisplay.bar(current, of: total, width: columns - line.count - 1)
            }
            lines.append(String(line.prefix(columns)))
        }
        return lines
    }
}
