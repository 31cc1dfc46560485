import ImageSpec
import TestSupport
import Testing

@testable import Pieces

/// Random messages of every kind.
struct RandomMessages {
    var random: SplitMix64

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
    mutating func digest() -> Digest { Digest(hash: bytes(32)) }
    mutating func peer() -> PeerID { PeerID(UInt64.random(in: 0...UInt64.max, using: &random)) }
    mutating func text() -> String { String("rack ü 日本".prefix(number(0...9))) }

    mutating func contact() -> Contact { Contact(id: peer(), address: text(), zone: text(), rack: text()) }

    mutating func pieces(of capacity: Int? = nil) -> PieceSet {
        var set = PieceSet(capacity: capacity ?? number(0...400))
        let density = number(0...4)
        for piece in 0..<set.capacity where number(0...4) < density { set.insert(piece) }
        return set
    }

    mutating func message() -> PeerMessage {
        switch number(0...8) {
        case 0:
            let urgency: Urgency = number(0...1) == 0 ? .prewarm : .foreground
            return .hello(
                PeerMessage.Hello(
                    have: pieces(), wantsAnswer: number(0...1) == 0, urgency: urgency, contact: contact()))
        case 1: return .have(pieces())
        case 2: return .lost(pieces())
        case 3:
            return .offer(
                PeerMessage.Offer(
                    ticket: UInt32.random(in: 0...UInt32.max, using: &random), piece: number(0...100_000),
                    isExclusive: number(0...1) == 0))
        case 4:
            let reason = PeerMessage.Decline.allCases.randomElement(using: &random) ?? .full
            return .decline(ticket: UInt32(number(0...1 << 30)), reason)
        case 5: return .claim(pieces())
        case 6: return .ready
        case 7: return .wrong(pieces())
        default: return .bye
        }
    }

    mutating func announcement() -> Announcement {
        let length = Int64(number(0...1 << 28))
        let capacity = PieceLayout(length: length).count
        var value = Announcement(
            contact: contact(), blob: digest(), length: length, have: pieces(of: capacity),
            phase: Announcement.Phase.allCases.randomElement(using: &random) ?? .left)
        value.urgency = .prewarm
        value.maySeed = number(0...1) == 0
        value.fromOrigin = pieces(of: capacity)
        value.wanted = number(0...100)
        value.sent = Int64(number(0...1 << 40))
        value.received = Int64(number(0...1 << 40))
        value.originReceived = Int64(number(0...1 << 40))
        value.struck = (0..<number(0...3)).map { _ in peer() }
        value.contradicted = (0..<number(0...3)).map { _ in peer() }
        value.inline = number(0...1) == 0 ? nil : bytes(number(0...100))
        value.detail = text()
        return value
    }

    mutating func reply() -> TrackerReply {
        let seed = pieces()
        var value = TrackerReply(
            blob: digest(), interval: .milliseconds(Int64(number(0...60_000))), capacity: seed.capacity)
        value.peers = (0..<number(0...5)).map { _ in contact() }
        value.seed = seed
        value.banned = (0..<number(0...3)).map { _ in peer() }
        value.revoked = (0..<number(0...2)).map { _ in peer() }
        value.swarm = number(0...10_000)
        value.inline = number(0...1) == 0 ? nil : bytes(number(0...100))
        value.grant =
            number(0...1) == 0
            ? nil : Grant(node: peer(), blobs: [digest(), digest()], expires: 1_800_000_000, signature: bytes(64))
        value.refusal = number(0...1) == 0 ? nil : text()
        return value
    }
}

@Suite("bytes on the wire")
struct CodecTests {
    @Test("what was written is read, cut short it is refused, and spoilt it never traps", arguments: UInt64(0)..<1000)
    func roundTrip(seed: UInt64) throws {
        var source = RandomMessages(random: SplitMix64(seed: seed))
        let envelopes = (0..<source.number(0...4)).map { _ in
            PeerEnvelope(blob: source.digest(), message: source.message())
        }
        let bytes = PeerMessageCodec.encode(envelopes)
        #expect(try PeerMessageCodec.decode(bytes) == envelopes, "seed \(seed)")

        let announcement = source.announcement()
        let announced = TrackerMessageCodec.encode(announcement)
        #expect(try TrackerMessageCodec.decodeAnnouncement(announced) == announcement, "seed \(seed)")
        let reply = source.reply()
        let replied = TrackerMessageCodec.encode(reply)
        #expect(try TrackerMessageCodec.decodeReply(replied) == reply, "seed \(seed)")

        let cut = source.number(0...announced.count - 1)
        #expect(throws: WireError.self) { try TrackerMessageCodec.decodeAnnouncement(Array(announced[..<cut])) }
        let shorter = source.number(0...replied.count - 1)
        #expect(throws: WireError.self) { try TrackerMessageCodec.decodeReply(Array(replied[..<shorter])) }

        var spoilt = announced
        for _ in 0..<3 { spoilt[source.number(0...spoilt.count - 1)] = UInt8(source.number(0...255)) }
        _ = try? TrackerMessageCodec.decodeAnnouncement(spoilt)
        var noise = bytes.isEmpty ? source.bytes(40) : bytes
        for _ in 0..<3 { noise[source.number(0...noise.count - 1)] = UInt8(source.number(0...255)) }
        _ = try? PeerMessageCodec.decode(noise)
        _ = try? PieceMap(decoding: source.bytes(60))
    }

    @Test("a message cut anywhere is refused, byte by byte")
    func dripped() throws {
        var source = RandomMessages(random: SplitMix64(seed: 1))
        for _ in 0..<40 {
            let envelope = PeerEnvelope(blob: source.digest(), message: source.message())
            let bytes = PeerMessageCodec.encode([envelope])
            for end in 1..<bytes.count {
                #expect(throws: WireError.self) { try PeerMessageCodec.decode(Array(bytes[..<end])) }
            }
        }
    }

    @Test("a map is kept with the words of its authors; a revoked author's pieces fall")
    func maps() throws {
        var source = RandomMessages(random: SplitMix64(seed: 2))
        let (honest, liar) = (source.peer(), source.peer())
        var map = PieceMap(blob: source.digest(), layout: PieceLayout(length: 10 << 20))
        for piece in stride(from: 0, to: map.layout.count, by: 2) {
            let proof = PieceProof(
                author: piece < 20 ? honest : liar, hash: PieceHash(source.bytes(32)), signature: source.bytes(64))
            let agrees = [map.take(proof, for: piece), map.take(proof, for: piece)]
            #expect(agrees == [true, true])
        }
        let other = PieceProof(author: liar, hash: PieceHash(source.bytes(32)), signature: [])
        let agrees = [map.take(other, for: 0), map.take(other, for: map.layout.count)]
        #expect(agrees == [false, false])
        #expect(try PieceMap(decoding: map.encoded()) == map)
        #expect(map.authors == [honest, liar])
        let dropped = map.revoke(liar)
        #expect(dropped.members == Array(stride(from: 20, to: map.layout.count, by: 2)))
        #expect(map[20] == nil && map[18]?.author == honest)
    }

    @Test("what a seed signs differs in everything that matters")
    func statements() {
        var source = RandomMessages(random: SplitMix64(seed: 3))
        let (blob, other) = (source.digest(), source.digest())
        let proof = PieceProof(author: source.peer(), hash: PieceHash(source.bytes(32)), signature: [])
        let layout = PieceLayout(length: 1 << 20)
        let statements = [
            proof.statement(about: 1, of: blob, layout: layout),
            proof.statement(about: 2, of: blob, layout: layout),
            proof.statement(about: 1, of: other, layout: layout),
            proof.statement(about: 1, of: blob, layout: PieceLayout(length: 1 << 21)),
            PieceProof(author: source.peer(), hash: proof.hash, signature: [])
                .statement(about: 1, of: blob, layout: layout),
        ]
        #expect(Set(statements).count == statements.count)
    }

    @Test("a grant is for one node, its blobs and its time")
    func grants() throws {
        var source = RandomMessages(random: SplitMix64(seed: 4))
        let (node, blob) = (source.peer(), source.digest())
        let grant = Grant(node: node, blobs: [blob], expires: 1000, signature: source.bytes(64))
        #expect(try Grant(decoding: grant.encoded()) == grant)
        #expect(grant.covers(blob, for: node, at: 999))
        #expect(!grant.covers(blob, for: node, at: 1000))
        #expect(!grant.covers(source.digest(), for: node, at: 0))
        #expect(!grant.covers(blob, for: source.peer(), at: 0))
    }
}
