internal import DockerClient
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Units

/// What `pouch tag` does.
struct Tag: Verb {
    static let usage = Usage(
        name: "tag", synopsis: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", operands: 2...2, completes: .images)

    var source = ""
    var target = ""

    mutating func take(_ operands: [String]) { (source, target) = (operands[0], operands[1]) }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        ImageName(target).add(to: &query)
        do throws(ClientError) {
            try session.client.post(path("images", source, "tag"), query)
        } catch {
            throw error.status == 404 ? .message(ImageHint.text(for: source, session)) : .client(error)
        }
    }
}

/// What `pouch rmi` does.
struct RemoveImage: Verb {
    static let usage = Usage(
        name: "rmi", synopsis: "IMAGE [IMAGE...]", summary: "Remove one or more images", operands: Usage.atLeast(1),
        completes: .images)

    var options = ImageRemovalFlags()

    static var flags: [Flag<RemoveImage>] { ImageRemovalFlags.flags.map { $0.lifted(\.options) } }
    mutating func take(_ operands: [String]) { options.images = operands }
    func run(_ session: Session) throws(Failure) { try options.remove(session) }
}

/// What `pouch image rm` does.
struct RemoveImageInGroup: Verb {
    static let usage = Usage(
        name: "rm", synopsis: "IMAGE [IMAGE...]", summary: "Remove one or more images", operands: Usage.atLeast(1),
        completes: .images)

    var options = ImageRemovalFlags()

    static var flags: [Flag<RemoveImageInGroup>] { ImageRemovalFlags.flags.map { $0.lifted(\.options) } }
    mutating func take(_ operands: [String]) { options.images = operands }
    func run(_ session: Session) throws(Failure) { try options.remove(session) }
}

/// What both names of removing images take.
struct ImageRemovalFlags {
    var isForced = false
    var keepsParents = false
    var platforms: [String] = []
    var images: [String] = []

    static var flags: [Flag<ImageRemovalFlags>] {
        [
            .list(
                "platform", "Remove only the given platform variant, such as linux/amd64", as: "string", \.platforms),
            .toggle("force", short: "f", "Force removal of the image", \.isForced),
            .toggle("no-prune", "Do not delete untagged parents", \.keepsParents),
        ]
    }

    func remove(_ session: Session) throws(Failure) {
        var query = Query()
        query.add("force", isForced)
        query.add("noprune", keepsParents)
        for platform in platforms { query.add("platforms", platform) }
        try session.each(images) { (image) throws(Failure) in
            let reply: Reply
            do throws(ClientError) {
                reply = try session.client.delete(path("images", image), query)
            } catch {
                guard error.status == 404, platforms.isEmpty else { throw .client(error) }
                let text = ImageHint.text(for: image, session)
                guard isForced else { throw .message(text) }
                return session.complain("pouch: \(text)")
            }
            for step in try reply.value().arrayValue ?? [] {
                if let name = step["Deleted"]?.stringValue { try session.say("Deleted: \(name)") }
                if let name = step["Untagged"]?.stringValue { try session.say("Untagged: \(name)") }
            }
        }
    }
}

/// What `pouch history` does.
struct History: Verb {
    static let usage = Usage(
        name: "history", synopsis: "IMAGE", summary: "Show the history of an image", operands: 1...1,
        completes: .images)

    var format: String?
    var isHuman = true
    var isFull = false
    var isQuiet = false
    var platform: String?
    var image = ""

    static var flags: [Flag<History>] {
        [
            .text("platform", "Show the history of the given platform, such as linux/amd64", \.platform),
            .text("format", formatHelp, \.format),
            .toggle(
                "human", short: "H", "Print sizes and dates in human readable format (default true)", \.isHuman),
            .toggle("no-trunc", "Don't truncate output", \.isFull),
            .toggle("quiet", short: "q", "Only show image IDs", \.isQuiet),
        ]
    }

    mutating func take(_ operands: [String]) { image = operands[0] }

    func run(_ session: Session) throws(Failure) {
        let steps: [JSONValue]
        do throws(ClientError) {
            var query = Query()
            query.add("platform", platform)
            steps = try session.client.get(path("images", image, "history"), query).json().arrayValue ?? []
        } catch {
            guard error.status == 404, platform == nil else { throw .client(error) }
            throw .message(ImageHint.text(for: image, session))
        }
        if isQuiet, format == nil {
            for step in steps { try session.say(identifier(step)) }
            return
        }
        let now = Timestamp.now
        let listing = Listing(
            headers: [
                ("ID", "IMAGE"), ("CreatedSince", "CREATED"), ("CreatedAt", "CREATED AT"),
                ("CreatedBy", "CREATED BY"), ("Size", "SIZE"), ("Comment", "COMMENT"),
            ],
            table: "{{.ID}}\t{{.\(isHuman ? "CreatedSince" : "CreatedAt")}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
            rows: steps.map { row($0, now) })
        try session.write(try listing.text(format: format).utf8)
    }

    private func identifier(_ step: JSONValue) -> String {
        let id = step["Id"]?.stringValue ?? ""
        guard !isFull, id.hasPrefix("sha256:") else { return id }
        return String(id.dropFirst("sha256:".count).prefix(12))
    }

    private func row(_ step: JSONValue, _ now: Timestamp) -> Listing.Row {
        let created = Timestamp(seconds: step["Created"]?.intValue ?? 0)
        let command = (step["CreatedBy"]?.stringValue ?? "").replacing("\t", with: " ")
        let size = step["Size"]?.doubleValue ?? 0
        return Listing.Row(fields: [
            "Comment": step["Comment"] ?? "", "CreatedAt": .string(created.stamp(withDecimals: false)),
            "CreatedBy": .string(isFull ? command : Human.shortened(command, 45)),
            "CreatedSince": .string(created.ago(now: now)), "ID": .string(identifier(step)),
            "Size": .string(isHuman ? Human.size(size) : "\(Int64(size))"),
        ])
    }
}

/// What `pouch save` does.
struct Save: Verb {
    static let usage = Usage(
        name: "save", synopsis: "IMAGE [IMAGE...]",
        summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
        operands: Usage.atLeast(1), completes: .images)

    var output: String?
    var platform: String?
    var images: [String] = []

    static var flags: [Flag<Save>] {
        [
            .text("output", short: "o", "Write to a file, instead of STDOUT", \.output).completing(.files),
            .text("platform", "Save only the given platform variant, such as linux/amd64", \.platform),
        ]
    }

    mutating func take(_ operands: [String]) { images = operands }

    func run(_ session: Session) throws(Failure) {
        var query = Query()
        for image in images { query.add("names", image) }
        query.add("platform", platform)
        try ArchiveFile.save(Request("GET", "/images/get", query), to: output, session)
    }
}

/// What `pouch load` does.
struct Load: Verb {
    static let usage = Usage(
        name: "load", summary: "Load an image from a tar archive or STDIN")

    var input: String?
    var isQuiet = false
    var platform: String?

    static var flags: [Flag<Load>] {
        [
            .text("input", short: "i", "Read from tar archive file, instead of STDIN", \.input).completing(.files),
            .toggle("quiet", short: "q", "Suppress the load output", \.isQuiet),
            .text("platform", "Load only the given platform variant, such as linux/amd64", \.platform),
        ]
    }

    func run(_ session: Session) throws(Failure) {
        guard input != nil || !Terminal.isTerminal(session.input) else {
            throw .message("requested load from stdin, but stdin is empty")
        }
        var query: Query = ["quiet": "1"]
        query.add("platform", platform)
        let file = try input.map { (name) throws(Failure) in try ArchiveFile.opened(name, O_RDONLY).release() }
        defer { if let file { close(file) } }
        let stream = try session.open(Request("POST", "/images/load", query, body: .file(file ?? session.input)))
        try MessageStream.show(stream, session)
    }
}

/// What `pouch import` does.
struct Import: Verb {
    static let usage = Usage(
        name: "import", synopsis: "file|URL|- [REPOSITORY[:TAG]]",
        summary: "Import the contents from a tarball to create a filesystem image", operands: 1...2,
        completes: .files)

    var changes: [String] = []
    var message: String?
    var platform: String?
    var source = ""
    var reference: String?

    static var flags: [Flag<Import>] {
        [
            .list("change", short: "c", "Apply Dockerfile instruction to the created image", \.changes),
            .text("message", short: "m", "Set commit message for imported image", \.message),
            .text("platform", "Set platform if server is multi-platform capable", \.platform),
        ]
    }

    mutating func take(_ operands: [String]) {
        source = operands[0]
        reference = operands.count > 1 ? operands[1] : nil
    }

    func run(_ session: Session) throws(Failure) {
        let isURL = source.hasPrefix("http://") || source.hasPrefix("https://")
        var query: Query = ["fromSrc": isURL ? source : "-"]
        if let reference { ImageName(reference).add(to: &query) }
        query.add("message", message)
        query.add("platform", platform)
        for change in changes { query.add("changes", change) }
        let isFile = !isURL && source != "-"
        let file = isFile ? try ArchiveFile.opened(source, O_RDONLY).release() : nil
        defer { if let file { close(file) } }
        let body: Request.Body = isURL ? .none : .file(file ?? session.input)
        try MessageStream.show(try session.open(Request("POST", "/images/create", query, body: body)), session)
    }
}

/// The lines of JSON in which the daemon reports a longer work.
enum MessageStream {
    /// Prints what the daemon says as it comes.
    ///
    /// - Throws: ``Failure/message(_:code:)`` when it says that it failed.
    static func show(_ stream: ResponseStream, _ session: Session) throws(Failure) {
        var rest: [UInt8] = []
        while true {
            let piece = try asking { () throws(ClientError) in try stream.read() }
            rest += piece ?? []
            while let end = rest.firstIndex(of: 10) {
                try show(Array(rest[..<end]), session)
                rest.removeFirst(end + 1)
            }
            if piece == nil { break }
        }
        try show(rest, session)
    }

    private static func show(_ line: [UInt8], _ session: Session) throws(Failure) {
        guard line.contains(where: { $0 > 32 }) else { return }
        guard let message = try? JSONValue(parsing: line) else {
            return try session.say(String(decoding: line, as: UTF8.self))
        }
        if let text = message["errorDetail"]?["message"]?.stringValue ?? message["error"]?.stringValue {
            throw .message(text)
        }
        if let text = message["stream"]?.stringValue {
            try session.write(text.utf8)
        } else if let status = message["status"]?.stringValue, message["progressDetail"]?["total"] == nil {
            let id = message["id"]?.stringValue.map { "\($0): " } ?? ""
            try session.say(id + status)
        }
        try session.flush()
    }
}
