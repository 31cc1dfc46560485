internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Netlink

/// A container's network namespace, held open from outside.
final class ContainerNamespace: Sendable {
    let descriptor: Descriptor
    /// Speaks of the interfaces in there.
    let session: NetlinkSession

    private init(_ descriptor: consuming Descriptor, _ session: NetlinkSession) {
        self.descriptor = descriptor
        self.session = session
    }

    /// By what another process can join it, while this value lives.
    var path: String { "/proc/\(getpid())/fd/\(descriptor.raw)" }

    /// A fresh one.
    ///
    /// A thread of its own makes it and ends; the namespace stays by its descriptor.
    static func make(hasIPv6: Bool) async throws(SyscallError) -> ContainerNamespace {
        try await DedicatedThread.run { () throws(SyscallError) in
            try Namespaces.unshare(.network)
            if hasIPv6 { trustAddresses() }
            return try current()
        }
    }

    /// For links that come from now on to a namespace that was made without IPv6.
    func expectIPv6() async { await run { Self.trustAddresses() } }

    /// Who has which address is decided by us: the links of the calling thread's namespace do not ask around for a second
    /// whether theirs is free.
    ///
    /// The file is looked up among those of its name in all namespaces, which takes a microsecond for each: only where it
    /// matters. A kernel without IPv6 has none.
    private static func trustAddresses() {
        try? Descriptor.open("/proc/sys/net/ipv6/conf/default/accept_dad", O_WRONLY).writeAll([48])
    }

    /// That of a process.
    static func of(process: Int32) async throws(SyscallError) -> ContainerNamespace {
        try await DedicatedThread.run { () throws(SyscallError) in
            let descriptor = try Descriptor.open("/proc/\(process)/ns/net", O_RDONLY)
            try Namespaces.enter(descriptor.raw, .network)
            return ContainerNamespace(descriptor, try NetlinkSession())
        }
    }

    private static func current() throws(SyscallError) -> ContainerNamespace {
        ContainerNamespace(try Descriptor.open("/proc/thread-self/ns/net", O_RDONLY), try NetlinkSession())
    }

    /// Runs `body` in there, on a thread that ends with it.
    func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value? {
        let held = self
        return try await DedicatedThread.run { () throws(Failure) -> Value? in
            guard (try? Namespaces.enter(held.descriptor.raw, .network)) != nil else { return nil }
            return try body()
        }
    }
}
