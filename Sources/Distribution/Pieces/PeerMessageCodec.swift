internal import ImageSpec

/// Bytes of peers' messages: each after its length, one after the other.
package enum PeerMessageCodec {
    /// One message is at most so long: a hello of a terabyte's pieces as bits, and the rest.
    package static let longest = 64 << 10

    package static func encode(_ envelopes: some Sequence<PeerEnvelope>) -> [UInt8] {
        var all = WireWriter()
        for envelope in envelopes {
            var writer = WireWriter()
            writer.digest(envelope.blob)
            encode(envelope.message, into: &writer)
            all.data(writer.bytes)
        }
        return all.bytes
    }

    /// Reads all of `bytes`.
    ///
    /// - Throws: ``WireError`` at the first message that is none; nothing of such a body counts.
    package static func decode(_ bytes: [UInt8]) throws(WireError) -> [PeerEnvelope] {
        var outer = WireReader(bytes)
        var found: [PeerEnvelope] = []
        while !outer.isAtEnd {
            var reader = WireReader(try outer.data("message", upTo: longest))
            let blob = try reader.digest()
            found.append(PeerEnvelope(blob: blob, message: try message(from: &reader)))
            guard reader.isAtEnd else { throw WireError("message: bytes follow it") }
        }
        return found
    }

    private static func encode(_ message: PeerMessage, into writer: inout WireWriter) {
        switch message {
        case .hello(let hello):
            writer.byte(1)
            writer.pieces(hello.have)
            writer.flag(hello.wantsAnswer)
            writer.byte(hello.urgency.rawValue)
            writer.contact(hello.contact)
        case .have(let pieces):
            writer.byte(2)
            writer.pieces(pieces)
        case .lost(let pieces):
            writer.byte(3)
            writer.pieces(pieces)
        case .offer(let offer):
            writer.byte(4)
            writer.number(UInt64(offer.ticket))
            writer.count(offer.piece)
            writer.flag(offer.isExclusive)
        case .decline(let ticket, let reason):
            writer.byte(5)
            writer.number(UInt64(ticket))
            writer.byte(reason.rawValue)
        case .claim(let pieces):
            writer.byte(6)
            writer.pieces(pieces)
        case .bye:
            writer.byte(7)
        case .ready:
            writer.byte(8)
        case .wrong(let pieces):
            writer.byte(9)
            writer.pieces(pieces)
        }
    }

    private static func message(from reader: inout WireReader) throws(WireError) -> PeerMessage {
        switch try reader.byte("kind") {
        case 1:
            let have = try reader.pieces()
            let wantsAnswer = try reader.flag("answer")
            return .hello(
                PeerMessage.Hello(
                    have: have, wantsAnswer: wantsAnswer, urgency: try reader.value("urgency", of: Urgency.self),
                    contact: try reader.contact()))
        case 2: return .have(try reader.pieces())
        case 3: return .lost(try reader.pieces())
        case 4:
            let ticket = try reader.ticket()
            let piece = try reader.count("piece", upTo: Int(Int32.max))
            return .offer(
                PeerMessage.Offer(ticket: ticket, piece: piece, isExclusive: try reader.flag("exclusive")))
        case 5:
            let ticket = try reader.ticket()
            return .decline(ticket: ticket, try reader.value("reason", of: PeerMessage.Decline.self))
        case 6: return .claim(try reader.pieces())
        case 7: return .bye
        case 8: return .ready
        case 9: return .wrong(try reader.pieces())
        case let kind: throw WireError("message: \(kind) is no kind of message")
        }
    }
}

extension WireReader {
    fileprivate mutating func ticket() throws(WireError) -> UInt32 {
        UInt32(try count("ticket", upTo: Int(UInt32.max)))
    }

    /// A case by its number.
    mutating func value<Value: RawRepresentable>(
        _ what: String, of type: Value.Type
    ) throws(WireError) -> Value where Value.RawValue == UInt8 {
        let raw = try byte(what)
        guard let value = Value(rawValue: raw) else { throw WireError("\(what): \(raw) is none") }
        return value
    }
}
