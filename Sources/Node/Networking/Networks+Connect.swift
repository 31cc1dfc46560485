internal import LinuxKernel
internal import Logging
internal import Netlink
package import Units

extension Networks {
    /// Gives a running container an end of one more network.
    package func connect(
        _ container: String, process: Int32, _ wish: EndpointWish, nameServers: [IPAddress]?
    ) async throws(NetworkError) -> Attached {
        let namespace = try await Self.namespace(of: process)
        if book.network(id: wish.network)?.hasIPv6 == true { await namespace.expectIPv6() }
        if live[container] == nil {
            // So far it had none.
            live[container] = LiveAttachment(
                endpoints: [], elements: [], published: [], held: [], rate: nil, namespace: nil)
        }
        let held = book.reservation(container, in: wish.network)
        let reservation = try book.reserve(wish, for: container)
        do throws(NetworkError) {
            try addLink(wish, of: container, in: namespace)
            hold(namespace, of: container)
            try setRoutes(of: container, in: namespace)
            try refreshElements(of: container)
            carry(of: container)
            try await serveNames(container, nameServers, in: namespace)
        } catch {
            try? drop(wish.network, of: container, in: namespace)
            if held == nil { book.release(container, in: wish.network) }
            throw error
        }
        try await store.save([reservation])
        return attached(container, path: "")
    }

    /// Takes a running container's end of a network away; its address there is free again.
    package func disconnect(
        _ container: String, process: Int32, from network: String
    ) async throws(NetworkError) -> Attached {
        let namespace = try await Self.namespace(of: process)
        try drop(network, of: container, in: namespace)
        try await release(container, from: network)
        return attached(container, path: "")
    }

    private func drop(_ network: String, of container: String, in namespace: ContainerNamespace) throws(NetworkError) {
        guard let index = live[container]?.endpoints.firstIndex(where: { $0.reservation.network == network }),
            let endpoint = live[container]?.endpoints.remove(at: index)
        else { return }
        nameServer?.change { $0.remove(container, from: book.network(id: network)?.name ?? network) }
        try refreshElements(of: container)
        try kernel("leave network \(network)") { () throws(SyscallError) in
            try namespace.session.perform(LinkRequests.remove(endpoint.link))
        }
        hold(namespace, of: container)
        try setRoutes(of: container, in: namespace)
        carry(of: container)
    }

    /// The names by which others find the container have changed.
    package func rename(_ container: String, names: [String: [String]]) {
        for index in live[container]?.endpoints.indices ?? 0..<0 {
            guard let network = live[container]?.endpoints[index].reservation.network, let names = names[network] else {
                continue
            }
            live[container]?.endpoints[index].names = names
        }
        enterNames(container)
    }

    // MARK: names

    /// Makes the container's names known, and with `upstreams` gives it a name server to ask for those of others.
    func serveNames(
        _ container: String, _ upstreams: [IPAddress]?, in namespace: ContainerNamespace
    ) async throws(NetworkError) {
        guard let upstreams else { return }
        let server: NameServer
        if let nameServer {
            server = nameServer
        } else {
            server = try kernel("start the name server") { () throws(SyscallError) in try NameServer() }
            nameServer = server
        }
        let leadsOut = gatewayEndpoint(of: container) != nil
        try await server.open(container, in: namespace, upstreams: leadsOut ? upstreams : nil)
        // It may have gone while its sockets were opened.
        guard live[container] != nil else { return server.close(container) }
        enterNames(container)
    }

    private func enterNames(_ container: String) {
        let links = (live[container]?.endpoints ?? []).map(\.links)
        nameServer?.change { table in
            table.link(container, links.reduce(into: [:]) { $0.merge($1) { first, _ in first } })
        }
        for endpoint in live[container]?.endpoints ?? [] {
            guard let network = book.network(id: endpoint.reservation.network), network.hasNames else { continue }
            let addresses = [endpoint.reservation.ipv4, endpoint.reservation.ipv6].compactMap { $0 }
            nameServer?.change { $0.set(container, in: network.name, names: endpoint.names, addresses: addresses) }
        }
    }
}
