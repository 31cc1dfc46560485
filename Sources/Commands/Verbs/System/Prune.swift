internal import DockerClient
internal import Glibc
internal import JSON

/// What every `prune` takes.
struct PruneFlags {
    var all = false
    var filters: [String] = []
    var isForced = false
    var withVolumes = false

    static func flags(all help: String? = nil, volumes: Bool = false) -> [Flag<PruneFlags>] {
        var flags: [Flag<PruneFlags>] = [
            .list("filter", "Provide filter values (e.g. \"until=<timestamp>\")", as: "filter", \.filters),
            .toggle("force", short: "f", "Do not prompt for confirmation", \.isForced),
        ]
        if let help { flags.append(.toggle("all", short: "a", help, \.all)) }
        if volumes { flags.append(.toggle("volumes", "Prune anonymous volumes", \.withVolumes)) }
        return flags
    }

    /// Asks on the terminal; anything but yes ends the command.
    func confirm(_ warning: String, _ session: Session) throws(Failure) {
        if isForced { return }
        try session.write("WARNING! \(warning)\nAre you sure you want to continue? [y/N] ".utf8)
        try session.flush()
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(session.input, &byte, 1) == 1, byte != 10 { line.append(byte) }
        let answer = String(decoding: line, as: UTF8.self).lowercased()
        guard answer == "y" || answer == "yes" else { throw .exit(0) }
    }

    /// Prunes one kind; prints what went and gives the bytes that came back.
    func prune(_ kind: Kind, matching extra: [String] = [], _ session: Session) throws(Failure) -> Double {
        var query = Query()
        query.add("filters", try Filters.query(filters + extra))
        let report = try session.post("/\(kind.rawValue)/prune", query).value()
        let names = (report[kind.key]?.arrayValue ?? []).map { entry -> String in
            if let name = entry["Untagged"]?.stringValue { return "untagged: \(name)" }
            if let name = entry["Deleted"]?.stringValue { return "deleted: \(name)" }
            return entry.templateText
        }
        if !names.isEmpty {
            try session.say("Deleted \(kind.title):\n\(names.joined(separator: "\n"))\n")
        }
        return report["SpaceReclaimed"]?.doubleValue ?? 0
    }

    enum Kind: String {
        case containers
        case images
        case volumes
        case networks

        var title: String { rawValue.capitalized }
        var key: String { self == .images ? "ImagesDeleted" : "\(title)Deleted" }
    }

    func say(_ space: Double, _ session: Session) throws(Failure) {
        try session.say("Total reclaimed space: \(Human.size(space, digits: 4))")
    }
}

/// What `pouch container prune` does.
struct PruneContainers: Verb {
    static let usage = Usage(name: "prune", summary: "Remove all stopped containers")

    var options = PruneFlags()

    static var flags: [Flag<PruneContainers>] { PruneFlags.flags().map { $0.lifted(\.options) } }

    func run(_ session: Session) throws(Failure) {
        try options.confirm("This will remove all stopped containers.", session)
        try options.say(try options.prune(.containers, session), session)
    }
}

/// What `pouch image prune` does.
struct PruneImages: Verb {
    static let usage = Usage(name: "prune", summary: "Remove unused images")

    var options = PruneFlags()

    static var flags: [Flag<PruneImages>] {
        PruneFlags.flags(all: "Remove all unused images, not just dangling ones").map { $0.lifted(\.options) }
    }

    func run(_ session: Session) throws(Failure) {
        let what = options.all ? "images without at least one container associated to them" : "dangling images"
        try options.confirm("This will remove all \(what).", session)
        try options.say(try options.prune(.images, matching: ["dangling=\(!options.all)"], session), session)
    }
}

/// What `pouch volume prune` does.
struct PruneVolumes: Verb {
    static let usage = Usage(name: "prune", summary: "Remove unused local volumes")

    var options = PruneFlags()

    static var flags: [Flag<PruneVolumes>] {
        PruneFlags.flags(all: "Remove all unused volumes, not just anonymous ones").map { $0.lifted(\.options) }
    }

    func run(_ session: Session) throws(Failure) {
        let what = options.all ? "all" : "anonymous"
        try options.confirm("This will remove \(what) local volumes not used by at least one container.", session)
        try options.say(try options.prune(.volumes, matching: options.all ? ["all=true"] : [], session), session)
    }
}

/// What `pouch system prune` does.
struct PruneSystem: Verb {
    static let usage = Usage(name: "prune", summary: "Remove unused data")

    var options = PruneFlags()

    static var flags: [Flag<PruneSystem>] {
        PruneFlags.flags(all: "Remove all unused images not just dangling ones", volumes: true)
            .map { $0.lifted(\.options) }
    }

    func run(_ session: Session) throws(Failure) {
        var parts = ["all stopped containers", "all networks not used by at least one container"]
        if options.withVolumes { parts.append("all anonymous volumes not used by at least one container") }
        parts.append(
            options.all ? "all images without at least one container associated to them" : "all dangling images")
        try options.confirm("This will remove:\n" + parts.map { "  - \($0)\n" }.joined(), session)
        var space = try options.prune(.containers, session)
        do throws(Failure) {
            _ = try options.prune(.networks, session)
        } catch {
            // A daemon without networks of its own has none to prune.
            guard case .client(let cause) = error, [404, 501].contains(cause.status) else { throw error }
        }
        if options.withVolumes { space += try options.prune(.volumes, session) }
        space += try options.prune(.images, matching: ["dangling=\(!options.all)"], session)
        try options.say(space, session)
    }
}
