internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Synchronization
internal import Units

/// Carries connections to `::1` on to containers: the kernel leads no packet of version 6 from the loopback to another link.
///
/// The one way to a published port on which bytes pass through pouchd; also that of version 6 to a container that has version 4 alone.
/// One thread accepts for all ports, and each connection has two while it lasts.
final class LoopbackRelay: Sendable {
    /// Where connections to a port go.
    struct Target: Equatable, Sendable {
        var address: IPAddress
        var port: UInt16
    }

    private struct State {
        var targets: [Int32: Target] = [:]
        var connections = 0
        var isServing = false
    }

    private static let mostConnections = 256

    private let state = Mutex(State())
    private let epoll: Int32

    init() throws(SyscallError) {
        epoll = try checkNegative("epoll_create1") { clinux_epoll_create() }
    }

    /// Listens on `socket`, which is bound and stays its owner's.
    func open(_ socket: Int32, to target: Target) {
        guard listen(socket, 128) == 0 else { return }
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags | O_NONBLOCK)
        let start = state.withLock { state in
            state.targets[socket] = target
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
        guard state.withLock({ $0.targets.removeValue(forKey: socket) }) != nil else { return }
        _ = clinux_epoll_remove(epoll, socket)
    }

    private func serve() {
        var reports = [clinux_ready](repeating: clinux_ready(), count: 32)
        while true {
            let count = clinux_epoll_wait(epoll, &reports, 32, -1)
            for report in reports.prefix(Int(max(0, count))) {
                accept(on: Int32(bitPattern: UInt32(truncatingIfNeeded: report.token)))
            }
        }
    }

    private func accept(on socket: Int32) {
        guard let target = state.withLock({ $0.targets[socket] }) else { return }
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
