package import Units

/// A port of a container that is to be reached from outside.
package struct PortWish: Equatable, Sendable {
    package var transport: Transport
    /// The container's port.
    package var port: UInt16
    /// Nil means every address of this machine.
    package var address: IPAddress?
    /// The ports of this machine that will do; nil is any.
    package var range: ClosedRange<UInt16>?

    package init(_ transport: Transport, _ port: UInt16, address: IPAddress? = nil, range: ClosedRange<UInt16>? = nil) {
        self.transport = transport
        self.port = port
        self.address = address
        self.range = range
    }
}

/// A wish that was granted.
package struct PublishedPort: Hashable, Sendable {
    package var host: HostPort
    /// The container's port.
    package var port: UInt16

    package init(host: HostPort, port: UInt16) {
        self.host = host
        self.port = port
    }
}

/// Which container has which port of this machine.
package struct PortTable: Sendable {
    private struct Number: Hashable {
        var transport: Transport
        var port: UInt16
    }

    private var claims: [Number: [(address: IPAddress?, container: String)]] = [:]
    private var byContainer: [String: Set<HostPort>] = [:]
    /// The next of the free range to try: a port that was given back rests.
    private var cursor: UInt16?

    package init() {}

    package func holder(of port: HostPort) -> String? {
        claims[Number(transport: port.transport, port: port.port)]?.first { claim in
            guard let one = claim.address, let other = port.address else { return true }
            return one == other
        }?.container
    }

    /// Takes a port.
    ///
    /// - Throws: ``NetworkError/portTaken(_:by:)``
    package mutating func claim(_ port: HostPort, for container: String) throws(NetworkError) {
        if let holder = holder(of: port) { throw .portTaken(port, by: .container(holder)) }
        claims[Number(transport: port.transport, port: port.port), default: []].append((port.address, container))
        byContainer[container, default: []].insert(port)
    }

    /// Repeatable.
    package mutating func release(_ container: String) {
        for port in byContainer.removeValue(forKey: container) ?? [] {
            let number = Number(transport: port.transport, port: port.port)
            claims[number]?.removeAll { $0.container == container && $0.address == port.address }
            if claims[number]?.isEmpty == true { claims[number] = nil }
        }
    }

    /// Grants all wishes or none.
    ///
    /// `free` is the range for wishes that name no port; `isFree` asks the kernel whether a program of this machine has it.
    ///
    /// - Throws: ``NetworkError/portTaken(_:by:)`` for the wish that cannot be granted.
    package mutating func grant(
        _ wishes: [PortWish], to container: String, free: ClosedRange<UInt16>, isFree: (HostPort) -> Bool
    ) throws(NetworkError) -> [PublishedPort] {
        var granted: [PublishedPort] = []
        do throws(NetworkError) {
            for wish in wishes { granted.append(try grant(wish, to: container, free: free, isFree: isFree)) }
        } catch {
            release(container)
            throw error
        }
        return granted
    }

    private mutating func grant(
        _ wish: PortWish, to container: String, free: ClosedRange<UInt16>, isFree: (HostPort) -> Bool
    ) throws(NetworkError) -> PublishedPort {
        var refusal: NetworkError?
        for number in candidates(wish, free) {
            let port = HostPort(wish.transport, wish.address, number)
            do throws(NetworkError) {
                if let holder = holder(of: port) { throw .portTaken(port, by: .container(holder)) }
                guard isFree(port) else { throw .portTaken(port, by: .host) }
                try claim(port, for: container)
                return PublishedPort(host: port, port: wish.port)
            } catch {
                refusal = refusal ?? error
            }
        }
        throw refusal ?? .exhausted("no port is left between \(free.lowerBound) and \(free.upperBound)")
    }

    private mutating func candidates(_ wish: PortWish, _ free: ClosedRange<UInt16>) -> [UInt16] {
        if let range = wish.range { return Array(range) }
        let start = cursor.flatMap { free.contains($0) ? $0 : nil } ?? free.lowerBound
        // A thousand tries: what is that full will not be emptier further on.
        let tries = (0..<min(1000, free.count)).map { offset in
            UInt16(Int(free.lowerBound) + (Int(start - free.lowerBound) + offset) % free.count)
        }
        let first = tries.first { holder(of: HostPort(wish.transport, wish.address, $0)) == nil }
        if let first { cursor = first == free.upperBound ? free.lowerBound : first + 1 }
        return tries.filter { holder(of: HostPort(wish.transport, wish.address, $0)) == nil }
    }
}
