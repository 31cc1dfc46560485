/// A message of the kernel.
package struct NetlinkMessage: Equatable, Sendable {
    package static let errorType: UInt16 = 2
    package static let doneType: UInt16 = 3

    package var type: UInt16
    package var flags: UInt16
    package var sequence: UInt32
    package var payload: ArraySlice<UInt8>

    /// The errno of an answer, 0 for "done"; nil when this is no answer.
    package var answer: Int32? {
        guard type == Self.errorType || type == Self.doneType else { return nil }
        guard let code = payload.number(Int32.self, at: 0) else { return type == Self.doneType ? 0 : nil }
        return -code
    }

    /// The messages of one datagram; what is cut off at its end is left out.
    package static func all(in datagram: [UInt8]) -> [NetlinkMessage] {
        var messages: [NetlinkMessage] = []
        var rest = datagram[...]
        while let length = rest.number(UInt32.self, at: 0).map(Int.init), length >= 16, length <= rest.count,
            let type = rest.number(UInt16.self, at: 4), let flags = rest.number(UInt16.self, at: 6),
            let sequence = rest.number(UInt32.self, at: 8)
        {
            messages.append(
                NetlinkMessage(
                    type: type, flags: flags, sequence: sequence, payload: rest.dropFirst(16).prefix(length - 16)))
            rest = rest.dropFirst(min(rest.count, (length + 3) & ~3))
        }
        return messages
    }
}

/// The attributes after a structure, by type; of those that come twice the last counts.
package struct NetlinkAttributes: Equatable, Sendable {
    private var byType: [UInt16: ArraySlice<UInt8>] = [:]

    package init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let length = rest.number(UInt16.self, at: 0).map(Int.init), length >= 4, length <= rest.count,
            let type = rest.number(UInt16.self, at: 2)
        {
            // The two high bits say "nested" and "network order".
            byType[type & 0x3fff] = rest.dropFirst(4).prefix(length - 4)
            rest = rest.dropFirst(min(rest.count, (length + 3) & ~3))
        }
    }

    package func bytes(_ type: UInt16) -> ArraySlice<UInt8>? { byType[type] }
    package func number<Number: FixedWidthInteger>(_ type: UInt16, as _: Number.Type = Number.self) -> Number? {
        byType[type]?.number(Number.self, at: 0)
    }
    package func text(_ type: UInt16) -> String? {
        byType[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    package func nested(_ type: UInt16) -> NetlinkAttributes? { byType[type].map { NetlinkAttributes($0) } }
}

extension ArraySlice<UInt8> {
    /// The number in the machine's order at `offset` from the slice's begin; nil when the slice ends before it.
    func number<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, count >= offset + size else { return nil }
        let start = startIndex + offset
        return self[start..<(start + size)].withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
    }
}
