internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Synchronization
internal import Units

/// Carries connections and datagrams to `::1` on to containers: the kernel leads no packet of version 6 from the loopback to another
/// link.
///
/// The one way to a published port on which bytes pass through pouchd; also that of version 6 to a container that has version 4 alone.
/// One thread accepts for all ports and carries the datagrams; each connection has two while it lasts.
final class LoopbackRelay: Sendable {
    /// Where connections to a port go.
    struct Target: Equatable, Sendable {
        var address: IPAddress
        var port: UInt16
    }

    private struct Port {
        var target: Target
        var isDatagrams: Bool
        var serial: Int
    }

    private struct State {
        var ports: [Int32: Port] = [:]
        var serial = 0
        var connections = 0
        var isServing = false
    }

    private static let mostConnections = 256

    private let state = Mutex(State())
    private let epoll: Int32

    init() throws(SyscallError) {
        epoll = try checkNegative("epoll_create1") { clinux_epoll_create() }
    }

    /// Serves `socket`, which is bound and stays its owner's.
    func open(_ socket: Int32, datagrams: Bool, to target: Target) {
        guard datagrams || listen(socket, 128) == 0 else { return }
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags | O_NONBLOCK)
        let start = state.withLock { state in
            state.serial += 1
            state.ports[socket] = Port(target: target, isDatagrams: datagrams, serial: state.serial)
            defer { state.isServing = true }
            return !state.isServing
        }
        _ = clinux_epoll_add(epoll, socket, UInt32(CLINUX_READY_INPUT), UInt64(UInt32(bitPattern: socket)))
        if start { _ = DedicatedThread.start { () throws(SyscallError) in self.serve() } }
    }

    /// Takes no more connections on `socket`; those that are there go on.
    ///
    /// Repeatable.
    func close(_ socket: Int32) {
        guard state.withLock({ $0.ports.removeValue(forKey: socket) }) != nil else { return }
        _ = clinux_epoll_remove(epoll, socket)
    }

    private func serve() {
        var datagrams = RelayedDatagrams(epoll: epoll)
        var reports = [clinux_ready](repeating: clinux_ready(), count: 32)
        while true {
            let count = clinux_epoll_wait(epoll, &reports, 32, datagrams.isEmpty ? -1 : 5000)
            for report in reports.prefix(Int(max(0, count))) {
                let socket = Int32(bitPattern: UInt32(truncatingIfNeeded: report.token))
                if report.token & RelayedDatagrams.sessionMark != 0 {
                    datagrams.answer(from: socket, reply)
                } else if let port = state.withLock({ $0.ports[socket] }) {
                    if port.isDatagrams {
                        datagrams.receive(on: socket, serial: port.serial, to: port.target, take)
                    } else {
                        accept(on: socket, to: port.target)
                    }
                }
            }
            datagrams.expire()
        }
    }

    /// Reads a datagram from a port's socket, as long as it is that port's.
    private func take(
        _ socket: Int32, _ serial: Int, _ buffer: UnsafeMutableRawBufferPointer
    ) -> (count: Int, address: [UInt8])? {
        // Under the lock, so that the socket is not closed meanwhile and its number given to another.
        state.withLock { state in
            guard state.ports[socket]?.serial == serial else { return nil }
            var from = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &from) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    recvfrom(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT), address, &length)
                }
            }
            guard count >= 0 else { return nil }
            return (count, withUnsafeBytes(of: &from) { Array($0.prefix(Int(length))) })
        }
    }

    /// Sends to somebody from a port's socket, as long as that is the one he sent to.
    private func reply(_ socket: Int32, _ serial: Int, _ bytes: UnsafeRawBufferPointer, _ address: [UInt8]) -> Bool {
        // Under the lock, so that the socket is not closed meanwhile and its number given to another.
        state.withLock { state in
            guard state.ports[socket]?.serial == serial else { return false }
            _ = address.withUnsafeBytes { raw in
                sendto(
                    socket, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT),
                    raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
            }
            return true
        }
    }

    private func accept(on socket: Int32, to target: Target) {
        let client = clinux_accept(socket)
        guard client >= 0 else { return }
        let isWelcome = state.withLock { state in
            guard state.connections < Self.mostConnections else { return false }
            state.connections += 1
            return true
        }
        guard isWelcome else {
            Glibc.close(client)
            return
        }
        _ = DedicatedThread.start { () throws(SyscallError) in
            Self.carry(client, to: target)
            self.state.withLock { $0.connections -= 1 }
        }
    }

    /// Copies both ways until both have ended.
    private static func carry(_ client: Int32, to target: Target) {
        defer { Glibc.close(client) }
        let server = socket(
            target.address.family == .v4 ? AF_INET : AF_INET6,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            0)
        guard server >= 0 else { return }
        defer { Glibc.close(server) }
        let flags = fcntl(client, F_GETFL)
        _ = fcntl(client, F_SETFL, flags & ~O_NONBLOCK)
        guard SocketAddress(target.address, target.port).withPointer({ connect(server, $0, $1) }) == 0 else { return }
        let upwards = DedicatedThread.start { () throws(SyscallError) in copy(from: client, to: server) }
        copy(from: server, to: client)
        try? upwards.wait()
    }

    /// Copies until the source ends or the other side wants no more; then the other side hears of the end.
    private static func copy(from source: Int32, to destination: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(source, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let more = buffer.withUnsafeBytes {
                    send(destination, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
                }
                guard more > 0 else {
                    // Nobody takes it any more: the source is not asked for the rest.
                    shutdown(source, Int32(SHUT_RD))
                    return
                }
                sent += more
            }
        }
        shutdown(destination, Int32(SHUT_WR))
    }
}
