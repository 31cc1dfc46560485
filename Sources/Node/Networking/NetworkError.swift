package import LinuxKernel
package import Units

/// Why a network, an address or a port could not be had.
package enum NetworkError: Error, Equatable, Sendable {
    /// There is no network of this name or id.
    case notFound(String)
    /// The wish contradicts itself or the network; no retry helps.
    case invalid(String)
    /// Something else is in the way; the message names it.
    case conflict(String)
    /// It may not be changed.
    case forbidden(String)
    case addressTaken(IPAddress, network: String, by: AddressHolder)
    case portTaken(HostPort, by: PortHolder)
    /// A pool has no address left.
    case exhausted(String)
    /// The kernel refused while we were `doing` something.
    case kernel(doing: String, SyscallError)
    /// nftables refused a transaction, in its words.
    case rules(String)
    /// What is registered could not be read or written.
    case store(String)
}

/// Who has an address of a pool.
package enum AddressHolder: Hashable, Sendable {
    case container(String)
    /// The bridge itself: the containers' way out.
    case gateway
    /// Set aside by `--aux-address` under this name.
    case auxiliary(String)
}

/// Who has a port of this machine.
package enum PortHolder: Hashable, Sendable {
    case container(String)
    /// A program that is no container of ours.
    case host
}

/// A port of this machine that leads into a container.
package struct HostPort: Hashable, Sendable {
    package var transport: Transport
    /// Nil means every address of this machine.
    package var address: IPAddress?
    package var port: UInt16

    package init(_ transport: Transport, _ address: IPAddress?, _ port: UInt16) {
        self.transport = transport
        self.address = address
        self.port = port
    }
}

package enum Transport: String, Hashable, Sendable, Comparable {
    case tcp
    case udp
    case sctp

    package static func < (left: Transport, right: Transport) -> Bool { left.rawValue < right.rawValue }
}
