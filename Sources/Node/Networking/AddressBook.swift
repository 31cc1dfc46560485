package import Units

/// Which networks there are and who has which of their addresses.
///
/// Pure: what it answers is to be written down by whoever asked.
package struct AddressBook: Sendable {
    private var entries: [String: Entry] = [:]
    private var idByName: [String: String] = [:]
    /// Network ids by container.
    private var networksOf: [String: Set<String>] = [:]

    private struct Entry: Sendable {
        var record: NetworkRecord
        var pools: [AddressPool]
        var reservations: [String: Reservation] = [:]
    }

    package init() {}

    package var networks: [NetworkRecord] { entries.values.map(\.record).sorted { $0.created < $1.created } }

    package func network(id: String) -> NetworkRecord? { entries[id]?.record }
    package func network(named name: String) -> NetworkRecord? { idByName[name].flatMap { entries[$0]?.record } }

    package func reservation(_ container: String, in network: String) -> Reservation? {
        entries[network]?.reservations[container]
    }
    package func reservations(of container: String) -> [Reservation] {
        (networksOf[container] ?? []).compactMap { entries[$0]?.reservations[container] }
    }
    package func reservations(in network: String) -> [Reservation] {
        entries[network].map { Array($0.reservations.values) } ?? []
    }

    // MARK: networks

    /// Enters a network; its gateways and auxiliary addresses are taken from its pools.
    ///
    /// - Throws: ``NetworkError/conflict(_:)`` for a name that another has or a subnet that overlaps another network's.
    package mutating func add(_ record: NetworkRecord) throws(NetworkError) {
        guard idByName[record.name] == nil else {
            throw .conflict("network with name \(record.name) already exists")
        }
        for plan in record.plans {
            if let other = overlapping(plan.subnet, besides: nil) {
                throw .conflict(
                    "invalid pool request: Pool overlaps with other one on this address space: subnet \(plan.subnet) overlaps network "
                        + "\(other.name)")
            }
        }
        var pools: [AddressPool] = []
        for plan in record.plans {
            var pool = try AddressPool(plan.subnet, range: plan.range)
            if let gateway = plan.gateway { try Self.set(gateway, aside: .gateway, in: &pool, record.name) }
            for (name, address) in plan.auxiliary.sorted(by: { $0.key < $1.key }) {
                try Self.set(address, aside: .auxiliary(name), in: &pool, record.name)
            }
            pools.append(pool)
        }
        entries[record.id] = Entry(record: record, pools: pools)
        idByName[record.name] = record.id
    }

    private static func set(
        _ address: IPAddress, aside holder: AddressHolder, in pool: inout AddressPool, _ network: String
    ) throws(NetworkError) {
        if let other = try pool.claim(address, for: holder) {
            throw .addressTaken(address, network: network, by: other)
        }
    }

    package func overlapping(_ subnet: Subnet, besides id: String?) -> NetworkRecord? {
        entries.values.first { entry in
            entry.record.id != id && entry.record.plans.contains { $0.subnet.overlaps(subnet) }
        }?.record
    }

    package mutating func remove(_ id: String) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        idByName[entry.record.name] = nil
        for container in entry.reservations.keys { networksOf[container]?.remove(id) }
    }

    // MARK: addresses

    /// The container's addresses in a network: those it has, those it asks for, or free ones.
    ///
    /// - Throws: ``NetworkError/addressTaken(_:network:by:)``; then nothing has changed.
    package mutating func reserve(_ wish: EndpointWish, for container: String) throws(NetworkError) -> Reservation {
        // Taken out while it is worked on: a copy of all reservations for every one of them would be felt.
        guard var entry = entries.removeValue(forKey: wish.network) else {
            throw .notFound("network \(wish.network) not found")
        }
        defer { entries[wish.network] = entry }
        let old = entry.reservations[container]
        let ipv4 = try Self.address(.v4, wish.ipv4, old?.ipv4, &entry, container)
        let ipv6: IPAddress?
        do throws(NetworkError) {
            ipv6 = try Self.address(.v6, wish.ipv6, old?.ipv6, &entry, container)
        } catch {
            if let ipv4, ipv4 != old?.ipv4 { Self.release(ipv4, in: &entry) }
            throw error
        }
        let kept = old?.ipv4 == ipv4 && old?.ipv6 == ipv6 ? old?.mac : nil
        guard let mac = wish.mac ?? kept ?? (ipv4 ?? ipv6).map(MACAddress.init(of:)) else {
            throw .invalid("network \(entry.record.name) has no addresses")
        }
        for address in [old?.ipv4, old?.ipv6] {
            guard let address, address != ipv4, address != ipv6 else { continue }
            Self.release(address, in: &entry)
        }
        let reservation = Reservation(network: wish.network, container: container, ipv4: ipv4, ipv6: ipv6, mac: mac)
        entry.reservations[container] = reservation
        networksOf[container, default: []].insert(wish.network)
        return reservation
    }

    /// What is wanted, else what is held, else a free one; nil when the network has none of this version.
    private static func address(
        _ family: IPAddress.Family, _ wanted: IPAddress?, _ held: IPAddress?, _ entry: inout Entry, _ container: String
    ) throws(NetworkError) -> IPAddress? {
        let name = entry.record.name
        let pools = entry.pools.indices.filter { entry.pools[$0].subnet.family == family }
        if let wanted {
            guard wanted.family == family else {
                throw .invalid("invalid IPv\(family == .v4 ? 4 : 6) address: \(wanted)")
            }
            guard let pool = pools.first(where: { entry.pools[$0].subnet.contains(wanted) }) else {
                throw .invalid(
                    "no configured subnet contains IP address \(wanted): network \(name) has "
                        + (pools.isEmpty
                            ? "none of its version" : pools.map { "\(entry.pools[$0].subnet)" }.joined(separator: ", "))
                )
            }
            if let other = try entry.pools[pool].claim(wanted, for: .container(container)) {
                throw .addressTaken(wanted, network: name, by: other)
            }
            return wanted
        }
        if let held { return held }
        guard !pools.isEmpty else { return nil }
        for pool in pools {
            if let address = entry.pools[pool].take(for: .container(container)) { return address }
        }
        throw .exhausted("no available IPv\(family == .v4 ? 4 : 6) addresses on network \(name)")
    }

    private static func release(_ address: IPAddress, in entry: inout Entry) {
        for pool in entry.pools.indices where entry.pools[pool].subnet.contains(address) {
            entry.pools[pool].release(address)
        }
    }

    /// Takes over what was written down, as it was.
    package mutating func restore(_ reservation: Reservation) throws(NetworkError) {
        _ = try reserve(
            EndpointWish(
                network: reservation.network, ipv4: reservation.ipv4, ipv6: reservation.ipv6, mac: reservation.mac),
            for: reservation.container)
    }

    /// Repeatable.
    package mutating func release(_ container: String, in network: String) {
        guard let reservation = entries[network]?.reservations.removeValue(forKey: container) else { return }
        networksOf[container]?.remove(network)
        if networksOf[container]?.isEmpty == true { networksOf[container] = nil }
        for address in [reservation.ipv4, reservation.ipv6] {
            guard let address else { continue }
            for pool in entries[network]?.pools.indices ?? 0..<0
            where entries[network]?.pools[pool].subnet.contains(address) == true {
                entries[network]?.pools[pool].release(address)
            }
        }
    }
}
