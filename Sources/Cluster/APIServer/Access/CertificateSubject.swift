/// Who a certificate says its holder is; whether to believe it, TLS has decided before.
///
/// Source: RFC 5280, section 4.1; X.690 for the encoding.
struct CertificateSubject: Equatable {
    var commonName = ""
    var organizations: [String] = []
    var units: [String] = []

    /// Reads the subject of a certificate in DER; `nil` when it is none.
    init?(der: [UInt8]) {
        guard var certificate = DERReader(der[...]).into(0x30), var body = certificate.next(0x30).map(DERReader.init)
        else { return nil }
        if body.peek == 0xA0 { _ = body.next(0xA0) }
        // Serial number, algorithm, issuer, validity.
        for tag: UInt8 in [0x02, 0x30, 0x30, 0x30] {
            guard body.next(tag) != nil else { return nil }
        }
        guard var names = body.next(0x30).map(DERReader.init) else { return nil }
        while let set = names.next(0x31) {
            var attributes = DERReader(set)
            while let attribute = attributes.next(0x30) {
                var pair = DERReader(attribute)
                guard let type = pair.next(0x06), let text = pair.nextAny() else { return nil }
                let value = String(decoding: text, as: UTF8.self)
                switch Array(type) {
                case [0x55, 0x04, 0x03]: commonName = value
                case [0x55, 0x04, 0x0A]: organizations.append(value)
                case [0x55, 0x04, 0x0B]: units.append(value)
                default: continue
                }
            }
        }
        if commonName.isEmpty { return nil }
    }
}

/// Values of DER one after the other; anything odd ends it.
struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var peek: UInt8? { rest.first }

    /// A reader of what is inside the first value.
    func into(_ tag: UInt8) -> DERReader? {
        var copy = self
        return copy.next(tag).map(DERReader.init)
    }

    /// The content of the next value, when it has `tag`.
    mutating func next(_ tag: UInt8) -> ArraySlice<UInt8>? {
        peek == tag ? nextAny() : nil
    }

    mutating func nextAny() -> ArraySlice<UInt8>? {
        var bytes = rest
        guard bytes.popFirst() != nil, let first = bytes.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), bytes.count >= count else { return nil }
            length = bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            bytes = bytes.dropFirst(count)
        }
        guard length <= bytes.count else { return nil }
        rest = bytes.dropFirst(length)
        return bytes.prefix(length)
    }
}
