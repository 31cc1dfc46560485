package import Units

/// The addresses of one subnet and who has them.
///
/// Giving, claiming and releasing cost the same however large the subnet is and however full: fresh addresses come in order, released
/// ones go to the end of a queue, so that an address rests for as long as there are others.
package struct AddressPool: Sendable {
    package let subnet: Subnet
    /// What is given when nobody asks for a particular address.
    private let range: ClosedRange<UInt128>
    private var holders: [UInt128: AddressHolder] = [:]
    /// The first of the range that was never given; nil at its end.
    private var fresh: UInt128?
    private var released: [UInt128] = []
    private var releasedHead = 0

    /// - Throws: ``NetworkError/invalid(_:)`` when `range` is no part of `subnet`.
    package init(_ subnet: Subnet, range: Subnet? = nil) throws(NetworkError) {
        self.subnet = subnet
        if let range, !(subnet.contains(range.first) && range.length >= subnet.length) {
            throw .invalid("ip range \(range) is not inside subnet \(subnet)")
        }
        let part = range ?? subnet
        var (first, last) = (part.first.value, part.last.value)
        // The subnet's own number, and of version 4 the address of all.
        let hasEnds = subnet.length < subnet.family.width - 1
        if hasEnds, first == subnet.first.value { first += 1 }
        if hasEnds, subnet.family == .v4, last == subnet.last.value { last -= 1 }
        guard first <= last else { throw .invalid("ip range \(part) has no address for a container") }
        self.range = first...last
        fresh = first
    }

    package var used: Int { holders.count }

    package func holder(of address: IPAddress) -> AddressHolder? { holders[address.value] }

    /// Gives a free address of the range; nil when there is none.
    package mutating func take(for holder: AddressHolder) -> IPAddress? {
        while let value = fresh {
            fresh = value < range.upperBound ? value + 1 : nil
            guard holders[value] == nil else { continue }
            return give(value, to: holder)
        }
        while releasedHead < released.count {
            let value = released[releasedHead]
            releasedHead += 1
            if releasedHead > 1024, releasedHead * 2 > released.count {
                released.removeFirst(releasedHead)
                releasedHead = 0
            }
            // It may have been claimed by its number while it waited here.
            guard holders[value] == nil else { continue }
            return give(value, to: holder)
        }
        return nil
    }

    /// Takes a particular address; asking again for one's own is no error.
    ///
    /// - Returns: who has it, when that is somebody else.
    package mutating func claim(_ address: IPAddress, for holder: AddressHolder) throws(NetworkError) -> AddressHolder?
    {
        guard subnet.contains(address) else { throw .invalid("address \(address) is not in subnet \(subnet)") }
        let hasEnds = subnet.length < subnet.family.width - 1
        guard !hasEnds || address != subnet.first, !hasEnds || subnet.family == .v6 || address != subnet.last else {
            throw .invalid("address \(address) is no host's: it names the whole of subnet \(subnet)")
        }
        if let other = holders[address.value], other != holder { return other }
        holders[address.value] = holder
        return nil
    }

    /// Repeatable.
    package mutating func release(_ address: IPAddress) {
        guard holders.removeValue(forKey: address.value) != nil, range.contains(address.value) else { return }
        // What is still fresh comes up by itself.
        if let fresh, address.value >= fresh { return }
        released.append(address.value)
    }

    private mutating func give(_ value: UInt128, to holder: AddressHolder) -> IPAddress {
        holders[value] = holder
        return IPAddress(subnet.family, value)
    }
}
