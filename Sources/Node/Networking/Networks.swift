package import Lanes
package import Logging
internal import LinuxKernel
internal import Netlink
internal import Units

/// The networks of this machine: bridges, containers' ends of them, rules, ports and addresses.
///
/// Decisions are made in values (``AddressBook``, ``PortTable``, ``RuleSet``); this actor writes them down and tells the kernel. Nothing of
/// the machine is touched before the first network is needed.
package actor Networks: LaneBound {
    package nonisolated let lane = BlockingLane()
    package nonisolated let instance: NetworkInstance
    let store: any NetworkStore
    let logger: Logger
    var book = AddressBook()
    var ports = PortTable()
    var rules: RuleSet
    /// What runs now, by container.
    var live: [String: LiveAttachment] = [:]
    /// The bridges that are up, by network.
    var bridges: [String: Int32] = [:]
    var packetRules: PacketRules?
    /// What an earlier pouchd left is being taken over: rules are written at its end, all at once.
    var isRecovering = false
    var knownLinks: [Int32: String]?
    var nameServer: NameServer?
    var relay: LoopbackRelay?
    private var openSession: NetlinkSession?
    /// Tells the links of one start from those of another: the last one's may still be about to vanish.
    private var serial: UInt32 = .random(in: 0...0xf_ffff)

    struct LiveAttachment {
        var endpoints: [LiveEndpoint]
        var elements: Set<RuleElement>
        var published: [PublishedPort]
        var held: [HeldPort]
        var rate: NetworkRate?
        /// Until the container runs, which then holds it itself; where links are only in there, until they are taken away.
        var namespace: ContainerNamespace?

        /// The ends that have no link on our side by which they could be removed.
        var innerEnds: [LiveEndpoint] { endpoints.filter(\.hostLink.isEmpty) }
    }

    struct LiveEndpoint {
        var reservation: Reservation
        var priority: Int
        var names: [String]
        var links: [String: String]
        var linkLocal: [IPAddress]
        /// Our end; empty for macvlan, which has none.
        var hostLink: String
        var link: String
        var index: Int32
    }

    package init(_ instance: NetworkInstance, store: any NetworkStore, logger: Logger) {
        self.instance = instance
        self.store = store
        self.logger = logger
        rules = RuleSet(table: instance.table)
    }

    // MARK: the kernel

    /// The conversation about pouchd's own namespace.
    func session() throws(NetworkError) -> NetlinkSession {
        if let openSession { return openSession }
        let session = try kernel("talk to the kernel about links") { () throws(SyscallError) in try NetlinkSession() }
        openSession = session
        return session
    }

    /// Changes the rules in one transaction; if that fails, all of them are written anew.
    func changeRules(add: [RuleElement], remove: [RuleElement] = []) throws(NetworkError) {
        guard let packetRules, !isRecovering else {
            _ = rules.change(add: add, remove: remove)
            if isRecovering { return }
            let fresh = try PacketRules()
            try fresh.run(rules.whole)
            packetRules = fresh
            return
        }
        guard let change = rules.change(add: add, remove: remove) else { return }
        do throws(NetworkError) {
            try packetRules.run(change)
        } catch {
            // Somebody flushed or deleted our tables: what we know is the truth.
            logger.warning("packet rules rewritten", metadata: ["reason": "\(error)"])
            try packetRules.run(rules.whole)
        }
    }

    /// A name and an index for our end of a container's link.
    func nextLink() -> (name: String, index: Int32) {
        serial = (serial + 1) & 0xf_ffff
        let digits = String(serial, radix: 16)
        return (
            instance.linkPrefix + String(repeating: "0", count: max(0, 5 - digits.count)) + digits,
            instance.firstIndex + Int32(serial)
        )
    }
}

/// What tells the pouchds of one machine apart, and how things of theirs are called.
package struct NetworkInstance: Equatable, Sendable {
    /// The name of our nftables tables.
    package var table: String
    /// The name of the default bridge.
    package var bridge: String
    /// What the names of containers' links begin with; at most six bytes.
    package var linkPrefix: String
    /// Indexes of those links begin here: far above what the kernel gives by itself.
    package var firstIndex: Int32

    /// The pouchd of `dataRoot`; only the usual one has the plain names.
    package init(dataRoot: String) {
        guard dataRoot != "/var/lib/pouch" else {
            (table, bridge, linkPrefix, firstIndex) = ("pouch", "pouch0", "pv", 1 << 24)
            return
        }
        // FNV-1a: stable over runs, unlike a Hasher.
        let hash = dataRoot.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let mark = String(hash & 0xffff | 0x10000, radix: 16).dropFirst()
        (table, bridge, linkPrefix) = ("pouch-\(mark)", "pouch-\(mark)", "p\(mark)")
        firstIndex = (2 + Int32(hash & 0x3f)) << 24
    }
}

/// Runs a call on the kernel and says what we were doing.
func kernel<Result>(
    _ doing: String, _ body: () throws(SyscallError) -> Result
) throws(NetworkError) -> Result {
    do throws(SyscallError) { return try body() } catch { throw .kernel(doing: doing, error) }
}
