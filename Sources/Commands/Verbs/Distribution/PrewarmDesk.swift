internal import DockerClient
internal import Glibc
internal import JSON
internal import Units

/// The tracker's prewarms as the command line shows and changes them.
struct PrewarmDesk {
    let client: DockerClient
    let session: Session
    let isJSON: Bool

    func ask(_ request: Request) throws(Failure) -> JSONValue {
        try asking { () throws(ClientError) in try client.send(request).json() }
    }

    private static func path(_ id: String) -> String { "/prewarms/" + Query.encoded(id) }

    /// Begins a plan; gives the run's id, or nil for a plan that begins by itself at its times.
    func begin(_ plan: JSONValue) throws(Failure) -> String? {
        let answer = try ask(Request("POST", "/prewarms", body: .json(plan)))
        if isJSON { try session.say("\(answer)") }
        if let id = answer["id"]?.stringValue {
            if !isJSON { try session.say(id) }
            try session.flush()
            return id
        }
        if !isJSON {
            try session.say("\(answer["name"]?.stringValue ?? ""): next at \(Self.moment(answer["next"]))")
        }
        return nil
    }

    func change(_ id: String, _ word: String) throws(Failure) {
        let run = try ask(Request("POST", Self.path(id) + "/" + word))
        try session.say(isJSON ? "\(run)" : id)
    }

    // MARK: showing

    func list(watches: Bool) throws(Failure) {
        let runs = try ask(Request("GET", "/prewarms"))
        if watches {
            guard let newest = runs.arrayValue?.first?["id"]?.stringValue else {
                throw .message("prewarm: there is none")
            }
            return try watch(newest)
        }
        if isJSON { return try session.say("\(runs)") }
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
        try session.write(try listing.text(format: nil).utf8)
    }

    func show(_ id: String) throws(Failure) {
        let run = try ask(Request("GET", Self.path(id)))
        if isJSON { return try session.say("\(run)") }
        for line in PrewarmDisplay.lines(run, columns: 100) { try session.say(line) }
    }

    func schedules() throws(Failure) {
        let list = try ask(Request("GET", "/schedules"))
        if isJSON { return try session.say("\(list)") }
        let listing = Listing(
            headers: [
                ("Name", "NAME"), ("Images", "IMAGES"), ("Schedule", "SCHEDULE"), ("Next", "NEXT"), ("Run", "LAST RUN"),
            ],
            table: "{{.Name}}\t{{.Images}}\t{{.Schedule}}\t{{.Next}}\t{{.Run}}",
            rows: (list.arrayValue ?? []).map { standing in
                let images = (standing["plan"]?["images"]?.arrayValue ?? []).compactMap(\.stringValue)
                return Listing.Row(fields: [
                    "Name": standing["name"] ?? "", "Images": .string(images.joined(separator: ", ")),
                    "Schedule": standing["plan"]?["schedule"] ?? "", "Next": .string(Self.moment(standing["next"])),
                    "Run": standing["run"] ?? "",
                ])
            })
        try session.write(try listing.text(format: nil).utf8)
    }

    private static func moment(_ seconds: JSONValue?) -> String {
        seconds?.intValue.map { Timestamp(nanoseconds: $0 * 1_000_000_000).local } ?? "never"
    }

    func unschedule(_ name: String) throws(Failure) {
        let gone = try ask(Request("DELETE", "/schedules/" + Query.encoded(name)))
        try session.say(isJSON ? "\(gone)" : name)
    }

    func nodes() throws(Failure) {
        let nodes = try ask(Request("GET", "/nodes"))
        if isJSON { return try session.say("\(nodes)") }
        for node in nodes.arrayValue ?? [] {
            let silent = node["isThere"]?.boolValue == true ? "" : ": silent for \(node["silent"]?.intValue ?? 0) s"
            try session.say((node["name"]?.stringValue ?? "") + silent)
        }
    }

    /// Shows the run anew whenever something has changed, until it ends; fails when the run did.
    func watch(_ id: String) throws(Failure) {
        let isTerminal = Terminal.isTerminal(session.output)
        let columns = isTerminal ? Terminal.size(session.output).map { Int($0.columns) } ?? 80 : 100
        var shown: [String] = []
        while true {
            let run = try ask(Request("GET", Self.path(id)))
            let lines = isJSON ? ["\(run)"] : PrewarmDisplay.lines(run, columns: columns)
            if lines != shown {
                if isTerminal, !isJSON, !shown.isEmpty { try session.write("\u{1B}[\(shown.count)A\u{1B}[J".utf8) }
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
