internal import DockerClient
internal import JSON
internal import Units

/// What `pouch images` does.
struct ListImages: Verb {
    static let usage = Usage(
        name: "images", synopsis: "[REPOSITORY[:TAG]]", summary: "List images", operands: 0...1, completes: .images)

    var options = ImageListFlags()

    static var flags: [Flag<ListImages>] { ImageListFlags.flags.map { $0.lifted(\.options) } }
    mutating func take(_ operands: [String]) { options.reference = operands.first }
    func run(_ session: Session) throws(Failure) { try options.list(session) }
}

/// What `pouch image ls` does.
struct ListImagesInGroup: Verb {
    static let usage = Usage(
        name: "ls", synopsis: "[REPOSITORY[:TAG]]", summary: "List images", operands: 0...1, completes: .images)

    var options = ImageListFlags()

    static var flags: [Flag<ListImagesInGroup>] { ImageListFlags.flags.map { $0.lifted(\.options) } }
    mutating func take(_ operands: [String]) { options.reference = operands.first }
    func run(_ session: Session) throws(Failure) { try options.list(session) }
}

/// What both names of the list of images take.
struct ImageListFlags {
    var all = false
    var withDigests = false
    var filters: [String] = []
    var format: String?
    var isFull = false
    var isQuiet = false
    var reference: String?

    static var flags: [Flag<ImageListFlags>] {
        [
            .toggle("all", short: "a", "Show all images (default hides intermediate images)", \.all),
            .toggle("digests", "Show digests", \.withDigests),
            .list("filter", short: "f", "Filter output based on conditions provided", as: "filter", \.filters),
            .text("format", formatHelp, \.format),
            .toggle("no-trunc", "Don't truncate output", \.isFull),
            .toggle("quiet", short: "q", "Only show image IDs", \.isQuiet),
        ]
    }

    func list(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("all", all)
        query.add("filters", try Filters.query(filters + (reference.map { ["reference=\($0)"] } ?? [])))
        let images = try session.get("/images/json", query).arrayValue ?? []
        if isQuiet, format == nil {
            for image in images { try session.say(identifier(image)) }
            return
        }
        let now = Timestamp.now
        let headers = [
            ("Repository", "REPOSITORY"), ("Tag", "TAG"), ("Digest", "DIGEST"), ("ID", "IMAGE ID"),
            ("CreatedSince", "CREATED"), ("CreatedAt", "CREATED AT"), ("Size", "SIZE"), ("Containers", "CONTAINERS"),
            ("VirtualSize", "SIZE"), ("SharedSize", "SHARED SIZE"), ("UniqueSize", "UNIQUE SIZE"),
        ]
        let digest = withDigests ? "{{.Digest}}\t" : ""
        let listing = Listing(
            headers: headers, table: "{{.Repository}}\t{{.Tag}}\t\(digest){{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
            rows: images.flatMap { rows($0, now) })
        try session.write(try listing.text(format: format).utf8)
    }

    private func identifier(_ image: JSONValue) -> String {
        let id = image["Id"]?.stringValue ?? ""
        return isFull ? id : String((id.hasPrefix("sha256:") ? String(id.dropFirst(7)) : id).prefix(12))
    }

    /// One row for each name; an image without names has one of its own.
    private func rows(_ image: JSONValue, _ now: Timestamp) -> [Listing.Row] {
        let tags = (image["RepoTags"]?.arrayValue ?? []).compactMap(\.stringValue).filter { $0 != "<none>:<none>" }
        let digests = (image["RepoDigests"]?.arrayValue ?? []).compactMap(\.stringValue)
            .filter { !$0.hasPrefix("<none>@") }
        if tags.isEmpty {
            let names = digests.isEmpty ? [("<none>", "<none>")] : digests.map { Self.digested($0) }
            return names.map { row(image, $0.0, "<none>", $0.1, now) }
        }
        return tags.map { text in
            let name = ImageName(text)
            let digest = digests.map { Self.digested($0) }.first { $0.0 == name.repository }?.1
            return row(image, name.repository, name.tag ?? "<none>", digest ?? "<none>", now)
        }
    }

    private static func digested(_ text: String) -> (String, String) {
        let (repository, digest) = split(text, at: "@")
        return (repository, digest ?? "<none>")
    }

    private func row(
        _ image: JSONValue, _ repository: String, _ tag: String, _ digest: String, _ now: Timestamp
    ) -> Listing.Row {
        let created = Timestamp(seconds: image["Created"]?.intValue ?? 0)
        let containers = image["Containers"]?.intValue ?? -1
        let shared = image["SharedSize"]?.doubleValue ?? -1
        let size = image["Size"]?.doubleValue ?? 0
        return Listing.Row(
            fields: [
                "Containers": .string(containers < 0 ? "N/A" : "\(containers)"), "CreatedAt": .string(created.local),
                "CreatedSince": .string(created.ago(now: now)), "Digest": .string(digest),
                "ID": .string(identifier(image)), "Repository": .string(repository),
                "SharedSize": .string(shared < 0 ? "N/A" : Human.size(shared, digits: 4)),
                "Size": .string(Human.size(size)),
                "Tag": .string(tag), "UniqueSize": .string(shared < 0 ? "N/A" : Human.size(size - shared, digits: 4)),
                "VirtualSize": .string(Human.size(image["VirtualSize"]?.doubleValue ?? size, digits: 4)),
            ], labels: image["Labels"]?.objectValue ?? [:])
    }
}
