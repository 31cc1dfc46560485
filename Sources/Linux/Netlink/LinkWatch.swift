internal import Glibc
package import LinuxKernel

/// Tells of interfaces that are removed from the namespace of the thread that made it, from whatever thread it is asked.
package final class LinkWatch: Sendable {
    private let socket: Descriptor

    /// What happened to the interfaces.
    package enum Event: Equatable, Sendable {
        case removed(name: String, index: Int32)
        /// More happened than the kernel could keep for us: anything may be gone.
        case overrun
    }

    private static let linkGroup: UInt32 = 1
    private static let deletion: UInt16 = 17

    /// Source: rtnetlink(7), "RTMGRP_LINK".
    package init() throws(SyscallError) {
        socket = Descriptor(
            owning: try check("socket", "rtnetlink") {
                Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            })
        // `struct sockaddr_nl`: family, padding, our number (the kernel chooses), groups.
        var address = NetlinkWriter()
        address.put(UInt16(AF_NETLINK))
        address.put(UInt16(0))
        address.put(UInt32(0))
        address.put(Self.linkGroup)
        let number = socket.raw
        let bytes = address.bytes
        try check("bind", "rtnetlink") {
            bytes.withUnsafeBytes { raw in
                bind(number, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
            }
        }
    }

    /// Blocks until something was removed.
    package func next() throws(SyscallError) -> [Event] {
        let number = socket.raw
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let events: [Event]
            do throws(SyscallError) {
                let count = try check("recv", "rtnetlink") {
                    buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
                }
                events = Self.events(in: Array(buffer.prefix(count)))
            } catch {
                guard error.errno == ENOBUFS else { throw error }
                return [.overrun]
            }
            if !events.isEmpty { return events }
        }
    }

    /// The removals in one datagram; a port that leaves its bridge is told of by the same message of another family.
    static func events(in datagram: [UInt8]) -> [Event] {
        NetlinkMessage.all(in: datagram).compactMap { message in
            guard message.type == deletion, message.payload.first == UInt8(AF_UNSPEC) else { return nil }
            guard let index = message.payload.number(Int32.self, at: 4) else { return nil }
            let name = NetlinkAttributes(message.payload.dropFirst(16)).text(3) ?? ""
            return .removed(name: name, index: index)
        }
    }
}
