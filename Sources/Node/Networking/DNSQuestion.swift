internal import CLdns
internal import Glibc
package import Units

/// One question of a container, and the answers that we can give to it.
///
/// Source: RFC 1035; ldns 1.8 reads and writes the wire format.
package struct DNSQuestion: Equatable, Sendable {
    package static let a: UInt32 = 1
    package static let ptr: UInt32 = 12
    package static let aaaa: UInt32 = 28

    package enum Refusal: UInt8, Sendable {
        case serverFailure = 2
        case noSuchName = 3
        case refused = 5
    }

    /// Lower case, without a dot at its end.
    package let name: String
    package let type: UInt32
    /// The message it came in.
    private let message: [UInt8]

    /// Nil unless `message` is a query with one question of the Internet class.
    package init?(_ message: [UInt8]) {
        guard let packet = Self.packet(message) else { return nil }
        defer { ldns_pkt_free(packet) }
        guard !ldns_pkt_qr(packet), ldns_pkt_get_opcode(packet) == LDNS_PACKET_QUERY,
            let question = ldns_pkt_question(packet), ldns_rr_list_rr_count(question) == 1,
            let record = ldns_rr_list_rr(question, 0), ldns_rr_get_class(record) == LDNS_RR_CLASS_IN,
            let text = ldns_rdf2str(ldns_rr_owner(record))
        else { return nil }
        defer { free(text) }
        var name = String(cString: text).lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        self.name = name
        type = ldns_rr_get_type(record).rawValue
        self.message = message
    }

    private static func packet(_ message: [UInt8]) -> UnsafeMutablePointer<ldns_pkt>? {
        var packet: UnsafeMutablePointer<ldns_pkt>?
        guard message.count >= 12, ldns_wire2pkt(&packet, message, message.count) == LDNS_STATUS_OK else { return nil }
        return packet
    }

    /// The address that a reverse look-up asks about.
    package var reversed: IPAddress? {
        guard type == Self.ptr else { return nil }
        let labels = name.split(separator: ".")
        if name.hasSuffix(".in-addr.arpa"), labels.count == 6 {
            return try? IPAddress(parsing: labels.prefix(4).reversed().joined(separator: "."))
        }
        guard name.hasSuffix(".ip6.arpa"), labels.count == 34 else { return nil }
        var value: UInt128 = 0
        for label in labels.prefix(32).reversed() {
            guard label.utf8.count == 1, let digit = UInt8(label, radix: 16) else { return nil }
            value = value << 4 | UInt128(digit)
        }
        return IPAddress(.v6, value)
    }

    /// The answer that gives `addresses`; without any it says that the name exists and has none of this kind.
    package func answer(_ addresses: [IPAddress]) -> [UInt8]? {
        reply { packet, owner in
            for address in addresses {
                let type = address.family == .v4 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA
                let kind = address.family == .v4 ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA
                Self.push(ldns_rdf_new_frm_data(kind, address.bytes.count, address.bytes), type, owner, to: packet)
            }
        }
    }

    /// The answer to a reverse look-up.
    package func answer(name: String) -> [UInt8]? {
        reply { packet, owner in
            Self.push(ldns_dname_new_frm_str(name + "."), LDNS_RR_TYPE_PTR, owner, to: packet)
        }
    }

    package func refusal(_ reason: Refusal) -> [UInt8]? {
        reply { packet, _ in ldns_pkt_set_rcode(packet, reason.rawValue) }
    }

    private static func push(
        _ datum: UnsafeMutablePointer<ldns_rdf>?, _ type: ldns_rr_type, _ owner: UnsafeMutablePointer<ldns_rdf>?,
        to packet: UnsafeMutablePointer<ldns_pkt>
    ) {
        guard let datum, let record = ldns_rr_new_frm_type(type) else { return }
        ldns_rr_set_owner(record, ldns_rdf_clone(owner))
        // Containers come and go: nobody is to keep this for long.
        ldns_rr_set_ttl(record, 5)
        ldns_rr_set_class(record, LDNS_RR_CLASS_IN)
        ldns_rr_set_rdf(record, datum, 0)
        ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, record)
    }

    private func reply(
        _ fill: (UnsafeMutablePointer<ldns_pkt>, UnsafeMutablePointer<ldns_rdf>?) -> Void
    ) -> [UInt8]? {
        guard let packet = Self.packet(message) else { return nil }
        defer { ldns_pkt_free(packet) }
        ldns_pkt_set_qr(packet, true)
        ldns_pkt_set_ra(packet, true)
        ldns_pkt_set_aa(packet, false)
        fill(packet, ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0)))
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard ldns_pkt2wire(&bytes, packet, &count) == LDNS_STATUS_OK, let bytes else { return nil }
        defer { free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
