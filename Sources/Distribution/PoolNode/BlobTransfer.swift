package import JSON
internal import Prewarm

/// How one blob came to one node: what the tracker is told once it is there, and what people see.
package struct BlobTransfer: Equatable, Sendable {
    /// Who gave pieces of it; times in milliseconds since 1970.
    package struct Source: Equatable, Sendable {
        /// The number of a node, or `registry`.
        package var from: String
        package var pieces: Int
        package var bytes: Int64
        package var first: Int64
        package var last: Int64
    }

    /// The node's number and name.
    package var node: String
    package var name: String
    package var blob: String
    package var size: Int64
    package var began: Int64
    /// Nil while it is under way.
    package var ended: Int64?
    package var sources: [Source]
    package var stalls: Int
    package var hedges: Int
    package var bans: Int
    package var wasted: Int64
    /// The node's limits in bytes a second; nil is none.
    package var upload: Int64?
    package var download: Int64?
    package var origin: Int64?

    /// Bytes that came from the registry.
    package var originBytes: Int64 { sources.reduce(0) { $0 + ($1.from == "registry" ? $1.bytes : 0) } }
}

extension BlobTransfer: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        node = try json["node"].string()
        name = try json["name"].string()
        blob = try json["blob"].string()
        let (amounts, rates) = (0...JSONField.largestAmount, 1...JSONField.largestAmount)
        size = try json["size"].int(in: amounts)
        began = try json["began"].int(in: amounts)
        ended = try json["ended"].intIfPresent(in: amounts)
        sources = []
        var bytes: Int64 = 0
        for field in try json["sources"].elements() {
            let source = Source(
                from: try field["from"].string(), pieces: Int(try field["pieces"].int(in: amounts)),
                bytes: try field["bytes"].int(in: amounts), first: try field["first"].int(in: amounts),
                last: try field["last"].int(in: amounts))
            bytes += source.bytes
            guard amounts.contains(bytes) else { throw json["sources"].invalid("expected fewer bytes together") }
            sources.append(source)
        }
        stalls = Int(try json["stalls"].intIfPresent(in: amounts) ?? 0)
        hedges = Int(try json["hedges"].intIfPresent(in: amounts) ?? 0)
        bans = Int(try json["bans"].intIfPresent(in: amounts) ?? 0)
        wasted = try json["wasted"].intIfPresent(in: amounts) ?? 0
        upload = try json["upload"].intIfPresent(in: rates)
        download = try json["download"].intIfPresent(in: rates)
        origin = try json["origin"].intIfPresent(in: rates)
    }

    package var json: JSONValue {
        var json: JSONValue = [
            "node": .string(node), "name": .string(name), "blob": .string(blob), "size": size.json,
            "began": began.json,
            "sources": .array(
                sources.map {
                    [
                        "from": .string($0.from), "pieces": $0.pieces.json, "bytes": $0.bytes.json,
                        "first": $0.first.json, "last": $0.last.json,
                    ]
                }),
            "stalls": stalls.json, "hedges": hedges.json, "bans": bans.json, "wasted": wasted.json,
        ]
        json["ended"] = ended?.json
        json["upload"] = upload?.json
        json["download"] = download?.json
        json["origin"] = origin?.json
        return json
    }
}

/// How one blob came to all nodes that have it; pure.
package struct PoolTransfer: Sendable {
    package let transfers: [BlobTransfer]

    package init(_ transfers: [BlobTransfer]) {
        self.transfers = transfers.sorted { ($0.began, $0.node) < ($1.began, $1.node) }
    }

    /// How many copies the registry sent.
    package var egress: Double? {
        guard let size = transfers.first?.size, size > 0 else { return nil }
        return transfers.reduce(0) { $0 + Double($1.originBytes) } / Double(size)
    }

    /// From the first wish to the last arrival, in seconds; nil while some are under way.
    package var seconds: Double? {
        guard let began = transfers.map(\.began).min(), transfers.allSatisfy({ $0.ended != nil }),
            let ended = transfers.compactMap(\.ended).max()
        else { return nil }
        return Double(max(1, ended - began)) / 1000
    }

    /// The shortest time that the nodes' limits allow, in seconds; nil where limits leave no bound.
    ///
    /// Of a blob of F bytes for N nodes, from a registry at rate s, over nodes that send at u and receive at d:
    /// max(F/s, F/min d, N·F/(s + Σu)).
    ///
    /// Source: Kumar and Ross, "Peer-Assisted File Distribution: The Minimum Distribution Time", 2006.
    package var bound: Double? {
        guard let size = transfers.first?.size else { return nil }
        let bytes = Double(size)
        let source = transfers.compactMap(\.origin).min().map { Double($0) }
        var bounds: [Double] = []
        if let source { bounds.append(bytes / source) }
        if let slowest = transfers.compactMap(\.download).min() { bounds.append(bytes / Double(slowest)) }
        if let source, transfers.allSatisfy({ $0.upload != nil }) {
            let sum = transfers.reduce(source) { $0 + Double($1.upload ?? 0) }
            bounds.append(Double(transfers.count) * bytes / sum)
        }
        return bounds.max()
    }

    /// The bound as a part of the time it took.
    package var efficiency: Double? {
        guard let bound, let seconds else { return nil }
        return bound / seconds
    }

    package var json: JSONValue {
        var json: JSONValue = ["nodes": .array(transfers.map(\.json))]
        json["egress"] = egress.map { .double($0) }
        json["seconds"] = seconds.map { .double($0) }
        json["bound"] = bound.map { .double($0) }
        json["efficiency"] = efficiency.map { .double($0) }
        return json
    }
}
