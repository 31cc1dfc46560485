/// What is looked up over the nodes' descriptions.
package struct NodeIndexes {
    private(set) var labels = LabelIndex()
    private(set) var numbers: [String: Int] = [:]
    private(set) var unschedulable = Bitset()
    /// Nodes by their whole list of taints: there are few different ones.
    private(set) var taints: [[Taint]: Bitset] = [:]
    private(set) var addressPools: [String: Bitset] = [:]

    mutating func add(_ node: Node, at number: Int) {
        labels.add(node.labels, to: number)
        numbers[node.name] = number
        unschedulable[number] = node.isUnschedulable
        if !node.taints.isEmpty { taints[node.taints, default: Bitset()][number] = true }
        for pool in node.addressPools { addressPools[pool, default: Bitset()][number] = true }
    }

    mutating func remove(_ node: Node, at number: Int) {
        labels.remove(node.labels, from: number)
        numbers[node.name] = nil
        unschedulable[number] = false
        if taints[node.taints] != nil {
            taints[node.taints]?[number] = false
            if taints[node.taints]?.isEmpty == true { taints[node.taints] = nil }
        }
        for pool in node.addressPools {
            addressPools[pool]?[number] = false
            if addressPools[pool]?.isEmpty == true { addressPools[pool] = nil }
        }
    }
}
