internal import Glibc

/// The machine's network devices, as the calling thread's network namespace has them.
package enum Interfaces {
    /// Addresses of devices that are up, those of the loopback last; version 4 before 6, without what is local to one link.
    ///
    /// Source: getifaddrs(3).
    package static func addresses() -> [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [(rank: Int, text: String)] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard entry.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var text = [CChar](repeating: 0, count: 64)
            guard getnameinfo(address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else {
                continue
            }
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard !name.contains("%"), !name.hasPrefix("fe80:") else { continue }
            let isLoopback = entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0
            found.append(((isLoopback ? 2 : 0) + (family == AF_INET ? 0 : 1), name))
        }
        return found.sorted { $0.rank < $1.rank }.map(\.text)
    }
}
