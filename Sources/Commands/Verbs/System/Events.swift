internal import DockerClient
internal import JSON
internal import Units

/// What `pouch events` does.
struct Events: Verb {
    static let usage = Usage(name: "events", summary: "Get real time events from the server")

    var filters: [String] = []
    var format: String?
    var since: String?
    var until: String?

    static var flags: [Flag<Events>] {
        [
            .list("filter", short: "f", "Filter output based on conditions provided", as: "filter", \.filters),
            .text("format", "Format output using a custom template: 'json', or a Go TEMPLATE", \.format),
            .text("since", "Show all events created since timestamp", \.since),
            .text("until", "Stream events until this timestamp", \.until),
        ]
    }

    func run(_ session: Session) throws(Failure) {
        let template = try format.flatMap { (text) throws(Failure) in
            text == "json" ? nil : try Listing.template(text.replacing("\\t", with: "\t").replacing("\\n", with: "\n"))
        }
        var query = Query()
        query.add("filters", try Filters.query(filters))
        query.add("since", since.map { Timestamp.filter($0) })
        query.add("until", until.map { Timestamp.filter($0) })
        let stream = try session.open(Request("GET", "/events", query))
        var lines = JSONLines()
        while let piece = try asking({ () throws(ClientError) in try stream.read() }) {
            for event in try lines.feed(piece) {
                if let template {
                    let text = try Listing.running { () throws(TemplateError) in
                        try template.execute(on: event, missing: .empty)
                    }
                    try session.say(text)
                } else {
                    try session.say(format == "json" ? "\(event)" : Self.text(event))
                }
            }
            try session.flush()
        }
    }

    /// Such as `2026-11-21T09:53:04.748316986Z image tag sha256:… (name=busybox)`.
    static func text(_ event: JSONValue) -> String {
        let nanoseconds = event["timeNano"]?.intValue ?? (event["time"]?.intValue ?? 0) * 1_000_000_000
        var text = Timestamp(nanoseconds: nanoseconds).stamp(withDecimals: true)
        if let type = event["Type"]?.stringValue { text += " \(type)" }
        if let action = event["Action"]?.stringValue { text += " \(action)" }
        if let id = event["Actor"]?["ID"]?.stringValue { text += " \(id)" }
        let attributes = event["Actor"]?["Attributes"]?.objectValue ?? [:]
        guard !attributes.isEmpty else { return text }
        let pairs = attributes.sorted.map { "\($0.key)=\($0.value.templateText)" }
        return text + " (\(pairs.joined(separator: ", ")))"
    }
}

/// JSON values that arrive one to a line.
struct JSONLines {
    private var rest: [UInt8] = []

    /// The values that `bytes` complete.
    mutating func feed(_ bytes: [UInt8]) throws(Failure) -> [JSONValue] {
        rest += bytes
        var values: [JSONValue] = []
        while let end = rest.firstIndex(of: 10) {
            let line = Array(rest[..<end])
            rest.removeFirst(end + 1)
            guard line.contains(where: { $0 > 32 }) else { continue }
            do throws(JSONError) {
                values.append(try JSONValue(parsing: line))
            } catch {
                throw .client(.malformed("\(error)"))
            }
        }
        return values
    }
}
