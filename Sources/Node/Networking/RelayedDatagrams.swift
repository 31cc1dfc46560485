internal import CLinux
internal import Glibc
internal import Units

/// Who sends datagrams through a relay and where they go; used by the relay's thread alone.
///
/// Each sender has a socket of its own towards the container, so that answers find back. One that was silent for a minute is
/// forgotten, as the kernel's own tables do it, and so is the one that was silent longest when there are too many.
struct RelayedDatagrams {
    /// Somebody who sends to a socket of ours.
    private struct Sender: Hashable {
        var socket: Int32
        /// Of the port that the socket was opened for: the number of a closed one comes again.
        var serial: Int
        /// A `sockaddr_in6`.
        var address: [UInt8]
    }

    private struct Session {
        var sender: Sender
        var lastUsed: ContinuousClock.Instant
    }

    private static let most = 512
    private static let patience = Duration.seconds(60)
    /// No datagram is longer.
    private static let longest = 65_536

    private let epoll: Int32
    private var sessions: [Int32: Session] = [:]
    private var sockets: [Sender: Int32] = [:]
    private var buffer = [UInt8](repeating: 0, count: longest)

    init(epoll: Int32) { self.epoll = epoll }

    var isEmpty: Bool { sessions.isEmpty }

    /// Marks what epoll reports as a session's socket, not a port's.
    static let sessionMark: UInt64 = 1 << 32

    // MARK: from senders

    /// Passes on what waits at a port's `socket`; `take` reads from it unless that is closed.
    mutating func receive(
        on socket: Int32, serial: Int, to target: LoopbackRelay.Target,
        _ take: (Int32, Int, UnsafeMutableRawBufferPointer) -> (count: Int, address: [UInt8])?
    ) {
        for _ in 0..<64 {
            guard let (count, address) = buffer.withUnsafeMutableBytes({ take(socket, serial, $0) }) else { return }
            let sender = Sender(socket: socket, serial: serial, address: address)
            guard let onwards = sockets[sender] ?? open(sender, target) else { continue }
            sessions[onwards]?.lastUsed = .now
            _ = buffer.withUnsafeBytes { send(onwards, $0.baseAddress, count, Int32(MSG_DONTWAIT)) }
        }
    }

    private mutating func open(_ sender: Sender, _ target: LoopbackRelay.Target) -> Int32? {
        if sessions.count >= Self.most, let oldest = sessions.min(by: { $0.value.lastUsed < $1.value.lastUsed }) {
            close(oldest.key)
        }
        let socket = Glibc.socket(
            target.address.family == .v4 ? AF_INET : AF_INET6,
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { return nil }
        guard SocketAddress(target.address, target.port).withPointer({ connect(socket, $0, $1) }) == 0 else {
            Glibc.close(socket)
            return nil
        }
        let token = UInt64(UInt32(bitPattern: socket)) | Self.sessionMark
        _ = clinux_epoll_add(epoll, socket, UInt32(CLINUX_READY_INPUT), token)
        sessions[socket] = Session(sender: sender, lastUsed: .now)
        sockets[sender] = socket
        return socket
    }

    // MARK: from the container

    /// Passes the container's answers back; `reply` sends them from the port's socket unless that is closed, and says so.
    mutating func answer(from socket: Int32, _ reply: (Int32, Int, UnsafeRawBufferPointer, [UInt8]) -> Bool) {
        for _ in 0..<64 {
            guard let session = sessions[socket] else { return }
            let count = buffer.withUnsafeMutableBytes {
                recv(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            guard count >= 0 else {
                // Nobody listens there (any more): the next datagram tries anew.
                if errno != EAGAIN, errno != EINTR { close(socket) }
                return
            }
            sessions[socket]?.lastUsed = .now
            let sender = session.sender
            let isOpen = buffer.withUnsafeBytes {
                reply(sender.socket, sender.serial, UnsafeRawBufferPointer(rebasing: $0.prefix(count)), sender.address)
            }
            guard isOpen else { return close(socket) }
        }
    }

    // MARK: the end

    /// Forgets who was silent too long.
    mutating func expire() {
        let now = ContinuousClock.now
        for (socket, session) in sessions where session.lastUsed + Self.patience < now { close(socket) }
    }

    private mutating func close(_ socket: Int32) {
        guard let session = sessions.removeValue(forKey: socket) else { return }
        sockets[session.sender] = nil
        Glibc.close(socket)
    }
}
