internal import DockerClient
internal import JSON

/// What `pouch distribution status` does.
struct DistributionStatus: Verb {
    static let usage = Usage(name: "status", summary: "Show this node's part in its pool")

    var format: String?

    static var flags: [Flag<DistributionStatus>] { [.text("format", formatHelp, \.format)] }

    func run(_ session: Session) throws(Failure) {
        let status = try session.get("/pool/status")
        guard format == nil else {
            return try session.write(try Self.listing(status).text(format: format).utf8)
        }
        let text = { (name: String) in status[name]?.stringValue ?? "" }
        let size = { (name: String) in Human.size(status[name]?.doubleValue ?? 0, digits: 4) }
        let count = { (name: String) in status[name]?.intValue ?? 0 }
        try session.say("Node:      \(text("name")) (\(text("node"))) at \(text("address"))")
        let isSealed = status["tls"]?.boolValue == true
        try session.say("Tracker:   \(text("tracker")), pieces travel \(isSealed ? "with mutual TLS" : "plain")")
        try session.say("Received:  \(size("received")) from nodes, \(size("origin")) from registries")
        try session.say("Sent:      \(size("sent"))")
        try session.say("Refused:   \(count("wrongPieces")) pieces that did not match their proofs")
        try session.say(
            "Troubles:  \(count("stalls")) stalls, \(count("hedges")) pieces asked for twice, \(count("bans")) nodes banned, "
                + "\(size("wasted")) for nothing")
        if let space = status["space"] {
            let taken = Human.size(space["bytes"]?.doubleValue ?? 0, digits: 4)
            let limit = space["limit"]?.doubleValue.map { " of \(Human.size($0, digits: 4))" } ?? ""
            try session.say(
                "Images:    \(taken)\(limit), \(space["pinned"]?.intValue ?? 0) pinned, "
                    + "\(space["collected"]?.intValue ?? 0) collected")
        }
        try session.say("")
        try session.write(try Self.listing(status).text(format: nil).utf8)
    }

    private static func listing(_ status: JSONValue) -> Listing {
        Listing(
            headers: [("Blob", "BLOB"), ("Size", "SIZE"), ("Pieces", "PIECES"), ("State", "STATE")],
            table: "{{.Blob}}\t{{.Size}}\t{{.Pieces}}\t{{.State}}",
            rows: (status["blobs"]?.arrayValue ?? []).map { blob in
                Listing.Row(fields: [
                    "Blob": .string(DistributionTree.short(blob["blob"])),
                    "Size": .string(Human.size(blob["size"]?.doubleValue ?? 0, digits: 4)),
                    "Pieces": .string("\(blob["have"]?.intValue ?? 0)/\(blob["pieces"]?.intValue ?? 0)"),
                    "State": blob["state"] ?? "",
                ])
            })
    }
}

/// What `pouch distribution explain` does.
struct ExplainDistribution: Verb {
    static let usage = Usage(
        name: "explain", synopsis: "IMAGE", summary: "Show how an image came, or why it does not", operands: 1...1,
        completes: .images)

    var showsPieces = false
    var output: String?
    var image = ""

    static var flags: [Flag<ExplainDistribution>] {
        [
            .toggle("pieces", "Show the source of each piece", \.showsPieces),
            .text(
                "output", short: "o", "json, or svg for a picture of who gave it to whom over time", as: "json|svg",
                \.output
            ).completing(.choices(["json", "svg"])),
        ]
    }

    mutating func take(_ operands: [String]) { image = operands[0] }

    func run(_ session: Session) throws(Failure) {
        if let output, output != "json", output != "svg" {
            throw .message("explain: output \(output): only json and svg are known")
        }
        var query: Query = [:]
        query.add("image", image)
        let request = Request("GET", "/pool/explain", query)
        let explained = try asking { [request] () throws(ClientError) in try session.client.send(request).json() }
        switch output {
        case "json": try session.say("\(explained)")
        case "svg": try session.say(DistributionTree(explained, title: image).svg)
        default: for layer in explained["layers"]?.arrayValue ?? [] { try show(layer, session) }
        }
    }

    private func show(_ layer: JSONValue, _ session: Session) throws(Failure) {
        let name = DistributionTree.short(layer["layer"])
        guard let size = layer["size"]?.doubleValue else {
            return try session.say("\(name): was here, or came before this daemon started")
        }
        let sources = layer["sources"]?.arrayValue ?? []
        let origin = sources.first { $0["from"] == "registry" }?["bytes"]?.doubleValue ?? 0
        try session.say(
            "\(name): \(Human.size(size, digits: 4)), \(layer["state"]?.stringValue ?? ""); from the registry "
                + "\(Human.size(origin, digits: 4)) (\(size > 0 ? Int(origin * 100 / size) : 0)%)")
        let names = DistributionTree.names(in: layer)
        for source in sources where source["from"] != "registry" {
            let number = source["from"]?.stringValue ?? ""
            let bytes = Human.size(source["bytes"]?.doubleValue ?? 0, digits: 4)
            try session.say("  from \(names[number] ?? number): \(source["pieces"]?.intValue ?? 0) pieces, \(bytes)")
        }
        try showTroubles(layer, session)
        try showPool(layer["pool"], session)
        guard showsPieces else { return }
        let began = layer["began"]?.intValue ?? 0
        for piece in layer["pieces"]?.arrayValue ?? [] {
            let number = piece["from"]?.stringValue ?? ""
            let time = (piece["at"]?.intValue ?? began) - began
            try session.say("  piece \(piece["piece"]?.intValue ?? 0): \(names[number] ?? number) after \(time) ms")
        }
    }

    private func showTroubles(_ layer: JSONValue, _ session: Session) throws(Failure) {
        let words = [("stalls", "stalls"), ("hedges", "pieces asked for twice"), ("bans", "nodes banned")]
        let troubles = words.compactMap { key, text in
            layer[key]?.intValue.flatMap { $0 > 0 ? "\($0) \(text)" : nil }
        }
        if !troubles.isEmpty { try session.say("  " + troubles.joined(separator: ", ")) }
    }

    private func showPool(_ pool: JSONValue?, _ session: Session) throws(Failure) {
        guard let nodes = pool?["nodes"]?.arrayValue, let egress = pool?["egress"]?.doubleValue else { return }
        var line = "  pool: \(nodes.count) nodes have it, the registry sent \(Self.decimal(egress)) copies"
        if let seconds = pool?["seconds"]?.doubleValue { line += ", in \(Self.decimal(seconds)) s" }
        if let bound = pool?["bound"]?.doubleValue, let efficiency = pool?["efficiency"]?.doubleValue {
            line += "; the limits allow \(Self.decimal(bound)) s: efficiency \(Self.decimal(efficiency))"
        } else {
            line += "; no limits are set that would bound it"
        }
        try session.say(line)
    }

    private static func decimal(_ number: Double) -> String { Human.formatted("%.2f", number) }
}
