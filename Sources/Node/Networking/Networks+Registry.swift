internal import Glibc
internal import Logging
internal import LinuxKernel
internal import Netlink
internal import Units

/// A network that somebody wants.
package struct NetworkWish: Equatable, Sendable {
    package var id: String
    package var name: String
    package var driver: String
    package var created: Int64
    /// Without a subnet of its version a free one is chosen.
    package var plans: [AddressPlan] = []
    package var isInternal = false
    package var attachable = false
    package var hasIPv4 = true
    package var hasIPv6 = false
    package var options: [String: String] = [:]
    package var labels: [String: String] = [:]
    package var addressOptions: [String: String] = [:]

    package init(id: String, name: String, driver: String, created: Int64) {
        self.id = id
        self.name = name
        self.driver = driver
        self.created = created
    }
}

extension Networks {
    package var records: [NetworkRecord] { book.networks }

    package func network(id: String) -> NetworkRecord? { book.network(id: id) }

    /// By id, by name, then by a prefix of the id that no other has.
    package func find(_ reference: String) throws(NetworkError) -> NetworkRecord {
        if let network = book.network(id: reference) ?? book.network(named: reference) { return network }
        let found = reference.isEmpty ? [] : book.networks.filter { $0.id.hasPrefix(reference) }
        guard found.count < 2 else {
            throw .invalid("network \(reference) is ambiguous (\(found.count) matches found)")
        }
        guard let network = found.first else { throw .notFound("network \(reference) not found") }
        return network
    }

    // MARK: made and removed

    package func create(_ wish: NetworkWish) async throws(NetworkError) -> NetworkRecord {
        let record = try registered(wish)
        do throws(NetworkError) {
            try await store.save(record)
            if record.driver == .bridge { _ = try bring(up: record) } else { _ = try parent(of: record) }
        } catch {
            book.remove(record.id)
            try? takeDown(record)
            try? await store.deleteNetwork(record.id)
            throw error
        }
        return record
    }

    /// Enters it into the book, with everything chosen that the wish leaves open.
    private func registered(_ wish: NetworkWish) throws(NetworkError) -> NetworkRecord {
        guard let driver = NetworkRecord.Driver(rawValue: wish.driver.isEmpty ? "bridge" : wish.driver) else {
            throw .notFound("could not find a network driver named \(wish.driver): there are bridge and macvlan")
        }
        guard book.network(named: wish.name) == nil else {
            throw .conflict("network with name \(wish.name) already exists")
        }
        let link =
            switch driver {
            case .bridge: wish.options["com.docker.network.bridge.name"] ?? "br-\(wish.id.prefix(12))"
            case .macvlan: wish.options["parent"] ?? "dm-\(wish.id.prefix(12))"
            }
        try check(link, of: driver)
        var record = NetworkRecord(id: wish.id, name: wish.name, driver: driver, created: wish.created, link: link)
        record.isInternal = wish.isInternal
        record.attachable = wish.attachable
        record.hasIPv4 = wish.hasIPv4
        record.hasIPv6 = wish.hasIPv6
        record.options = wish.options
        record.labels = wish.labels
        record.addressOptions = wish.addressOptions
        record.mtu = try Self.mtu(wish.options)
        record.plans = try plans(for: wish, link)
        try book.add(record)
        return record
    }

    private func check(_ link: String, of driver: NetworkRecord.Driver) throws(NetworkError) {
        guard (1...15).contains(link.utf8.count), link != ".", link != "..",
            link.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 47 && $0 != 58 && $0 != 34 })
        else { throw .invalid("\(link) is no name of an interface: it has 1 to 15 letters, digits and signs") }
        guard driver == .bridge, let other = book.networks.first(where: { $0.driver == .bridge && $0.link == link })
        else { return }
        throw .conflict("bridge \(link) belongs to network \(other.name)")
    }

    private static func mtu(_ options: [String: String]) throws(NetworkError) -> UInt32? {
        guard let text = options["com.docker.network.driver.mtu"] ?? options["mtu"] else { return nil }
        guard let mtu = UInt32(text), (68...65535).contains(mtu) else {
            throw .invalid("invalid MTU \"\(text)\": it is a number of bytes between 68 and 65535")
        }
        return mtu
    }

    private func plans(for wish: NetworkWish, _ link: String) throws(NetworkError) -> [AddressPlan] {
        var plans = wish.plans.filter { $0.subnet.family == .v4 ? wish.hasIPv4 : wish.hasIPv6 }
        if wish.hasIPv4, !plans.contains(where: { $0.subnet.family == .v4 }) {
            let taken = try takenSubnets(besides: link) + book.networks.flatMap(\.plans).map(\.subnet)
            guard let subnet = SubnetChoice.v4(avoiding: taken) else {
                throw .exhausted("all predefined address pools have been fully subnetted: name one with --subnet")
            }
            plans.insert(AddressPlan(subnet: subnet), at: 0)
        }
        if wish.hasIPv6, !plans.contains(where: { $0.subnet.family == .v6 }) {
            plans.append(AddressPlan(subnet: SubnetChoice.v6(seed: .random(in: 0...(.max)))))
        }
        for index in plans.indices {
            let subnet = plans[index].subnet
            if let gateway = plans[index].gateway {
                guard subnet.contains(gateway) else {
                    throw .invalid("no matching subnet for gateway \(gateway): it is not in \(subnet)")
                }
            } else if subnet.length < subnet.family.width {
                plans[index].gateway = IPAddress(subnet.family, subnet.first.value + 1)
            }
        }
        return plans
    }

    /// - Throws: ``NetworkError/conflict(_:)`` while containers run on it; `name` says what a container is called.
    package func remove(_ id: String, named name: (String) -> String) async throws(NetworkError) {
        guard let network = book.network(id: id) else { throw .notFound("network \(id) not found") }
        let users = live.filter { $1.endpoints.contains { $0.reservation.network == id } }.keys.map(name).sorted()
        guard users.isEmpty else {
            throw .conflict(
                "error while removing network: network \(network.name) has active endpoints (name:\""
                    + users.joined(separator: "\", name:\"") + "\")")
        }
        book.remove(id)
        try await store.deleteNetwork(id)
        try takeDown(network)
    }

    // MARK: addresses of containers that do not run

    /// Claims what the container asks for by number; the rest comes when it starts.
    package func reserve(_ wishes: [EndpointWish], for container: String) async throws(NetworkError) {
        var made: [Reservation] = []
        do throws(NetworkError) {
            for wish in wishes where wish.ipv4 != nil || wish.ipv6 != nil {
                made.append(try book.reserve(wish, for: container))
            }
            if !made.isEmpty { try await store.save(made) }
        } catch {
            for reservation in made { book.release(container, in: reservation.network) }
            throw error
        }
    }

    /// The container is gone, or leaves one network.
    ///
    /// Repeatable.
    package func release(_ container: String, from network: String? = nil) async throws(NetworkError) {
        let held = book.reservations(of: container).filter { network == nil || $0.network == network }
        guard !held.isEmpty else { return }
        for reservation in held { book.release(container, in: reservation.network) }
        try await store.deleteReservations(of: container, in: network)
    }

    package func reservations(in network: String) -> [Reservation] { book.reservations(in: network) }

    // MARK: the start of pouchd

    /// Reads what is registered; addresses of containers that are not among `containers` are given back.
    package func load(containers: Set<String>) async throws(NetworkError) {
        isRecovering = true
        for record in try store.networks() {
            do throws(NetworkError) { try book.add(record) } catch {
                logger.error("network not usable", metadata: ["network": "\(record.name)", "error": "\(error)"])
            }
        }
        var stale: Set<String> = []
        for reservation in try store.reservations() {
            guard containers.contains(reservation.container) else {
                stale.insert(reservation.container)
                continue
            }
            do throws(NetworkError) { try book.restore(reservation) } catch {
                logger.error(
                    "address not restored", metadata: ["container": "\(reservation.container)", "error": "\(error)"])
            }
        }
        for container in stale { try await store.deleteReservations(of: container, in: nil) }
    }

    /// The default network: made when it is missing, moved when its subnet collides with a route and nobody has an address of it.
    package func ensureDefault(_ wish: NetworkWish) async throws(NetworkError) {
        if let old = book.network(named: wish.name) {
            let asked = Set(wish.plans.map(\.subnet))
            let subnets = old.plans.map(\.subnet)
            let isAsFlagged = asked.isEmpty || asked.isSubset(of: subnets)
            let taken = asked.isEmpty ? try takenSubnets(besides: old.link) : []
            let collides = subnets.contains { own in taken.contains { $0.length > 0 && $0.overlaps(own) } }
            guard !isAsFlagged || collides, book.reservations(in: old.id).isEmpty else { return }
            book.remove(old.id)
            try await store.deleteNetwork(old.id)
            try? takeDown(old)
        }
        let record = try registered(wish)
        try await store.save(record)
    }

    /// Takes over a container that runs: what is missing of its ends is made again.
    package func adopt(
        _ container: String, process: Int32, _ wish: AttachmentWish, published: [PublishedPort]
    ) async throws(NetworkError) -> Attached {
        let namespace = try await Self.namespace(of: process)
        live[container] = LiveAttachment(
            endpoints: [], elements: [], published: [], held: [], rate: wish.rate, namespace: nil)
        let inside = try kernel("look into container \(container)") { () throws(SyscallError) in
            try namespace.session.list(LinkRequests.list(), Link.init)
        }
        let outside = try linksAtRecovery()
        for endpoint in wish.endpoints {
            guard let network = book.network(id: endpoint.network) else { continue }
            let reservation = try book.reserve(endpoint, for: container)
            guard let link = inside.first(where: { $0.mac == reservation.mac }) else {
                try addLink(endpoint, of: container, in: namespace)
                continue
            }
            let host = network.driver == .bridge ? link.peer.flatMap { outside[$0] } ?? "" : ""
            live[container]?.endpoints.append(
                LiveEndpoint(
                    reservation: reservation, priority: endpoint.gatewayPriority, names: endpoint.names,
                    links: endpoint.links, linkLocal: endpoint.linkLocal, hostLink: host, link: link.name,
                    index: link.index))
        }
        hold(namespace, of: container)
        for port in published {
            do throws(NetworkError) { try ports.claim(port.host, for: container) } catch { continue }
            live[container]?.published.append(port)
            if let held = HeldPort(port.host) { live[container]?.held.append(held) }
        }
        carry(of: container)
        try setRoutes(of: container, in: namespace)
        try refreshElements(of: container)
        try await serveNames(container, wish.nameServers, in: namespace)
        return attached(container, path: "")
    }

    /// The names of this machine's links by index, asked once however many containers are taken over.
    private func linksAtRecovery() throws(NetworkError) -> [Int32: String] {
        if let knownLinks { return knownLinks }
        let session = try session()
        let links = try kernel("list links") { () throws(SyscallError) in
            try session.list(LinkRequests.list(), Link.init)
        }
        let names = Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first }
        knownLinks = names
        return names
    }

    static func namespace(of process: Int32) async throws(NetworkError) -> ContainerNamespace {
        do throws(SyscallError) {
            return try await ContainerNamespace.of(process: process)
        } catch {
            throw .kernel(doing: "enter the network of process \(process)", error)
        }
    }

    /// All containers that run have been adopted: bridges and rules are brought into line with what is registered.
    package func finishRecovery(besides defaultName: String) {
        let used = Set(live.values.flatMap(\.endpoints).map(\.reservation.network))
        for network in book.networks
        where network.driver == .bridge && (network.name != defaultName || used.contains(network.id)) {
            do throws(NetworkError) { try rejoin(network) } catch {
                logger.error("network not restored", metadata: ["network": "\(network.name)", "error": "\(error)"])
            }
        }
        isRecovering = false
        knownLinks = nil
        guard !rules.elements.isEmpty else { return }
        do throws(NetworkError) { try changeRules(add: []) } catch {
            logger.error("packet rules not restored", metadata: ["error": "\(error)"])
        }
    }
}
