internal import DockerClient
internal import JSON
internal import Units

/// What `pouch system df` does.
struct DiskUsage: Verb {
    static let usage = Usage(name: "df", summary: "Show disk usage")

    var format: String?
    var isVerbose = false

    static var flags: [Flag<DiskUsage>] {
        [
            .text("format", formatHelp, \.format),
            .toggle("verbose", short: "v", "Show detailed information on space usage", \.isVerbose),
        ]
    }

    func run(_ session: Session) throws(Failure) {
        let usage = try session.get("/system/df")
        if isVerbose, format == nil { return try session.write(try Self.details(usage).utf8) }
        let listing = Listing(
            headers: [
                ("Type", "TYPE"), ("TotalCount", "TOTAL"), ("Active", "ACTIVE"), ("Size", "SIZE"),
                ("Reclaimable", "RECLAIMABLE"),
            ], table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
            rows: [
                Self.images(usage), Self.containers(usage), Self.volumes(usage), Self.buildCache(usage),
            ] + Self.blobs(usage))
        try session.write(try listing.text(format: format).utf8)
    }

    private static func row(
        _ type: String, total: Int, active: Int, size: Double, reclaimable: Double
    ) -> Listing.Row {
        var text = Human.size(reclaimable, digits: 4)
        if size > 0 { text += " (\(Int64(reclaimable * 100 / size))%)" }
        return Listing.Row(fields: [
            "Active": .string("\(active)"), "Reclaimable": .string(text), "Size": .string(Human.size(size, digits: 4)),
            "TotalCount": .string("\(total)"), "Type": .string(type),
        ])
    }

    private static func images(_ usage: JSONValue) -> Listing.Row {
        let images = usage["Images"]?.arrayValue ?? []
        let used = images.filter { ($0["Containers"]?.intValue ?? 0) > 0 }
        let size = usage["LayersSize"]?.doubleValue ?? 0
        let needed = used.reduce(0.0) { sum, image in
            let whole = image["Size"]?.doubleValue ?? 0
            let shared = image["SharedSize"]?.doubleValue ?? -1
            return sum + (whole < 0 || shared < 0 ? 0 : whole - shared)
        }
        return row("Images", total: images.count, active: used.count, size: size, reclaimable: max(0, size - needed))
    }

    /// What layers came as and are kept for pushing, which dockerd throws away.
    private static func blobs(_ usage: JSONValue) -> [Listing.Row] {
        guard let blobs = usage["Blobs"], blobs.objectValue != nil else { return [] }
        return [
            row(
                "Image Blobs", total: Int(blobs["Count"]?.intValue ?? 0), active: Int(blobs["Active"]?.intValue ?? 0),
                size: blobs["Size"]?.doubleValue ?? 0, reclaimable: blobs["Reclaimable"]?.doubleValue ?? 0)
        ]
    }

    private static func containers(_ usage: JSONValue) -> Listing.Row {
        let containers = usage["Containers"]?.arrayValue ?? []
        let active = containers.filter { ["running", "paused", "restarting"].contains($0["State"]?.stringValue ?? "") }
        func size(_ list: [JSONValue]) -> Double { list.reduce(0) { $0 + ($1["SizeRw"]?.doubleValue ?? 0) } }
        return row(
            "Containers", total: containers.count, active: active.count, size: size(containers),
            reclaimable: size(containers) - size(active))
    }

    private static func volumes(_ usage: JSONValue) -> Listing.Row {
        let volumes = usage["Volumes"]?.arrayValue ?? []
        let used = volumes.filter { ($0["UsageData"]?["RefCount"]?.intValue ?? 0) > 0 }
        func size(_ list: [JSONValue]) -> Double {
            list.reduce(0) { $0 + max(0, $1["UsageData"]?["Size"]?.doubleValue ?? 0) }
        }
        return row(
            "Local Volumes", total: volumes.count, active: used.count, size: size(volumes),
            reclaimable: size(volumes) - size(used))
    }

    private static func buildCache(_ usage: JSONValue) -> Listing.Row {
        let records = usage["BuildCache"]?.arrayValue ?? []
        let used = records.filter { $0["InUse"]?.boolValue == true }
        func size(_ list: [JSONValue]) -> Double { list.reduce(0) { $0 + ($1["Size"]?.doubleValue ?? 0) } }
        return row(
            "Build Cache", total: records.count, active: used.count, size: size(records),
            reclaimable: size(records) - size(used))
    }

    /// A table for each kind.
    private static func details(_ usage: JSONValue) throws(Failure) -> String {
        let now = Timestamp.now
        func short(_ value: JSONValue?) -> String {
            let id = value?.stringValue ?? ""
            return String((id.hasPrefix("sha256:") ? String(id.dropFirst(7)) : id).prefix(12))
        }
        func size(_ value: JSONValue?, digits: Int = 4) -> String {
            Human.size(max(0, value?.doubleValue ?? 0), digits: digits)
        }
        var lines = ["REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tSHARED SIZE\tUNIQUE SIZE\tCONTAINERS"]
        for image in usage["Images"]?.arrayValue ?? [] {
            let name = ImageName((image["RepoTags"]?[0] ?? "<none>:<none>").templateText)
            let created = Timestamp(seconds: image["Created"]?.intValue ?? 0).ago(now: now)
            let own = (image["Size"]?.doubleValue ?? 0) - max(0, image["SharedSize"]?.doubleValue ?? 0)
            lines.append(
                [
                    name.repository, name.tag ?? "<none>", short(image["Id"]), created, size(image["Size"], digits: 3),
                    size(image["SharedSize"]), Human.size(own, digits: 4),
                    "\(max(0, image["Containers"]?.intValue ?? 0))",
                ].joined(separator: "\t"))
        }
        var text = "Images space usage:\n\n" + TabWriter().aligned(lines.joined(separator: "\n")) + "\n"
        lines = ["CONTAINER ID\tIMAGE\tCOMMAND\tLOCAL VOLUMES\tSIZE\tCREATED\tSTATUS\tNAMES"]
        for container in usage["Containers"]?.arrayValue ?? [] {
            let volumes = (container["Mounts"]?.arrayValue ?? []).filter { $0["Driver"]?.stringValue == "local" }
            lines.append(
                [
                    short(container["Id"]), container["Image"]?.templateText ?? "",
                    Human.quoted(Human.shortened(container["Command"]?.stringValue ?? "", 20)), "\(volumes.count)",
                    size(container["SizeRw"], digits: 3),
                    Timestamp(seconds: container["Created"]?.intValue ?? 0).ago(now: now),
                    container["Status"]?.templateText ?? "",
                    String((container["Names"]?[0]?.stringValue ?? "").drop { $0 == "/" }),
                ].joined(separator: "\t"))
        }
        text += "\nContainers space usage:\n\n" + TabWriter().aligned(lines.joined(separator: "\n")) + "\n"
        lines = ["VOLUME NAME\tLINKS\tSIZE"]
        for volume in usage["Volumes"]?.arrayValue ?? [] {
            let data = volume["UsageData"]
            lines.append(
                [volume["Name"]?.templateText ?? "", "\(data?["RefCount"]?.intValue ?? 0)", size(data?["Size"])]
                    .joined(separator: "\t"))
        }
        return text + "\nLocal Volumes space usage:\n\n" + TabWriter().aligned(lines.joined(separator: "\n")) + "\n"
    }
}
