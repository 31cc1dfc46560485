internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import Netlink
internal import Units

extension Networks {
    /// Makes a container's namespace with its ends of all its networks; undone by ``detach(_:)``.
    ///
    /// - Throws: any ``NetworkError``; then nothing is left but the addresses, which the container keeps.
    package func attach(_ container: String, _ wish: AttachmentWish) async throws(NetworkError) -> Attached {
        let hasIPv6 = wish.endpoints.contains { book.network(id: $0.network)?.hasIPv6 == true }
        let namespace: ContainerNamespace
        do throws(SyscallError) {
            namespace = try await ContainerNamespace.make(hasIPv6: hasIPv6)
        } catch {
            throw .kernel(doing: "make a network namespace", error)
        }
        if live[container] != nil { detach(container) }
        var fresh: [Reservation] = []
        for endpoint in wish.endpoints {
            let held = book.reservation(container, in: endpoint.network)
            let reservation = try book.reserve(endpoint, for: container)
            if reservation != held { fresh.append(reservation) }
        }
        do throws(NetworkError) {
            try plug(container, wish, into: namespace)
            try await serveNames(container, wish.nameServers, in: namespace)
        } catch {
            unplug(container)
            throw error
        }
        if !fresh.isEmpty { try await store.save(fresh) }
        return attached(container, path: namespace.path)
    }

    /// The container runs and holds its namespace itself.
    package func started(_ container: String) { hold(live[container]?.namespace, of: container) }

    /// Keeps the namespace of a container that runs open if a link must be removed in it later.
    func hold(_ namespace: ContainerNamespace?, of container: String) {
        let isNeeded = live[container]?.innerEnds.isEmpty == false
        live[container]?.namespace = isNeeded ? namespace : nil
    }

    /// Ends what ``attach(_:_:)`` began; the addresses stay the container's.
    ///
    /// Repeatable.
    package func detach(_ container: String) {
        guard live[container] != nil else { return }
        unplug(container)
    }

    private func plug(_ container: String, _ wish: AttachmentWish, into namespace: ContainerNamespace)
        throws(NetworkError)
    {
        live[container] = LiveAttachment(
            endpoints: [], elements: [], published: [], held: [], rate: wish.rate, namespace: namespace)
        try kernel("bring lo up") { () throws(SyscallError) in try namespace.session.perform(LinkRequests.up(1)) }
        for endpoint in wish.endpoints { try addLink(endpoint, of: container, in: namespace) }
        let held = try publish(wish.ports, of: container)
        live[container]?.held = held
        carry(of: container)
        try setRoutes(of: container, in: namespace)
        try refreshElements(of: container)
    }

    /// Makes one link and gives it its addresses.
    func addLink(_ wish: EndpointWish, of container: String, in namespace: ContainerNamespace) throws(NetworkError) {
        guard let network = book.network(id: wish.network),
            let reservation = book.reservation(container, in: wish.network)
        else { throw .notFound("network \(wish.network) not found") }
        let taken = Set(live[container]?.endpoints.map(\.link) ?? [])
        let number = (0...).first { !taken.contains("eth\($0)") } ?? 0
        let index = Int32(16 + number)
        let hostLink: String
        switch network.driver {
        case .bridge: hostLink = try addPair(network, reservation, "eth\(number)", index, namespace)
        case .macvlan: hostLink = try addMacvlan(network, reservation, "eth\(number)", index, namespace)
        }
        live[container]?.endpoints.append(
            LiveEndpoint(
                reservation: reservation, priority: wish.gatewayPriority, names: wish.names, links: wish.links,
                linkLocal: wish.linkLocal, hostLink: hostLink, link: "eth\(number)", index: index))
        var requests = (network.hasIPv6 ? [] : [LinkRequests.withoutIPv6(index)]) + [LinkRequests.up(index)]
        for address in [reservation.ipv4, reservation.ipv6] {
            guard let address, let plan = network.plans.first(where: { $0.subnet.contains(address) }) else { continue }
            requests.append(
                AddressRequests.add(LinkAddress(link: index, address: address, length: plan.subnet.length)))
        }
        for address in wish.linkLocal {
            requests.append(
                AddressRequests.add(
                    LinkAddress(link: index, address: address, length: address.family == .v4 ? 16 : 64)))
        }
        if let rate = live[container]?.rate?.outgoing { requests.append(TokenBucket(rate: rate).install(on: index)) }
        try kernel("set up \(network.name) in the container") { () throws(SyscallError) in
            try namespace.session.perform(requests)
        }
        if let rate = live[container]?.rate?.incoming, !hostLink.isEmpty { try limit(hostLink, to: rate) }
    }

    private func addPair(
        _ network: NetworkRecord, _ reservation: Reservation, _ link: String, _ index: Int32,
        _ namespace: ContainerNamespace
    ) throws(NetworkError) -> String {
        let (hostLink, hostIndex) = nextLink()
        let session = try session()
        func create() throws(NetworkError) {
            let pair = LinkRequests.Pair(
                name: hostLink, index: hostIndex, mtu: network.linkMTU, master: try bring(up: network), peerName: link,
                peerIndex: index,
                peerMAC: reservation.mac, namespace: namespace.descriptor.raw)
            try kernel("join network \(network.name)") { () throws(SyscallError) in
                try session.perform([
                    LinkRequests.pair(pair), LinkRequests.withoutIPv6(hostIndex),
                    LinkRequests.setPort(hostLink, isolated: !network.letsContainersTalk),
                ])
            }
        }
        do throws(NetworkError) {
            try create()
        } catch {
            guard case .kernel(_, let reason) = error else { throw error }
            // Source: BR_MAX_PORTS, net/bridge/br_private.h.
            if reason.errno == EXFULL {
                throw .exhausted(
                    "network \(network.name) is full: a bridge takes at most 1023 containers; put more of them on another network"
                )
            }
            guard [ENODEV, EINVAL, ENXIO].contains(reason.errno) else { throw error }
            // Somebody deleted the bridge under us.
            try? session.perform(LinkRequests.remove(hostLink))
            bridges[network.id] = nil
            try rejoin(network)
            try create()
        }
        return hostLink
    }

    /// Makes the links that are there ports of a bridge that was made anew.
    func rejoin(_ network: NetworkRecord) throws(NetworkError) {
        let bridge = try bring(up: network)
        let names = Set(
            live.values.flatMap(\.endpoints).filter { $0.reservation.network == network.id }.map(\.hostLink))
        let session = try session()
        try kernel("rejoin network \(network.name)") { () throws(SyscallError) in
            for link in try session.list(LinkRequests.list(), Link.init)
            where names.contains(link.name) && link.master != bridge {
                try session.perform([
                    LinkRequests.setMaster(link.index, bridge),
                    LinkRequests.setPort(link.name, isolated: !network.letsContainersTalk),
                ])
            }
        }
    }

    private func addMacvlan(
        _ network: NetworkRecord, _ reservation: Reservation, _ link: String, _ index: Int32,
        _ namespace: ContainerNamespace
    ) throws(NetworkError) -> String {
        let modes: [String: UInt32] = ["private": 1, "vepa": 2, "bridge": 4, "passthru": 8]
        let mode = modes[network.options["macvlan_mode"] ?? "bridge"] ?? 4
        let parent = try parent(of: network)
        let session = try session()
        try kernel("join network \(network.name)") { () throws(SyscallError) in
            try session.perform(
                LinkRequests.macvlan(
                    on: parent, mode: mode, name: link, index: index, mac: reservation.mac, mtu: network.mtu,
                    namespace: namespace.descriptor.raw))
        }
        return ""
    }

    private func limit(_ hostLink: String, to rate: UInt64) throws(NetworkError) {
        let session = try session()
        try kernel("limit \(hostLink)") { () throws(SyscallError) in
            guard let link = try session.list(LinkRequests.list(), Link.init).first(where: { $0.name == hostLink })
            else { throw SyscallError("find link", errno: ENODEV, subject: hostLink) }
            try session.perform(TokenBucket(rate: rate).install(on: link.index))
        }
    }

    // MARK: the way out

    /// The endpoint through which the container reaches the world; nil when all its networks are internal.
    func gatewayEndpoint(of container: String) -> LiveEndpoint? {
        let candidates = (live[container]?.endpoints ?? []).filter { endpoint in
            book.network(id: endpoint.reservation.network)?.isInternal == false
        }
        // The first of the highest: the order is that in which they were joined.
        return candidates.reduce(nil) { best, next in
            guard let best else { return next }
            return next.priority > best.priority ? next : best
        }
    }

    func setRoutes(of container: String, in namespace: ContainerNamespace) throws(NetworkError) {
        guard let endpoint = gatewayEndpoint(of: container),
            let network = book.network(id: endpoint.reservation.network)
        else { return }
        var requests: [NetlinkRequest] = []
        for (family, address) in [(IPAddress.Family.v4, endpoint.reservation.ipv4), (.v6, endpoint.reservation.ipv6)] {
            guard address != nil, let gateway = network.plan(family)?.gateway else { continue }
            requests.append(RouteRequests.addDefault(via: gateway, link: endpoint.index))
        }
        try kernel("route through \(network.name)") { () throws(SyscallError) in
            try namespace.session.perform(requests)
        }
    }

    // MARK: ports and rules

    private func publish(_ wishes: [PortWish], of container: String) throws(NetworkError) -> [HeldPort] {
        guard !wishes.isEmpty, let endpoint = gatewayEndpoint(of: container),
            let network = book.network(id: endpoint.reservation.network), network.driver == .bridge
        else { return [] }
        var wishes = wishes
        if let address = network.publishAddress {
            for index in wishes.indices where wishes[index].address == nil { wishes[index].address = address }
        }
        var held: [HeldPort] = []
        live[container]?.published = try ports.grant(wishes, to: container, free: Self.freePorts) { port in
            guard let socket = HeldPort(port) else { return false }
            held.append(socket)
            return true
        }
        return held
    }

    /// Opens the way to published ports that packet rules cannot make.
    func carry(of container: String) {
        guard let attachment = live[container], !attachment.held.isEmpty,
            let reservation = gatewayEndpoint(of: container)?.reservation,
            let address = reservation.ipv6 ?? reservation.ipv4
        else { return }
        guard let relay = relay ?? (try? LoopbackRelay()) else { return }
        self.relay = relay
        for held in attachment.held {
            guard let published = attachment.published.first(where: { $0.host == held.port }) else { continue }
            held.carry(to: LoopbackRelay.Target(address: address, port: published.port), by: relay)
        }
    }

    /// From where the kernel gives ports to programs that ask for any.
    private static var freePorts: ClosedRange<UInt16> {
        let text = (try? WholeFile.read("/proc/sys/net/ipv4/ip_local_port_range")) ?? []
        let ends = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]...ends[1] : 32768...60999
    }

    /// Brings the rules about a container up to date, in one transaction.
    func refreshElements(of container: String) throws(NetworkError) {
        guard let attachment = live[container] else { return }
        var elements: Set<RuleElement> = []
        for endpoint in attachment.endpoints where !endpoint.hostLink.isEmpty {
            let reservation = endpoint.reservation
            guard book.network(id: reservation.network)?.checksSources == true else { continue }
            elements.insert(RuleElement(.guarded, [endpoint.hostLink]))
            let mac = reservation.mac
            elements.insert(RuleElement(.macs, [endpoint.hostLink, mac.description]))
            var own = endpoint.linkLocal
            if let v4 = reservation.ipv4 { own.append(v4) }
            if let v6 = reservation.ipv6 { own += [v6, .linkLocal(of: mac)] }
            for address in own {
                switch address.family {
                case .v4:
                    let key = [endpoint.hostLink, mac.description, address.description]
                    elements.insert(RuleElement(.sources4, key))
                case .v6:
                    elements.insert(RuleElement(.sources6, [endpoint.hostLink, address.description]))
                    elements.insert(RuleElement(neighbour: address, at: endpoint.hostLink))
                }
            }
        }
        if let gateway = gatewayEndpoint(of: container)?.reservation {
            for port in attachment.published {
                for address in [gateway.ipv4, gateway.ipv6] {
                    if let address, let element = RuleElement(port, to: address) { elements.insert(element) }
                }
            }
        }
        let (new, old) = (elements.subtracting(attachment.elements), attachment.elements.subtracting(elements))
        guard !new.isEmpty || !old.isEmpty else { return }
        live[container]?.elements = elements
        try changeRules(add: Array(new), remove: Array(old))
    }

    private func unplug(_ container: String) {
        nameServer?.close(container)
        ports.release(container)
        guard let attachment = live.removeValue(forKey: container) else { return }
        do throws(NetworkError) {
            if !attachment.elements.isEmpty { try changeRules(add: [], remove: Array(attachment.elements)) }
        } catch {
            logger.warning("network not tidied", metadata: ["container": "\(container)", "error": "\(error)"])
        }
        // A macvlan has the container's hardware address: the next start would find it taken while the kernel has not yet got round
        // to a namespace that nobody holds.
        if let namespace = attachment.namespace {
            _ = try? namespace.session.answers(to: attachment.innerEnds.map { LinkRequests.remove($0.link) })
        }
        // The other links die with the namespace; where a process lingers in it, it must not keep the address alive. Nobody waits for
        // that: the next start has links of another name.
        let removals = attachment.endpoints.filter { !$0.hostLink.isEmpty }.map { LinkRequests.remove($0.hostLink) }
        guard !removals.isEmpty else { return }
        Lanes.shared.start { _ = try? NetlinkSession().answers(to: removals) }
    }

    // MARK: what came of it

    func attached(_ container: String, path: String) -> Attached {
        let attachment = live[container]
        return Attached(
            namespacePath: path, endpoints: (attachment?.endpoints ?? []).map(described),
            ports: attachment?.published ?? [], gatewayNetwork: gatewayEndpoint(of: container)?.reservation.network)
    }

    func described(_ endpoint: LiveEndpoint) -> AttachedEndpoint {
        let network = book.network(id: endpoint.reservation.network)
        let (v4, v6) = (network?.plan(.v4), network?.plan(.v6))
        let leadsOut = network?.isInternal == false
        return AttachedEndpoint(
            reservation: endpoint.reservation, ipv4Length: v4?.subnet.length ?? 0, ipv6Length: v6?.subnet.length ?? 0,
            ipv4Gateway: leadsOut ? v4?.gateway : nil, ipv6Gateway: leadsOut ? v6?.gateway : nil, link: endpoint.link)
    }
}
