internal import Glibc
internal import LinuxKernel
internal import Synchronization
package import Units

/// What a container is to get when it starts.
package struct AttachmentWish: Equatable, Sendable {
    /// The first is the one that the container was created for.
    package var endpoints: [EndpointWish]
    package var ports: [PortWish]
    package var rate: NetworkRate?
    /// Whom the name server asks about what is no container; nil does without a name server.
    package var nameServers: [IPAddress]?

    package init(
        endpoints: [EndpointWish], ports: [PortWish] = [], rate: NetworkRate? = nil, nameServers: [IPAddress]? = nil
    ) {
        self.endpoints = endpoints
        self.ports = ports
        self.rate = rate
        self.nameServers = nameServers
    }
}

/// How fast a container may talk, in bits per second; nil is as fast as it can.
package struct NetworkRate: Equatable, Sendable {
    /// Into the container.
    package var incoming: UInt64?
    package var outgoing: UInt64?

    /// Reads `in/out`, such as `10m/512k`; either side may be empty.
    ///
    /// Powers of 1000, as networks count.
    ///
    /// - Throws: ``ParseError`` unless both are numbers of at least 8 kbit/s.
    package init(parsing text: String) throws(ParseError) {
        let sides = text.split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.contains(where: { !$0.isEmpty }) else {
            throw ParseError("network rate", text, "not IN/OUT such as 10m/512k, in bits per second")
        }
        incoming = try Self.rate(sides[0], text)
        outgoing = try Self.rate(sides[1], text)
    }

    private static func rate(_ side: Substring, _ text: String) throws(ParseError) -> UInt64? {
        guard !side.isEmpty else { return nil }
        let digits = side.prefix { $0.isNumber }
        let factors: [String: UInt64] = ["": 1, "k": 1000, "m": 1_000_000, "g": 1_000_000_000]
        let unit = side.dropFirst(digits.count).lowercased()
        guard let number = UInt64(digits), let factor = factors[unit] ?? factors[String(unit.prefix(1))],
            unit.count < 2 || unit.hasSuffix("bit")
        else { throw ParseError("network rate", text, "not IN/OUT such as 10m/512k, in bits per second") }
        let (rate, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, (8000...1_000_000_000_000).contains(rate) else {
            throw ParseError("network rate", text, "a rate is between 8k and 1000g")
        }
        return rate
    }
}

/// A container's place in its networks, while it runs.
package struct Attached: Equatable, Sendable {
    /// By what the runtime joins the namespace; valid until ``Networks/started(_:)``.
    package var namespacePath: String
    package var endpoints: [AttachedEndpoint]
    package var ports: [PublishedPort]
    /// The network that gives the way out, and whose address ports lead to.
    package var gatewayNetwork: String?
}

/// A container's end of one network.
package struct AttachedEndpoint: Equatable, Sendable {
    package var reservation: Reservation
    package var ipv4Length: Int
    package var ipv6Length: Int
    package var ipv4Gateway: IPAddress?
    package var ipv6Gateway: IPAddress?
    /// As the container sees it.
    package var link: String
}

/// A port of this machine that no program can take while a container has it, and that none has.
///
/// Bound and listened on by the relay alone: other packets to it are led away before they come here.
final class HeldPort: Sendable {
    let port: HostPort
    private let descriptors: [Int32]
    /// The one of version 6, and who listens on it.
    private let sixth: Int32?
    private let relay = Mutex<LoopbackRelay?>(nil)

    /// Nil when a program has the port.
    init?(_ port: HostPort) {
        var held: [Int32] = []
        let families = port.address.map { [$0.family] } ?? [.v4, .v6]
        for family in families {
            guard let descriptor = Self.socket(family, port.transport) else { continue }
            let address = port.address ?? IPAddress(family, 0)
            guard Self.bind(descriptor, address, port.port) else {
                let reason = errno
                close(descriptor)
                // An address that this machine does not have (yet), or a family it lacks, is nobody's.
                if reason != EADDRINUSE { continue }
                for other in held { close(other) }
                return nil
            }
            held.append(descriptor)
        }
        self.port = port
        descriptors = held
        let takesSix = port.transport != .sctp && (port.address == nil || port.address?.isLoopback == true)
        sixth = takesSix && families.last == .v6 && held.count == families.count ? held.last : nil
    }

    deinit {
        if let sixth { relay.withLock { $0 }?.close(sixth) }
        for descriptor in descriptors { close(descriptor) }
    }

    /// Lets connections and datagrams of version 6 that the kernel leads nowhere through to a container; nothing for ports that have none.
    func carry(to target: LoopbackRelay.Target, by relay: LoopbackRelay) {
        guard let sixth else { return }
        self.relay.withLock { $0 = relay }
        relay.open(sixth, datagrams: port.transport == .udp, to: target)
    }

    private static func socket(_ family: IPAddress.Family, _ transport: Transport) -> Int32? {
        let kind = transport == .udp ? Int32(SOCK_DGRAM.rawValue) : Int32(SOCK_STREAM.rawValue)
        let number = transport == .sctp ? 132 : 0
        let descriptor = Glibc.socket(
            family == .v4 ? AF_INET : AF_INET6, kind | Int32(SOCK_CLOEXEC.rawValue), Int32(number))
        guard descriptor >= 0 else { return nil }
        var yes: Int32 = 1
        if family == .v6 {
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        // A connection of the last holder that is still being closed does not count.
        if transport == .tcp {
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        return descriptor
    }

    private static func bind(_ descriptor: Int32, _ address: IPAddress, _ port: UInt16) -> Bool {
        SocketAddress(address, port).withPointer { Glibc.bind(descriptor, $0, $1) } == 0
    }
}

/// An address and port as the socket calls have them.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private let length: socklen_t

    init(_ address: IPAddress, _ port: UInt16) {
        if address.family == .v4 {
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            v4.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.value).bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: v4, as: sockaddr_in.self) }
        } else {
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &v6.sin6_addr) { $0.copyBytes(from: address.bytes) }
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: v6, as: sockaddr_in6.self) }
        }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
