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
        try session.say("Node:      \(text("name")) (\(text("node"))) at \(text("address"))")
        let isSealed = status["tls"]?.boolValue == true
        try session.say("Tracker:   \(text("tracker")), pieces travel \(isSealed ? "with mutual TLS" : "plain")")
        try session.say("Received:  \(size("received")) from nodes, \(size("origin")) from registries")
        try session.say("Sent:      \(size("sent"))")
        try session.say("Refused:   \(status["wrongPieces"]?.intValue ?? 0) pieces that did not match their proofs")
        try session.say("")
        try session.write(try Self.listing(status).text(format: nil).utf8)
    }

    private static func listing(_ status: JSONValue) -> Listing {
        Listing(
            headers: [("Blob", "BLOB"), ("Size", "SIZE"), ("Pieces", "PIECES"), ("State", "STATE")],
            table: "{{.Blob}}\t{{.Size}}\t{{.Pieces}}\t{{.State}}",
            rows: (status["blobs"]?.arrayValue ?? []).map { blob in
                Listing.Row(fields: [
                    "Blob": .string(String((blob["blob"]?.stringValue ?? "").dropFirst(7).prefix(12))),
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
        name: "explain", synopsis: "IMAGE", summary: "Show where the pieces of an image came from", operands: 1...1,
        completes: .images)

    var showsPieces = false
    var image = ""

    static var flags: [Flag<ExplainDistribution>] {
        [.toggle("pieces", "Show the source of each piece", \.showsPieces)]
    }

    mutating func take(_ operands: [String]) { image = operands[0] }

    func run(_ session: Session) throws(Failure) {
        var query: Query = [:]
        query.add("image", image)
        let request = Request("GET", "/pool/explain", query)
        let explained = try asking { [request] () throws(ClientError) in try session.client.send(request).json() }
        for layer in explained["layers"]?.arrayValue ?? [] { try show(layer, session) }
    }

    private func show(_ layer: JSONValue, _ session: Session) throws(Failure) {
        let name = String((layer["layer"]?.stringValue ?? "").dropFirst(7).prefix(12))
        guard let size = layer["size"]?.doubleValue else {
            return try session.say("\(name): was here, or came before this daemon started")
        }
        let origin = layer["originBytes"]?.doubleValue ?? 0
        try session.say(
            "\(name): \(Human.size(size, digits: 4)), \(layer["state"]?.stringValue ?? ""); from the registry "
                + "\(Human.size(origin, digits: 4)) (\(size > 0 ? Int(origin * 100 / size) : 0)%)")
        for peer in layer["peers"]?.arrayValue ?? [] {
            let bytes = Human.size(peer["bytes"]?.doubleValue ?? 0, digits: 4)
            try session.say(
                "  from \(peer["node"]?.stringValue ?? ""): \(peer["pieces"]?.intValue ?? 0) pieces, \(bytes)")
        }
        guard showsPieces else { return }
        for piece in layer["pieces"]?.arrayValue ?? [] {
            try session.say("  piece \(piece["piece"]?.intValue ?? 0): \(piece["from"]?.stringValue ?? "")")
        }
    }
}
