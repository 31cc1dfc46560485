internal import ImageSpec

/// Bytes of announcements and of the answers to them.
package enum TrackerMessageCodec {
    private static let version: UInt8 = 1
    /// More bytes of one blob than any node moves: sums over nodes stay far from the largest number.
    private static let mostBytes = 1 << 50

    package static func encode(_ value: Announcement) -> [UInt8] {
        var writer = WireWriter()
        writer.byte(version)
        writer.contact(value.contact)
        writer.digest(value.blob)
        writer.count(value.length)
        writer.pieces(value.have)
        writer.byte(value.phase.rawValue)
        writer.byte(value.urgency.rawValue)
        writer.flag(value.maySeed)
        writer.pieces(value.fromOrigin)
        writer.count(value.wanted)
        for bytes in [value.sent, value.received, value.originReceived] { writer.count(min(bytes, Int64(mostBytes))) }
        writer.peers(value.struck)
        writer.peers(value.contradicted)
        writer.inline(value.inline)
        writer.text(String(value.detail.prefix(200)))
        return writer.bytes
    }

    package static func decodeAnnouncement(_ bytes: [UInt8]) throws(WireError) -> Announcement {
        var reader = WireReader(bytes)
        try reader.expect(version: version)
        let contact = try reader.contact()
        let blob = try reader.digest()
        let length = Int64(try reader.count("length", upTo: Int(PieceLayout.longestBlob)))
        let have = try reader.pieces()
        guard have.capacity == PieceLayout(length: length).count else {
            throw WireError("announcement: \(have.capacity) pieces in \(length) bytes")
        }
        var value = Announcement(
            contact: contact, blob: blob, length: length, have: have,
            phase: try reader.value("phase", of: Announcement.Phase.self))
        value.urgency = try reader.value("urgency", of: Urgency.self)
        value.maySeed = try reader.flag("seed")
        value.fromOrigin = try reader.pieces()
        guard value.fromOrigin.capacity == have.capacity else { throw WireError("announcement: two layouts") }
        value.wanted = try reader.count("wanted", upTo: 10_000)
        value.sent = Int64(try reader.count("sent", upTo: mostBytes))
        value.received = Int64(try reader.count("received", upTo: mostBytes))
        value.originReceived = Int64(try reader.count("from the registry", upTo: mostBytes))
        value.struck = try reader.peers("struck")
        value.contradicted = try reader.peers("contradicted")
        value.inline = try reader.inline()
        value.detail = try reader.text("detail")
        try reader.end("announcement")
        return value
    }

    package static func encode(_ value: TrackerReply) -> [UInt8] {
        var writer = WireWriter()
        writer.byte(version)
        writer.digest(value.blob)
        writer.count(value.interval.nanoseconds)
        writer.count(value.peers.count)
        for peer in value.peers { writer.contact(peer) }
        writer.pieces(value.seed)
        writer.peers(value.banned)
        writer.peers(value.revoked)
        writer.count(value.swarm)
        writer.inline(value.inline)
        writer.flag(value.grant != nil)
        if let grant = value.grant { writer.data(grant.encoded()) }
        writer.flag(value.refusal != nil)
        if let refusal = value.refusal { writer.text(String(refusal.prefix(200))) }
        return writer.bytes
    }

    package static func decodeReply(_ bytes: [UInt8]) throws(WireError) -> TrackerReply {
        var reader = WireReader(bytes)
        try reader.expect(version: version)
        let blob = try reader.digest()
        let interval = Span(nanoseconds: Int64(try reader.count("interval", upTo: 3_600_000_000_000)))
        var peers: [Contact] = []
        for _ in 0..<(try reader.count("peers", upTo: 10_000)) { peers.append(try reader.contact()) }
        let seed = try reader.pieces()
        var value = TrackerReply(blob: blob, interval: interval, capacity: seed.capacity)
        value.peers = peers
        value.seed = seed
        value.banned = try reader.peers("banned")
        value.revoked = try reader.peers("revoked")
        value.swarm = try reader.count("swarm", upTo: 100_000_000)
        value.inline = try reader.inline()
        if try reader.flag("grant") { value.grant = try Grant(decoding: reader.data("grant", upTo: 1 << 18)) }
        if try reader.flag("refusal") { value.refusal = try reader.text("refusal") }
        try reader.end("reply")
        return value
    }
}

extension WireWriter {
    fileprivate mutating func peers(_ value: [PeerID]) {
        count(value.count)
        for peer in value { self.peer(peer) }
    }

    fileprivate mutating func inline(_ value: [UInt8]?) {
        flag(value != nil)
        if let value { data(value) }
    }
}

extension WireReader {
    fileprivate mutating func expect(version: UInt8) throws(WireError) {
        let found = try byte("version")
        guard found == version else { throw WireError("version: \(found), this node speaks \(version)") }
    }

    fileprivate mutating func peers(_ what: String) throws(WireError) -> [PeerID] {
        var found: [PeerID] = []
        for _ in 0..<(try count(what, upTo: 10_000)) { found.append(try peer(what)) }
        return found
    }

    fileprivate mutating func inline() throws(WireError) -> [UInt8]? {
        guard try flag("inline") else { return nil }
        return try data("inline", upTo: Int(PieceLayout.inlineLimit))
    }

    fileprivate func end(_ what: String) throws(WireError) {
        guard isAtEnd else { throw WireError("\(what): bytes follow it") }
    }
}
