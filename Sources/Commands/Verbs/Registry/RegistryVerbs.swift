internal import DockerClient
internal import JSON

/// One pull, as `pull`, `run` and `create` ask for it.
struct PullRequest {
    let image: String
    var platform: String?
    var allTags = false

    /// Pulls and shows progress on the descriptor `shown`; quietly when that is nil.
    func run(_ session: Session, to shown: Int32?) throws(Failure) {
        let name = ImageName(image)
        var query: Query = [:]
        query.add("fromImage", name.repository)
        if !allTags, !name.repository.contains("@") { query.add("tag", name.tag ?? "latest") }
        query.add("platform", platform)
        var request = Request("POST", "/images/create", query)
        request.registryAuthorization = try RegistryLogins(session).header(for: name.registry)
        let stream = try session.open(request)
        try TransferDisplay(session, shown).show(stream)
    }
}

/// What `pouch pull` does.
struct Pull: Verb {
    static let usage = Usage(
        name: "pull", synopsis: "NAME[:TAG|@DIGEST]", summary: "Download an image from a registry", operands: 1...1)

    var allTags = false
    var isQuiet = false
    var platform: String?
    var image = ""

    static var flags: [Flag<Pull>] {
        [
            .toggle("all-tags", short: "a", "Download all tagged images in the repository", \.allTags),
            .ignored("disable-content-trust", nil, "Skip image verification"),
            .text("platform", "Set platform if server is multi-platform capable", \.platform),
            .toggle("quiet", short: "q", "Suppress verbose output", \.isQuiet),
        ]
    }

    mutating func take(_ operands: [String]) { image = operands[0] }

    func run(_ session: Session) throws(Failure) {
        let name = ImageName(image)
        if allTags, name.tag != nil || name.repository.contains("@") {
            throw .message("tag can't be used with --all-tags/-a")
        }
        if !allTags, name.tag == nil, !name.repository.contains("@"), !isQuiet {
            try session.say("Using default tag: latest")
        }
        try session.flush()
        try PullRequest(image: image, platform: platform, allTags: allTags).run(
            session, to: isQuiet ? nil : session.output)
        try session.say(Self.canonical(name, allTags: allTags))
    }

    /// The name with nothing left out, as docker ends.
    private static func canonical(_ name: ImageName, allTags: Bool) -> String {
        let full: String
        if name.registry == "docker.io" {
            let path = name.repository.split(separator: "/", maxSplits: 1).last.map(String.init) ?? ""
            let hasHost = name.repository.hasPrefix("docker.io/") || name.repository.hasPrefix("index.docker.io/")
            let rest = hasHost ? path : name.repository
            full = "docker.io/" + (rest.contains("/") ? rest : "library/" + rest)
        } else {
            full = name.repository
        }
        return allTags || full.contains("@") ? full : "\(full):\(name.tag ?? "latest")"
    }
}

/// What `pouch push` does.
struct Push: Verb {
    static let usage = Usage(
        name: "push", synopsis: "NAME[:TAG]", summary: "Upload an image to a registry", operands: 1...1,
        completes: .images)

    var allTags = false
    var isQuiet = false
    var image = ""

    static var flags: [Flag<Push>] {
        [
            .toggle("all-tags", short: "a", "Push all tags of an image to the repository", \.allTags),
            .ignored("disable-content-trust", nil, "Skip image signing"),
            .toggle("quiet", short: "q", "Suppress verbose output", \.isQuiet),
        ]
    }

    mutating func take(_ operands: [String]) { image = operands[0] }

    func run(_ session: Session) throws(Failure) {
        let name = ImageName(image)
        if allTags, name.tag != nil { throw .message("tag can't be used with --all-tags/-a") }
        if !allTags, name.tag == nil, !isQuiet { try session.say("Using default tag: latest") }
        try session.flush()
        var query: Query = [:]
        if !allTags { query.add("tag", name.tag ?? "latest") }
        var request = Request("POST", path("images", name.repository, "push"), query)
        request.registryAuthorization = try RegistryLogins(session).header(for: name.registry) ?? RegistryLogins.nobody
        try TransferDisplay(session, isQuiet ? nil : session.output).show(try session.open(request))
        if isQuiet { try session.say(name.tagged) }
    }
}

/// What `pouch search` does.
struct Search: Verb {
    static let usage = Usage(
        name: "search", synopsis: "TERM", summary: "Search a registry for images", operands: 1...1)

    var format: String?
    var limit: Int64?
    var filters: [String] = []
    var isFull = false
    var term = ""

    static var flags: [Flag<Search>] {
        [
            .list(
                "filter", short: "f", "Filter output: stars=N, is-official=BOOL, is-automated=BOOL", as: "filter",
                \.filters),
            .text("format", formatHelp, \.format),
            .number("limit", "Max number of search results", \.limit),
            .toggle("no-trunc", "Don't truncate output", \.isFull),
        ]
    }

    mutating func take(_ operands: [String]) { term = operands[0] }

    func run(_ session: Session) throws(Failure) {
        var query: Query = [:]
        query.add("term", term)
        query.add("limit", limit.map { "\($0)" })
        query.add("filters", try Filters.query(filters))
        var request = Request("GET", "/images/search", query)
        request.registryAuthorization = try RegistryLogins(session).header(for: ImageName(term).registry)
        let found = try asking { [request] () throws(ClientError) in try session.client.send(request).json() }
        let listing = Listing(
            headers: [
                ("Name", "NAME"), ("Description", "DESCRIPTION"), ("StarCount", "STARS"), ("IsOfficial", "OFFICIAL"),
            ],
            table: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
            rows: (found.arrayValue ?? []).map { row($0) })
        try session.write(try listing.text(format: format).utf8)
    }

    private func row(_ found: JSONValue) -> Listing.Row {
        let description = (found["description"]?.stringValue ?? "").replacing("\n", with: " ")
        return Listing.Row(fields: [
            "Name": found["name"] ?? "",
            "Description": .string(isFull ? description : Human.shortened(description, 45)),
            "StarCount": .string("\(found["star_count"]?.intValue ?? 0)"),
            "IsOfficial": .string(found["is_official"]?.boolValue == true ? "[OK]" : ""),
        ])
    }
}

/// What `pouch manifest inspect` does.
struct InspectManifest: Verb {
    static let usage = Usage(
        name: "inspect", synopsis: "NAME[:TAG|@DIGEST]", summary: "Display an image manifest, or manifest list",
        operands: 1...1)

    var isVerbose = false
    var image = ""

    static var flags: [Flag<InspectManifest>] {
        [
            .toggle("verbose", short: "v", "Show where it leads and for which platforms, too", \.isVerbose),
            .ignored("insecure", nil, "The daemon's settings say which registries are insecure"),
        ]
    }

    mutating func take(_ operands: [String]) { image = operands[0] }

    func run(_ session: Session) throws(Failure) {
        let authorization = try RegistryLogins(session).header(for: ImageName(image).registry)
        var request = Request("GET", path("distribution", image, "manifest"))
        request.registryAuthorization = authorization
        let manifest = try asking { [request] () throws(ClientError) in try session.client.send(request).json() }
        guard isVerbose else { return try session.say(IndentedJSON.text(manifest)) }
        var whole = Request("GET", path("distribution", image, "json"))
        whole.registryAuthorization = authorization
        let facts = try asking { [whole] () throws(ClientError) in try session.client.send(whole).json() }
        try session.say(
            IndentedJSON.text([
                "Ref": .string(image), "Descriptor": facts["Descriptor"] ?? .null,
                "Platforms": facts["Platforms"] ?? .null, "Manifest": manifest,
            ]))
    }
}
