internal import DockerClient
internal import JSON

/// What `pouch update` does.
struct Update: Verb {
    static let usage = Usage(
        name: "update", synopsis: "CONTAINER [CONTAINER...]",
        summary: "Update configuration of one or more containers", operands: Usage.atLeast(1), completes: .containers)

    var limits = LimitFlags()
    var quotas: [String] = []
    var containers: [String] = []

    static var flags: [Flag<Update>] {
        LimitFlags.flags.map { $0.lifted(\.limits) }
            + [.list("disk-quota", "Limit what is written, as for create", as: "quota", \.quotas)]
    }
    mutating func take(_ operands: [String]) { containers = operands }

    func run(_ session: Session) throws(Failure) {
        var body: JSONObject = [:]
        try limits.fill(&body)
        body.set("DiskQuota", try QuotaFlags.members(quotas).members)
        guard !body.isEmpty else { throw .message("you must provide one or more flags when using this command") }
        var warnings: [String] = []
        defer { for warning in warnings { session.complain("WARNING: \(warning)") } }
        try session.each(containers) { (container) throws(Failure) in
            let reply = try session.post(path("containers", container, "update"), [:], .object(body)).value()
            warnings += (reply["Warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
            try session.say(container)
        }
    }
}

/// What `pouch commit` does.
struct Commit: Verb {
    static let usage = Usage(
        name: "commit", synopsis: "CONTAINER [REPOSITORY[:TAG]]",
        summary: "Create a new image from a container's changes", operands: 1...2, completes: .containers)

    var author: String?
    var changes: [String] = []
    var message: String?
    var pauses = true
    var container = ""
    var reference: String?

    static var flags: [Flag<Commit>] {
        [
            .text("author", short: "a", "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")", \.author),
            .list("change", short: "c", "Apply Dockerfile instruction to the created image", \.changes),
            .text("message", short: "m", "Commit message", \.message),
            .toggle("pause", short: "p", "Pause container during commit (default true)", \.pauses),
        ]
    }

    mutating func take(_ operands: [String]) {
        container = operands[0]
        reference = operands.count > 1 ? operands[1] : nil
    }

    func run(_ session: Session) throws(Failure) {
        var query: Query = ["container": container]
        if let reference { ImageName(reference).add(to: &query) }
        query.add("comment", message)
        query.add("author", author)
        for change in changes { query.add("changes", change) }
        if !pauses { query.add("pause", "0") }
        let reply = try session.post("/commit", query, .object([:])).value()
        try session.say(reply["Id"]?.stringValue ?? "")
    }
}

/// What `pouch export` does.
struct Export: Verb {
    static let usage = Usage(
        name: "export", synopsis: "CONTAINER", summary: "Export a container's filesystem as a tar archive",
        operands: 1...1, completes: .containers)

    var output: String?
    var container = ""

    static var flags: [Flag<Export>] {
        [.text("output", short: "o", "Write to a file, instead of STDOUT", \.output).completing(.files)]
    }

    mutating func take(_ operands: [String]) { container = operands[0] }

    func run(_ session: Session) throws(Failure) {
        try ArchiveFile.save(Request("GET", path("containers", container, "export")), to: output, session)
    }
}
