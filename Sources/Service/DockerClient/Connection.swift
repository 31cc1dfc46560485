internal import CLinux
internal import Glibc
package import LinuxKernel

/// One blocking connection to a daemon, with the decoder of the response that is under way.
///
/// Used from one thread at a time.
package final class Connection {
    private let socket: ConversationEnd
    private var decoder = ResponseDecoder()
    private var chunk = [UInt8](repeating: 0, count: 16384)
    /// Signals that this process keeps back; two requests to stop end a wait for an answer.
    var signals: SignalQueue?

    /// The socket, valid while this object lives.
    package var raw: Int32 { socket.raw }

    /// Connects, however long the socket's path is.
    ///
    /// - Throws: ``ClientError/unreachable(_:_:)``, ``ClientError/host(_:reason:)`` where a carrier says why.
    package init(to endpoint: Endpoint) throws(ClientError) {
        switch endpoint {
        case .unix(let path):
            do throws(SyscallError) {
                socket = ConversationEnd(try Self.connect(path))
            } catch {
                throw .unreachable(endpoint, error)
            }
        case .carried(let carrier): socket = try carrier.connect()
        }
    }

    /// A path beyond the 107 bytes of `sockaddr_un` is reached through a descriptor of the socket itself.
    private static func connect(_ path: String) throws(SyscallError) -> Descriptor {
        guard path.utf8.count > 107 else {
            return Descriptor(owning: try checkNegative("connect", path) { clinux_connect_unix(path) })
        }
        let pathOnly: Int32 = 0o10000000  // O_PATH, which the Glibc module hides
        let socket = try Descriptor.open(path, pathOnly)
        let short = "/proc/self/fd/\(socket.raw)"
        return Descriptor(owning: try checkNegative("connect", path) { clinux_connect_unix(short) })
    }

    /// Whether the connection is quiet and open, so that another request may use it.
    var isIdle: Bool {
        var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// Forgets the last response and waits for one of another kind.
    func expect(_ expecting: ResponseDecoder.Expecting) {
        decoder = ResponseDecoder(expecting)
    }

    var keepsAlive: Bool { decoder.keepsAlive }

    /// Writes all of `bytes`; never raises SIGPIPE.
    package func send(_ bytes: ArraySlice<UInt8>) throws(SyscallError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try check("send") {
                rest.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Tells the other side that nothing more comes from here; its own bytes may still come.
    package func finishSending() {
        shutdown(raw, Int32(SHUT_WR))
    }

    /// The next event of the response, blocking until there is one; `nil` when the other side closed too early.
    func next() throws(ClientError) -> ResponseDecoder.Event? {
        while true {
            if let event = try decoder.next() { return event }
            guard try fill() else { return decoder.close() ? .end : nil }
        }
    }

    /// The events of what has been read already.
    func buffered() throws(ClientError) -> [ResponseDecoder.Event?] {
        var events: [ResponseDecoder.Event?] = []
        while let event = try decoder.next() { events.append(event) }
        return events
    }

    /// The events that need no waiting, after `poll` said that the socket is readable; ends with `.end`, or with `nil` when
    /// the other side closed too early.
    func available() throws(ClientError) -> [ResponseDecoder.Event?] {
        let events = try buffered()
        if events.last == .end { return events }
        guard try fill() else { return events + [decoder.close() ? .end : nil] }
        return events + (try buffered())
    }

    private func fill() throws(ClientError) -> Bool {
        try waitUnlessInterrupted()
        let piece = try read()
        decoder.feed(piece)
        return !piece.isEmpty
    }

    private func waitUnlessInterrupted() throws(ClientError) {
        guard let signals else { return }
        while true {
            var entries = [
                pollfd(fd: raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0, signals.hold() { throw .interrupted }
            if entries[0].revents != 0 { return }
        }
    }

    /// What arrived behind the head of an upgraded response.
    func takeRest() -> [UInt8] { decoder.takeRest() }

    /// Reads once; empty at the end of the stream.
    package func read() throws(ClientError) -> ArraySlice<UInt8> {
        do throws(SyscallError) {
            let count = try check("recv") {
                chunk.withUnsafeMutableBytes { Glibc.recv(raw, $0.baseAddress, $0.count, 0) }
            }
            return chunk[..<count]
        } catch {
            if error.errno == ECONNRESET { return [] }
            throw .broken(doing: "reading from the daemon", error)
        }
    }
}
