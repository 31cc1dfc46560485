package import ClusterModel
internal import Scheduling
internal import Units

/// pouch.io/v1 IPPool: addresses that pods have wherever they run, as far as its nodes reach.
package struct AddressPoolSpec: Sendable, Hashable {
    package var name: String
    /// Given out in this order.
    var ranges: [ClosedRange<UInt128>]
    var family: IPAddress.Family
    /// `nil` where all nodes reach it.
    var nodes: LabelSelector?
    /// The pods that get an address from it without naming it, by their own labels and by those of their namespaces; `nil` for
    /// both means none.
    var pods: LabelSelector?
    var namespaces: LabelSelector?

    /// - Throws: ``ManifestError`` naming the field that makes no sense.
    package init(_ object: Field) throws(ManifestError) {
        name = object["metadata"]["name"].text ?? ""
        let spec = object["spec"]
        let subnet: Subnet
        let text = try spec["cidr"].string()
        do throws(ParseError) {
            subnet = try Subnet(parsing: text)
        } catch {
            throw ManifestError(spec["cidr"].path, "\(error)")
        }
        family = subnet.family
        let gateway = spec["gateway"].text.flatMap { try? IPAddress(parsing: $0) }
        var ranges: [ClosedRange<UInt128>] = []
        for (index, field) in spec["addresses"].elements.enumerated() {
            let ends = (field.text ?? "").split(separator: "-").map { try? IPAddress(parsing: String($0)) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
                first.value <= last.value, subnet.contains(first), subnet.contains(last)
            else { throw ManifestError("\(spec["addresses"].path)[\(index)]", "no addresses of \(subnet)") }
            ranges.append(first.value...last.value)
        }
        if ranges.isEmpty {
            // The first names the network, the last one all of them.
            let (first, last) = (subnet.first.value + 1, subnet.last.value - (family == .v4 ? 1 : 0))
            guard first <= last else { throw ManifestError(spec["cidr"].path, "there is no address in it") }
            ranges = [first...last]
        }
        self.ranges = ranges.flatMap { range in Self.without(gateway?.value, range) }
        nodes = spec["nodeSelector"].isPresent ? try SelectorReader.labels(spec["nodeSelector"]) : nil
        pods = spec["podSelector"].isPresent ? try SelectorReader.labels(spec["podSelector"]) : nil
        namespaces =
            spec["namespaceSelector"].isPresent ? try SelectorReader.labels(spec["namespaceSelector"]) : nil
    }

    private static func without(_ value: UInt128?, _ range: ClosedRange<UInt128>) -> [ClosedRange<UInt128>] {
        guard let value, range.contains(value) else { return [range] }
        var left: [ClosedRange<UInt128>] = []
        if range.lowerBound < value { left.append(range.lowerBound...(value - 1)) }
        if value < range.upperBound { left.append((value + 1)...range.upperBound) }
        return left
    }

    func reaches(_ labels: [String: String]) -> Bool { nodes?.matches(labels) ?? true }
    func wants(_ labels: [String: String], in namespace: [String: String]) -> Bool {
        guard pods != nil || namespaces != nil else { return false }
        return pods?.matches(labels) ?? true && namespaces?.matches(namespace) ?? true
    }
}

/// Who has which address of the pools; no two pods have the same, whichever pools it lies in.
///
/// An address is given with the binding and stands in an annotation of the pod, so that the pod's node makes it so, and a
/// server that starts finds it there.
package struct AddressPools: Sendable {
    package static let addressAnnotation = "pouch.io/ip"
    package static let poolAnnotation = "pouch.io/address-pool"

    package let specs: [String: AddressPoolSpec]
    /// By address: the pod that has it.
    private var used: [IPAddress: String] = [:]
    /// By pod: the pool and the address that it has.
    private var held: [String: (pool: String, address: IPAddress)] = [:]
    private var next: [String: UInt128] = [:]

    package init(_ specs: [AddressPoolSpec] = []) {
        self.specs = Dictionary(specs.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The pools that a node with these labels reaches.
    func reached(from labels: [String: String]) -> Set<String> {
        Set(specs.values.filter { $0.reaches(labels) }.map(\.name))
    }

    /// The pool that a pod which names none belongs to, by its labels and those of its namespace.
    func chosen(for labels: [String: String], in namespace: [String: String]) -> String? {
        specs.values.filter { $0.wants(labels, in: namespace) }.map(\.name).min()
    }

    /// A pod has an address already.
    mutating func hold(_ pod: String, _ pool: String, _ address: String) {
        guard held[pod] == nil, let address = try? IPAddress(parsing: address) else { return }
        held[pod] = (pool, address)
        used[address] = pod
    }

    /// An address for a pod, the one that it has if it has one; `nil` when the pool has none left, or is not there.
    mutating func take(_ pool: String, for pod: String) -> String? {
        guard let spec = specs[pool] else { return nil }
        if let own = held[pod], own.pool == pool { return own.address.description }
        guard let address = free(spec) else { return nil }
        next[pool] = address.value &+ 1
        used[address] = pod
        held[pod] = (pool, address)
        return address.description
    }

    /// The first that is free behind the one given last, else the first of all: what was given back rests for a while.
    private func free(_ spec: AddressPoolSpec) -> IPAddress? {
        let start = next[spec.name] ?? 0
        for isSecond in [false, true] {
            for range in spec.ranges {
                var value = isSecond ? range.lowerBound : max(range.lowerBound, start)
                while value <= range.upperBound {
                    let address = IPAddress(spec.family, value)
                    if used[address] == nil { return address }
                    value += 1
                }
            }
        }
        return nil
    }

    /// A pod is gone.
    mutating func release(_ pod: String) {
        guard let own = held.removeValue(forKey: pod) else { return }
        if used[own.address] == pod { used[own.address] = nil }
    }
}
