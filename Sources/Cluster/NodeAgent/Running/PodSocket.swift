internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import NIOPosix
internal import NodeStreams

/// A connection to a port inside a pod.
struct PodSocket: Sendable {
    private let number: Int32

    /// Connects to the loopback of the network that `process` is in: version 4, then 6.
    ///
    /// A thread of its own enters that network; the socket stays in it.
    static func connect(port: Int, inNetworkOf process: Int32) async throws(SyscallError) -> PodSocket {
        try await DedicatedThread.run { () throws(SyscallError) in
            let network = try Descriptor.open("/proc/\(process)/ns/net", O_RDONLY)
            try Namespaces.enter(network.raw, .network)
            do throws(SyscallError) { return PodSocket(number: try open(v4(port))) } catch {
                do throws(SyscallError) { return PodSocket(number: try open(v6(port))) } catch _ { throw error }
            }
        }
    }

    private static func v4(_ port: Int) -> sockaddr_storage {
        var storage = sockaddr_storage()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        withUnsafeMutableBytes(of: &storage) { target in
            withUnsafeBytes(of: &address) { target.copyMemory(from: $0) }
        }
        return storage
    }

    private static func v6(_ port: Int) -> sockaddr_storage {
        var storage = sockaddr_storage()
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(port).bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) { $0[15] = 1 }
        withUnsafeMutableBytes(of: &storage) { target in
            withUnsafeBytes(of: &address) { target.copyMemory(from: $0) }
        }
        return storage
    }

    private static func open(_ address: sockaddr_storage) throws(SyscallError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = try check("socket") { socket(Int32(address.ss_family), type, 0) }
        var address = address
        let size =
            address.ss_family == sa_family_t(AF_INET) ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        do throws(SyscallError) {
            _ = try check("connect") {
                withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        Glibc.connect(number, $0, socklen_t(size))
                    }
                }
            }
            return Int32(number)
        } catch {
            close(Int32(number))
            throw error
        }
    }

    /// Copies both ways until the pod ends its side or the client is gone; a client that ends its side alone is told on.
    func relay(_ client: any PortStream) async throws {
        let number = number
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .withConnectedSocket(number) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        while let bytes = try await client.read() { try await outbound.write(bytes) }
                        outbound.finish()
                        return false
                    } catch is PipeClosed {
                        return true  // the client gave it up
                    }
                }
                group.addTask {
                    for try await bytes in inbound { try await client.write(bytes) }
                    return true
                }
                while try await group.next() == false {}
                group.cancelAll()
            }
        }
    }
}
