package import Units

/// Which names containers have for one another: a name counts on the network that it was given for.
package struct NameTable: Sendable {
    private struct Entry {
        var container: String
        var names: [String]
        var addresses: [IPAddress]
    }

    /// By network, then by container.
    private var networks: [String: [String: Entry]] = [:]
    /// By network, then by name: the containers that have it.
    private var holders: [String: [String: Set<String>]] = [:]
    private var byAddress: [String: [IPAddress: String]] = [:]
    private var networksOf: [String: Set<String>] = [:]
    /// Names that only one container uses for others, by container.
    private var links: [String: [String: String]] = [:]

    package init() {}

    package mutating func set(_ container: String, in network: String, names: [String], addresses: [IPAddress]) {
        remove(container, from: network)
        let names = names.map { $0.lowercased() }
        networks[network, default: [:]][container] = Entry(container: container, names: names, addresses: addresses)
        for name in names { holders[network, default: [:]][name, default: []].insert(container) }
        for address in addresses { byAddress[network, default: [:]][address] = container }
        networksOf[container, default: []].insert(network)
    }

    /// Lets a container call others by names of its own.
    package mutating func link(_ container: String, _ names: [String: String]) {
        links[container] =
            names.isEmpty
            ? nil : Dictionary(names.map { ($0.lowercased(), $1.lowercased()) }) { first, _ in first }
    }

    /// Repeatable.
    package mutating func remove(_ container: String, from network: String) {
        guard let entry = networks[network]?.removeValue(forKey: container) else { return }
        for name in entry.names {
            holders[network]?[name]?.remove(container)
            if holders[network]?[name]?.isEmpty == true { holders[network]?[name] = nil }
        }
        for address in entry.addresses where byAddress[network]?[address] == container {
            byAddress[network]?[address] = nil
        }
        networksOf[container]?.remove(network)
        if networksOf[container]?.isEmpty == true { networksOf[container] = nil }
    }

    package mutating func remove(_ container: String) {
        for network in networksOf[container] ?? [] { remove(container, from: network) }
        links[container] = nil
    }

    /// What `name` means to a container; nil when nobody has it.
    package func addresses(of name: String, for container: String) -> [IPAddress]? {
        var found: Set<IPAddress> = []
        var isKnown = false
        for network in networksOf[container] ?? [] {
            let suffix = "." + network
            let asked = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
            let bare = links[container]?[asked] ?? asked
            for holder in holders[network]?[bare] ?? [] {
                isKnown = true
                found.formUnion(networks[network]?[holder]?.addresses ?? [])
            }
        }
        return isKnown ? found.sorted() : nil
    }

    /// The name of who has an address, as a container sees it.
    package func name(of address: IPAddress, for container: String) -> String? {
        for network in networksOf[container] ?? [] {
            if let holder = byAddress[network]?[address] { return networks[network]?[holder]?.names.first }
        }
        return nil
    }
}
