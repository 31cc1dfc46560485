internal import DockerClient
internal import JSON
internal import Units

/// What `pouch volume ls` does.
struct ListVolumes: Verb {
    static let usage = Usage(name: "ls", summary: "List volumes")

    var filters: [String] = []
    var format: String?
    var isQuiet = false

    static var flags: [Flag<ListVolumes>] {
        [
            .list("filter", short: "f", "Provide filter values (e.g. \"dangling=true\")", as: "filter", \.filters),
            .text("format", formatHelp, \.format),
            .toggle("quiet", short: "q", "Only display volume names", \.isQuiet),
        ]
    }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("filters", try Filters.query(filters))
        let volumes = (try session.get("/volumes", query)["Volumes"]?.arrayValue ?? []).sorted {
            ($0["Name"]?.stringValue ?? "") < ($1["Name"]?.stringValue ?? "")
        }
        if isQuiet, format == nil {
            for volume in volumes { try session.say(volume["Name"]?.stringValue ?? "") }
            return
        }
        let listing = Listing(
            headers: [
                ("Driver", "DRIVER"), ("Name", "VOLUME NAME"), ("Scope", "SCOPE"), ("Mountpoint", "MOUNTPOINT"),
                ("Labels", "LABELS"), ("Links", "LINKS"), ("Size", "SIZE"),
            ], table: "{{.Driver}}\t{{.Name}}", rows: volumes.map(Self.row))
        try session.write(try listing.text(format: format).utf8)
    }

    private static func row(_ volume: JSONValue) -> Listing.Row {
        let labels = volume["Labels"]?.objectValue ?? [:]
        let usage = volume["UsageData"]
        return Listing.Row(
            fields: [
                "Driver": volume["Driver"] ?? "", "Labels": .string(joined(labels)),
                "Links": .string(usage?["RefCount"].map(\.templateText) ?? "N/A"),
                "Mountpoint": volume["Mountpoint"] ?? "", "Name": volume["Name"] ?? "", "Scope": volume["Scope"] ?? "",
                "Size": .string(usage?["Size"]?.doubleValue.map { Human.size($0) } ?? "N/A"),
            ], labels: labels)
    }
}

/// What `pouch volume create` does.
struct CreateVolume: Verb {
    static let usage = Usage(
        name: "create", synopsis: "[VOLUME]", summary: "Create a volume", operands: 0...1)

    var driver: String?
    var labels: [String] = []
    var options: [String] = []
    var name: String?

    static var flags: [Flag<CreateVolume>] {
        [
            .text("driver", short: "d", "Specify volume driver name (default \"local\")", \.driver),
            .list("label", "Set metadata for a volume", \.labels),
            .list("opt", short: "o", "Set driver specific options", as: "map", \.options),
        ]
    }

    mutating func take(_ operands: [String]) { name = operands.first }

    func run(_ session: Session) throws(Failure) {
        var body: JSONObject = [:]
        body.set("Name", name)
        body.set("Driver", driver)
        body.set("Labels", pairs(labels))
        body.set("DriverOpts", pairs(options))
        let volume = try session.post("/volumes/create", [:], .object(body)).value()
        try session.say(volume["Name"]?.stringValue ?? "")
    }
}

/// What `pouch volume rm` does.
struct RemoveVolume: Verb {
    static let usage = Usage(
        name: "rm", synopsis: "VOLUME [VOLUME...]", summary: "Remove one or more volumes", operands: Usage.atLeast(1),
        completes: .volumes)

    var isForced = false
    var volumes: [String] = []

    static var flags: [Flag<RemoveVolume>] {
        [.toggle("force", short: "f", "Force the removal of one or more volumes", \.isForced)]
    }

    mutating func take(_ operands: [String]) { volumes = operands }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("force", isForced)
        try session.each(volumes) { (volume) throws(Failure) in
            try asking { () throws(ClientError) in try session.client.delete(path("volumes", volume), query) }
            try session.say(volume)
        }
    }
}

/// What `pouch network ls` does.
struct ListNetworks: Verb {
    static let usage = Usage(name: "ls", summary: "List networks")

    var filters: [String] = []
    var format: String?
    var isFull = false
    var isQuiet = false

    static var flags: [Flag<ListNetworks>] {
        [
            .list("filter", short: "f", "Provide filter values (e.g. \"driver=bridge\")", as: "filter", \.filters),
            .text("format", formatHelp, \.format),
            .toggle("no-trunc", "Do not truncate the output", \.isFull),
            .toggle("quiet", short: "q", "Only display network IDs", \.isQuiet),
        ]
    }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("filters", try Filters.query(filters))
        let networks = (try session.get("/networks", query).arrayValue ?? []).sorted {
            ($0["Name"]?.stringValue ?? "") < ($1["Name"]?.stringValue ?? "")
        }
        if isQuiet, format == nil {
            for network in networks { try session.say(identifier(network)) }
            return
        }
        let listing = Listing(
            headers: [
                ("ID", "NETWORK ID"), ("Name", "NAME"), ("Driver", "DRIVER"), ("Scope", "SCOPE"), ("IPv6", "IPV6"),
                ("IPv4", "IPV4"), ("Internal", "INTERNAL"), ("Labels", "LABELS"), ("CreatedAt", "CREATED AT"),
            ], table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", rows: networks.map(row))
        try session.write(try listing.text(format: format).utf8)
    }

    private func identifier(_ network: JSONValue) -> String {
        let id = network["Id"]?.stringValue ?? ""
        return isFull ? id : String(id.prefix(12))
    }

    private func row(_ network: JSONValue) -> Listing.Row {
        let labels = network["Labels"]?.objectValue ?? [:]
        let created = try? Timestamp(rfc3339: network["Created"]?.stringValue ?? "")
        return Listing.Row(
            fields: [
                "CreatedAt": .string(created?.local ?? ""), "Driver": network["Driver"] ?? "",
                "ID": .string(identifier(network)),
                "IPv4": .string((network["EnableIPv4"]?.boolValue ?? true).description),
                "IPv6": .string((network["EnableIPv6"]?.boolValue ?? false).description),
                "Internal": .string((network["Internal"]?.boolValue ?? false).description),
                "Labels": .string(joined(labels)), "Name": network["Name"] ?? "", "Scope": network["Scope"] ?? "",
            ], labels: labels)
    }
}
