internal import DockerClient
internal import JSON
internal import Units

/// What `pouch ps` does.
struct ListContainers: Verb {
    static let usage = Usage(name: "ps", summary: "List containers")

    var all = false
    var filters: [String] = []
    var format: String?
    var last: Int64?
    var onlyLatest = false
    var isFull = false
    var isQuiet = false
    var withSize = false

    static var flags: [Flag<ListContainers>] {
        [
            .toggle("all", short: "a", "Show all containers (default shows just running)", \.all),
            .list("filter", short: "f", "Filter output based on conditions provided", as: "filter", \.filters),
            .text("format", formatHelp, \.format),
            .number("last", short: "n", "Show n last created containers (includes all states)", \.last),
            .toggle("latest", short: "l", "Show the latest created container (includes all states)", \.onlyLatest),
            .toggle("no-trunc", "Don't truncate output", \.isFull),
            .toggle("quiet", short: "q", "Only display container IDs", \.isQuiet),
            .toggle("size", short: "s", "Display total file sizes", \.withSize),
        ]
    }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("all", all)
        let limit = onlyLatest ? 1 : last ?? -1
        if limit > 0 { query.add("limit", "\(limit)") }
        query.add("size", withSize || format?.contains(".Size") == true)
        query.add("filters", try Filters.query(filters))
        let containers = try session.get("/containers/json", query).arrayValue ?? []
        if isQuiet, format == nil {
            for container in containers { try session.say(identifier(container["Id"]?.stringValue ?? "")) }
            return
        }
        let now = Timestamp.now
        var listing = Listing(headers: Self.headers, table: table, rows: [])
        listing.rows = containers.map { row($0, now) }
        try session.write(try listing.text(format: format).utf8)
    }

    private static let headers = [
        ("ID", "CONTAINER ID"), ("Image", "IMAGE"), ("Command", "COMMAND"), ("RunningFor", "CREATED"),
        ("Status", "STATUS"), ("Ports", "PORTS"), ("Names", "NAMES"), ("Size", "SIZE"), ("CreatedAt", "CREATED AT"),
        ("State", "STATE"), ("Labels", "LABELS"), ("Mounts", "MOUNTS"), ("LocalVolumes", "LOCAL VOLUMES"),
        ("Networks", "NETWORKS"), ("Platform", "PLATFORM"),
    ]

    private var table: String {
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
            + (withSize ? "\t{{.Size}}" : "")
    }

    private func identifier(_ id: String) -> String { isFull ? id : String(id.prefix(12)) }

    private func row(_ container: JSONValue, _ now: Timestamp) -> Listing.Row {
        let labels = container["Labels"]?.objectValue ?? [:]
        let created = Timestamp(seconds: container["Created"]?.intValue ?? 0)
        let command = container["Command"]?.stringValue ?? ""
        let names = (container["Names"]?.arrayValue ?? []).compactMap(\.stringValue)
            .filter { isFull || !$0.dropFirst().contains("/") }.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
        let mounts = (container["Mounts"]?.arrayValue ?? []).map { mount in
            let name = mount["Name"]?.stringValue ?? ""
            return name.isEmpty ? mount["Source"]?.stringValue ?? "" : name
        }
        let volumes = (container["Mounts"]?.arrayValue ?? []).filter { $0["Driver"]?.stringValue == "local" }
        return Listing.Row(
            fields: [
                "Command": .string(Human.quoted(isFull ? command : Human.shortened(command, 20))),
                "CreatedAt": .string(created.local), "ID": .string(identifier(container["Id"]?.stringValue ?? "")),
                "Image": .string(image(container)), "Labels": .string(joined(labels)),
                "LocalVolumes": .string("\(volumes.count)"),
                "Mounts": .string(mounts.map { isFull ? $0 : Human.shortened($0, 15) }.joined(separator: ",")),
                "Names": .string(names.joined(separator: ",")),
                "Networks": .string(
                    (container["NetworkSettings"]?["Networks"]?.objectValue?.keys.sorted() ?? []).joined(separator: ",")
                ),
                "Platform": container["ImageManifestDescriptor"]?["platform"]?["os"] ?? "",
                "Ports": .string(PublishedPorts.text(container["Ports"]?.arrayValue ?? [])),
                "RunningFor": .string(created.ago(now: now)), "Size": .string(size(container)),
                "State": container["State"] ?? "", "Status": container["Status"] ?? "",
            ], labels: labels)
    }

    private func image(_ container: JSONValue) -> String {
        let image = container["Image"]?.stringValue ?? ""
        if image.isEmpty { return "<no image>" }
        guard !isFull, image.hasPrefix("sha256:") else { return image }
        return String(image.dropFirst("sha256:".count).prefix(12))
    }

    private func size(_ container: JSONValue) -> String {
        let own = Human.size(container["SizeRw"]?.doubleValue ?? 0)
        let whole = container["SizeRootFs"]?.doubleValue ?? 0
        return whole > 0 ? "\(own) (virtual \(Human.size(whole)))" : own
    }
}

/// What `--format` takes, for every list.
let formatHelp =
    "Format output using a custom template: 'table' (default), 'table TEMPLATE', 'json', or a Go TEMPLATE for each line"

/// `a=1,b=2` in the order of the names.
func joined(_ labels: JSONObject) -> String {
    labels.sorted.map { "\($0.key)=\($0.value.stringValue ?? "")" }.joined(separator: ",")
}

/// The ports of a container, those in a row as ranges.
enum PublishedPorts {
    private struct Group {
        var address: String
        var kind: String
        var container: ClosedRange<Int64>
        var host: ClosedRange<Int64>?

        var text: String {
            func range(_ ports: ClosedRange<Int64>) -> String {
                ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
            }
            guard let host else { return "\(range(container))/\(kind)" }
            let shown = address.contains(":") ? "[\(address)]" : address
            return "\(shown):\(range(host))->\(range(container))/\(kind)"
        }
    }

    /// Such as `0.0.0.0:8080-8081->80-81/tcp, 443/tcp`.
    static func text(_ ports: [JSONValue]) -> String {
        let sorted = ports.sorted { key($0) < key($1) }
        var groups: [Group] = []
        for port in sorted {
            let inner = port["PrivatePort"]?.intValue ?? 0
            let outer = port["PublicPort"]?.intValue
            let (address, kind) = (port["IP"]?.stringValue ?? "", port["Type"]?.stringValue ?? "tcp")
            if let last = groups.last, last.address == address, last.kind == kind,
                inner == last.container.upperBound + 1,
                outer == last.host.map({ $0.upperBound + 1 })
            {
                groups[groups.count - 1].container = last.container.lowerBound...inner
                if let host = last.host, let outer { groups[groups.count - 1].host = host.lowerBound...outer }
            } else {
                groups.append(
                    Group(address: address, kind: kind, container: inner...inner, host: outer.map { $0...$0 }))
            }
        }
        return groups.map(\.text).joined(separator: ", ")
    }

    private static func key(_ port: JSONValue) -> String {
        let number = String(port["PrivatePort"]?.intValue ?? 0)
        return (port["IP"]?.stringValue ?? "") + "/" + (port["Type"]?.stringValue ?? "") + "/"
            + String(repeating: "0", count: 5 - min(5, number.count)) + number
    }
}
