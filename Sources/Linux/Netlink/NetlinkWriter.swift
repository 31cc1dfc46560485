/// Lays out netlink messages: headers, structures and attributes, in the machine's byte order, aligned to four bytes.
///
/// Source: netlink(7), rtnetlink(7), Linux 6.1.
package struct NetlinkWriter: Equatable, Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func put<Number: FixedWidthInteger>(_ number: Number) {
        var number = number
        withUnsafeBytes(of: &number) { bytes.append(contentsOf: $0) }
    }

    /// For the few numbers that are in network order.
    package mutating func putBig<Number: FixedWidthInteger>(_ number: Number) { put(number.bigEndian) }

    package mutating func put(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    package mutating func attribute(_ type: UInt16, _ payload: [UInt8]) {
        put(UInt16(4 + payload.count))
        put(type)
        put(payload)
        align()
    }

    package mutating func attribute<Number: FixedWidthInteger>(_ type: UInt16, _ number: Number) {
        var writer = NetlinkWriter()
        writer.put(number)
        attribute(type, writer.bytes)
    }

    /// A text with the zero at its end.
    package mutating func attribute(_ type: UInt16, text: String) { attribute(type, Array(text.utf8) + [0]) }

    /// Attributes within an attribute; `prefix` goes before the first, as veth's peer wants it.
    package mutating func nested(_ type: UInt16, prefix: [UInt8] = [], _ body: (inout NetlinkWriter) -> Void) {
        var inner = NetlinkWriter()
        inner.put(prefix)
        body(&inner)
        attribute(type, inner.bytes)
    }

    private mutating func align() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }
}
