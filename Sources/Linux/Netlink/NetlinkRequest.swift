/// One thing to ask of the kernel: a message without its header's length, sequence number and sender.
package struct NetlinkRequest: Equatable, Sendable {
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        package static let request = Flags(rawValue: 0x1)
        package static let acknowledge = Flags(rawValue: 0x4)
        package static let dump = Flags(rawValue: 0x300)
        package static let replace = Flags(rawValue: 0x100)
        package static let exclusive = Flags(rawValue: 0x200)
        package static let create = Flags(rawValue: 0x400)
    }

    package var type: UInt16
    package var flags: Flags
    package var payload: [UInt8]
    /// For errors, such as `create veth pv1234`.
    package var doing: String
    /// An errno that means the wish is fulfilled already, such as `EEXIST` of an address.
    package var tolerated: Int32

    package init(_ type: UInt16, _ flags: Flags, _ payload: NetlinkWriter, doing: String, tolerated: Int32 = 0) {
        self.type = type
        self.flags = flags
        self.payload = payload.bytes
        self.doing = doing
        self.tolerated = tolerated
    }

    /// The same wish, fulfilled also when the kernel answers with `errno`.
    package func tolerating(_ errno: Int32) -> NetlinkRequest {
        var copy = self
        copy.tolerated = errno
        return copy
    }

    /// The message as it is sent.
    package func message(sequence: UInt32) -> [UInt8] {
        var writer = NetlinkWriter()
        writer.put(UInt32(16 + payload.count))
        writer.put(type)
        writer.put(flags.union([.request, .acknowledge]).rawValue)
        writer.put(sequence)
        writer.put(UInt32(0))
        writer.put(payload)
        return writer.bytes
    }
}
