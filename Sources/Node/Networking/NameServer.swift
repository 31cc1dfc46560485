// For `timeval`, whose layout the compiler attributes to the first module that it meets it in.
internal import CLdns
internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Synchronization
internal import Units

/// The name server that containers find at 127.0.0.11: it answers for containers and asks others about the rest.
///
/// Its sockets live in the containers' namespaces, this side of them is served by one thread. What is not a container's name is asked of the
/// servers of this machine, from this machine's namespace.
final class NameServer: Sendable {
    static let address = "127.0.0.11"

    private let state = Mutex(State())
    private let epoll: Int32

    private struct State {
        var table = NameTable()
        var clients: [String: Client] = [:]
        var containerBySocket: [Int32: String] = [:]
        var isServing = false
    }

    private struct Client {
        var datagrams: Int32
        var listener: Int32
        /// Nil does not forward at all.
        var upstreams: [IPAddress]?
    }

    /// A question that another server is asked.
    private struct Pending {
        var question: DNSQuestion
        var message: [UInt8]
        var asker: sockaddr_storage
        var length: socklen_t
        var reply: Int32
        var rest: ArraySlice<IPAddress>
        var deadline: ContinuousClock.Instant
    }

    private static let patience = Duration.seconds(2)
    private static let mostPending = 512

    init() throws(SyscallError) {
        epoll = try checkNegative("epoll_create1") { clinux_epoll_create() }
    }

    // MARK: who is served

    func change(_ body: (inout NameTable) -> Void) { state.withLock { body(&$0.table) } }

    func isServing(_ container: String) -> Bool { state.withLock { $0.clients[container] != nil } }

    /// Opens a container's sockets, in its namespace.
    func open(_ container: String, in namespace: ContainerNamespace, upstreams: [IPAddress]?) async throws(NetworkError)
    {
        guard !isServing(container) else { return }
        let opened = try await namespace.run { () throws(NetworkError) in try Self.sockets() }
        guard let (datagrams, listener) = opened else { throw .conflict("the container's network is gone") }
        let start = state.withLock { state in
            state.clients[container] = Client(datagrams: datagrams, listener: listener, upstreams: upstreams)
            state.containerBySocket[datagrams] = container
            state.containerBySocket[listener] = container
            defer { state.isServing = true }
            return !state.isServing
        }
        for socket in [datagrams, listener] {
            _ = clinux_epoll_add(epoll, socket, UInt32(CLINUX_READY_INPUT), UInt64(UInt32(bitPattern: socket)))
        }
        if start { _ = DedicatedThread.start { () throws(SyscallError) in self.serve() } }
    }

    /// Repeatable.
    func close(_ container: String) {
        let sockets = state.withLock { state -> [Int32] in
            state.table.remove(container)
            guard let client = state.clients.removeValue(forKey: container) else { return [] }
            let sockets = [client.datagrams, client.listener]
            for socket in sockets { state.containerBySocket[socket] = nil }
            return sockets
        }
        for socket in sockets {
            _ = clinux_epoll_remove(epoll, socket)
            Glibc.close(socket)
        }
    }

    /// Two sockets on ports that the container does not need, and the rules that lead port 53 to them: a server of the container's
    /// own may have that port on all its addresses.
    private static func sockets() throws(NetworkError) -> (Int32, Int32) {
        func open(_ kind: __socket_type) throws(NetworkError) -> (Int32, UInt16) {
            try kernel("open the name server") { () throws(SyscallError) in
                let socket = try check("socket") {
                    Glibc.socket(
                        AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                }
                let address = SocketAddress(IPAddress(v4: 127 << 24 | 11), 0)
                try check("bind", Self.address) { address.withPointer { Glibc.bind(socket, $0, $1) } }
                if kind == SOCK_STREAM { try check("listen") { Glibc.listen(socket, 16) } }
                var bound = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                try check("getsockname") {
                    withUnsafeMutablePointer(to: &bound) {
                        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
                    }
                }
                return (socket, UInt16(bigEndian: bound.sin_port))
            }
        }
        let (datagrams, datagramPort) = try open(SOCK_DGRAM)
        do throws(NetworkError) {
            let (listener, listenerPort) = try open(SOCK_STREAM)
            do throws(NetworkError) {
                try lead(datagramPort, listenerPort)
            } catch {
                Glibc.close(listener)
                throw error
            }
            return (datagrams, listener)
        } catch {
            Glibc.close(datagrams)
            throw error
        }
    }

    /// The rules of the container's namespace.
    private static func lead(_ datagramPort: UInt16, _ listenerPort: UInt16) throws(NetworkError) {
        try PacketRules().run(
            """
            add table ip pouch-names
            delete table ip pouch-names
            table ip pouch-names {
            chain output {
                type nat hook output priority -100;
                ip daddr \(address) udp dport 53 dnat to \(address):\(datagramPort)
                ip daddr \(address) tcp dport 53 dnat to \(address):\(listenerPort)
            }
            }

            """)
    }

    // MARK: the thread

    private func serve() {
        var pending: [Int32: Pending] = [:]
        var reports = [clinux_ready](repeating: clinux_ready(), count: 32)
        while true {
            let count = clinux_epoll_wait(epoll, &reports, 32, pending.isEmpty ? -1 : 200)
            for report in reports.prefix(Int(max(0, count))) {
                let socket = Int32(bitPattern: UInt32(truncatingIfNeeded: report.token))
                if let question = pending[socket] {
                    relay(question, from: socket)
                    drop(socket, &pending)
                } else {
                    receive(on: socket, &pending)
                }
            }
            let now = ContinuousClock.now
            for (socket, question) in pending where question.deadline < now {
                drop(socket, &pending)
                ask(question, &pending)
            }
        }
    }

    private func client(of socket: Int32) -> (container: String, client: Client)? {
        state.withLock { state in
            guard let container = state.containerBySocket[socket], let client = state.clients[container] else {
                return nil
            }
            return (container, client)
        }
    }

    private func receive(on socket: Int32, _ pending: inout [Int32: Pending]) {
        guard let (container, client) = client(of: socket) else { return }
        guard socket == client.datagrams else { return accept(on: socket, of: container, client) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        var asker = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &asker) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(socket, &buffer, buffer.count, 0, $0, &length)
            }
        }
        guard count > 0, let question = DNSQuestion(Array(buffer.prefix(count))) else { return }
        if let answer = answer(question, for: container) {
            return Self.send(answer, on: socket, to: asker, length)
        }
        guard let upstreams = client.upstreams else {
            if let refusal = question.refusal(.refused) { Self.send(refusal, on: socket, to: asker, length) }
            return
        }
        ask(
            Pending(
                question: question, message: Array(buffer.prefix(count)), asker: asker, length: length, reply: socket,
                rest: upstreams[...], deadline: .now), &pending)
    }

    /// What the table says; nil when it says nothing.
    private func answer(_ question: DNSQuestion, for container: String) -> [UInt8]? {
        if let address = question.reversed {
            return state.withLock { $0.table.name(of: address, for: container) }.flatMap { question.answer(name: $0) }
        }
        guard [DNSQuestion.a, DNSQuestion.aaaa].contains(question.type),
            let addresses = state.withLock({ $0.table.addresses(of: question.name, for: container) })
        else { return nil }
        let family: IPAddress.Family = question.type == DNSQuestion.a ? .v4 : .v6
        return question.answer(addresses.filter { $0.family == family })
    }

    /// Asks the next server; when there is none left, says so.
    private func ask(_ question: Pending, _ pending: inout [Int32: Pending]) {
        var question = question
        while pending.count < Self.mostPending, let server = question.rest.popFirst() {
            let socket = Glibc.socket(
                server.family == .v4 ? AF_INET : AF_INET6,
                Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard socket >= 0 else { break }
            let isSent =
                SocketAddress(server, 53).withPointer { connect(socket, $0, $1) } == 0
                && Glibc.send(socket, question.message, question.message.count, Int32(MSG_NOSIGNAL)) > 0
                && clinux_epoll_add(
                    epoll, socket, UInt32(CLINUX_READY_INPUT), UInt64(UInt32(bitPattern: socket))) == 0
            guard isSent else {
                Glibc.close(socket)
                continue
            }
            question.deadline = .now + Self.patience
            pending[socket] = question
            return
        }
        if let refusal = question.question.refusal(.serverFailure), client(of: question.reply) != nil {
            Self.send(refusal, on: question.reply, to: question.asker, question.length)
        }
    }

    private func relay(_ question: Pending, from socket: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        // The container may have gone, and its socket's number may be another's: then nobody waits for this.
        guard count > 0, client(of: question.reply) != nil else { return }
        Self.send(Array(buffer.prefix(count)), on: question.reply, to: question.asker, question.length)
    }

    private func drop(_ socket: Int32, _ pending: inout [Int32: Pending]) {
        pending[socket] = nil
        _ = clinux_epoll_remove(epoll, socket)
        Glibc.close(socket)
    }

    private static func send(_ bytes: [UInt8], on socket: Int32, to asker: sockaddr_storage, _ length: socklen_t) {
        _ = withUnsafePointer(to: asker) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }

    // MARK: connections

    /// Long answers come by connections, which are few: each is served on a lane.
    private func accept(on listener: Int32, of container: String, _ client: Client) {
        let connection = clinux_accept(listener)
        guard connection >= 0 else { return }
        Lanes.shared.start {
            defer { Glibc.close(connection) }
            guard let message = Self.readMessage(connection), let question = DNSQuestion(message) else { return }
            let reply =
                self.answer(question, for: container) ?? Self.askByConnection(message, client.upstreams)
                ?? question.refusal(client.upstreams == nil ? .refused : .serverFailure)
            if let reply { Self.writeMessage(reply, to: connection) }
        }
    }

    private static func askByConnection(_ message: [UInt8], _ upstreams: [IPAddress]?) -> [UInt8]? {
        for server in upstreams ?? [] {
            let socket = Glibc.socket(
                server.family == .v4 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0
            )
            guard socket >= 0 else { continue }
            defer { Glibc.close(socket) }
            limit(socket)
            guard SocketAddress(server, 53).withPointer({ connect(socket, $0, $1) }) == 0 else { continue }
            writeMessage(message, to: socket)
            if let reply = readMessage(socket) { return reply }
        }
        return nil
    }

    private static func limit(_ socket: Int32) {
        var wait = timeval(tv_sec: 2, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Two bytes of length, then the message.
    private static func readMessage(_ socket: Int32) -> [UInt8]? {
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags & ~O_NONBLOCK)
        limit(socket)
        func read(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            var got = 0
            while got < count {
                let more = bytes.withUnsafeMutableBytes {
                    recv(socket, $0.baseAddress.map { $0 + got }, count - got, 0)
                }
                guard more > 0 else { return nil }
                got += more
            }
            return bytes
        }
        guard let length = read(2) else { return nil }
        return read(Int(length[0]) << 8 | Int(length[1]))
    }

    private static func writeMessage(_ message: [UInt8], to socket: Int32) {
        let bytes = [UInt8(message.count >> 8 & 0xff), UInt8(message.count & 0xff)] + message
        _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
