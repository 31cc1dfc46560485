internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import ShimProtocol

extension ShimServer {
    /// Takes new connections; root of the host's user namespace only, whatever may reach the socket.
    ///
    /// A container's root in a user namespace of its own has another number here (CVE-2020-15257 was a socket without this question).
    func accept() {
        while true {
            let fd = clinux_accept(listener)
            guard fd >= 0 else { return }
            var user: UInt32 = .max
            guard clinux_peer_user(fd, &user) == 0, user == geteuid() else {
                close(fd)
                continue
            }
            _ = adopt(fd)
        }
    }

    /// Takes a socket that pouchd passed on, attached as if it had asked before the container started.
    func adopt(_ attached: ShimConfiguration.AttachedDescriptor) {
        guard clinux_set_nonblocking(attached.fd) == 0 else {
            Console.say("descriptor \(attached.fd), to be attached, is not open")
            return
        }
        board.attach(adopt(attached.fd), to: .container, streams: attached.streams)
    }

    func updateInterest(of connection: Connection, _ id: ConnectionID) throws(SyscallError) {
        var wanted: Readiness = []
        let hasRoom = !connection.isAwaitingRuntime && board.acceptsInput(from: id)
        if !connection.isHalfClosed, connection.isShut || hasRoom { wanted.insert(.input) }
        if board.hasWaiting(for: id) { wanted.insert(.output) }
        // An empty set still reports a client that has hung up.
        try connection.watch.want(wanted, in: poller)
    }

    func serve(_ id: ConnectionID, _ readiness: Readiness) {
        guard let connection = connections[id] else { return }
        if readiness.contains(.output) { flush(id) }
        let isGone = !readiness.isDisjoint(with: [.hangup, .error])
        if readiness.contains(.input) || isGone { receive(from: connection, tillEnd: isGone) }
        if isGone { hangUp(id) }
    }

    /// Reads what a client sent; of one that is gone everything, which its socket's buffer bounds.
    private func receive(from connection: Connection, tillEnd: Bool) {
        repeat {
            let buffer = input.buffer
            let count = read(connection.watch.fd, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                if count == 0 { noMoreRequests(of: connection) }
                return
            }
            if connection.isShut { continue }
            connection.decoder.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            handleFrames(of: connection)
        } while tillEnd && connections[connection.id] != nil
    }

    /// Half-closed: it still gets replies and what it is attached or subscribed to, and is dropped when that is over.
    private func noMoreRequests(of connection: Connection) {
        connection.isHalfClosed = true
        if connection.isShut || isDone(connection) { hangUp(connection.id) }
    }

    /// Whether a client that asks nothing more has nothing to expect either.
    private func isDone(_ connection: Connection) -> Bool {
        connection.isHalfClosed && !connection.isAwaitingRuntime && !board.expectsMore(connection.id)
    }

    /// Handles every whole frame, up to a request that somebody else's runtime has to finish first.
    func handleFrames(of connection: Connection) {
        do throws(FrameError) {
            while !connection.isAwaitingRuntime, let frame = try connection.decoder.next() {
                handle(frame, from: connection)
            }
        } catch {
            Console.say("connection \(connection.id.number): \(error)")
            hangUp(connection.id)
        }
    }

    private func handle(_ frame: Frame, from connection: Connection) {
        switch frame.kind {
        case .request:
            connection.requestID = nil
            do throws(ShimFailure) {
                answer(try ShimRequest.read(frame.payload), from: connection)
            } catch {
                fail(error, connection)
            }
        case .stdin:
            board.feed(frame.payload, from: connection.id)
            if let (key, _) = board.attachment(of: connection.id), let process = process(key) {
                writeInput(of: process)
            }
        case .endOfStdin: endOfStdin(from: connection.id)
        case .reply, .event, .stdout, .stderr, .endOfOutput: break  // a client that talks like a shim: nothing to do
        }
    }

    /// The client's own stdin has ended, which ends the container's only if the configuration says so.
    private func endOfStdin(from id: ConnectionID) {
        guard let (key, streams) = board.attachment(of: id), streams.stdin, let process = process(key) else { return }
        guard key != .container || configuration.stdinOnce else { return }
        closeStdin(of: process)
    }

    /// Closes stdin when what waits is written; a terminal has none to close.
    func closeStdin(of process: ShimmedProcess) {
        guard !process.isTerminal else { return }
        if board.finishInput(of: process.key) { process.closeInput(poller: poller) }
    }

    // MARK: Writing

    func flushConnections() {
        for id in board.busyConnections { flush(id) }
    }

    /// Writes to one client until it takes no more; shuts our side when it was told everything.
    private func flush(_ id: ConnectionID) {
        guard let connection = connections[id] else { return }
        while let count = board.withNext(for: id, { clinux_send(connection.watch.fd, $0.baseAddress, $0.count) }) {
            if count == -Int(EINTR) { continue }
            if count == -Int(EAGAIN) { return }
            guard count > 0 else {
                hangUp(id)
                return
            }
            board.wrote(count, to: id)
        }
        if board.isFinished(id), !connection.isShut {
            connection.isShut = true
            shutdown(connection.watch.fd, Int32(SHUT_WR))
        }
        if isDone(connection) { hangUp(id) }
    }
}
