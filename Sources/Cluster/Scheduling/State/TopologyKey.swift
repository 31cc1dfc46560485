/// The domains that one label key divides the nodes into, such as zones or racks.
struct TopologyKey {
    let name: String
    /// By node: its domain, or -1 without the label.
    private(set) var domains: [Int32] = []
    /// By domain: how many nodes are in it.
    private(set) var sizes: [Int32] = []
    private var numbers: [String: Int32] = [:]
    private var vacant: [Int32] = []
    private var values: [String] = []
    /// How many domains have more than one node.
    private(set) var shared = 0

    init(name: String) {
        self.name = name
    }

    /// Whether a domain is a node, as with `kubernetes.io/hostname`: then what happens in it concerns that node alone.
    var isPerNode: Bool { shared == 0 }
    /// An upper bound of domain numbers.
    var limit: Int { sizes.count }

    func domain(of node: Int) -> Int { node < domains.count ? Int(domains[node]) : -1 }
    func value(of domain: Int) -> String { values[domain] }

    mutating func add(_ value: String?, for node: Int) {
        while domains.count <= node { domains.append(-1) }
        guard let value else { return }
        let domain = number(of: value)
        domains[node] = domain
        sizes[Int(domain)] += 1
        if sizes[Int(domain)] == 2 { shared += 1 }
    }

    mutating func remove(_ node: Int) {
        let domain = domain(of: node)
        guard domain >= 0 else { return }
        domains[node] = -1
        sizes[domain] -= 1
        if sizes[domain] == 1 { shared -= 1 }
        if sizes[domain] == 0 {
            numbers[values[domain]] = nil
            vacant.append(Int32(domain))
        }
    }

    private mutating func number(of value: String) -> Int32 {
        if let known = numbers[value] { return known }
        let number: Int32
        if let reused = vacant.popLast() {
            number = reused
            values[Int(number)] = value
        } else {
            number = Int32(sizes.count)
            sizes.append(0)
            values.append(value)
        }
        numbers[value] = number
        return number
    }
}
