internal import CLinux
internal import Glibc
internal import LinuxKernel

extension Endpoint.Carrier {
    /// Starts the program and waits until it has connected.
    ///
    /// It gets a session of its own, so that what is typed at the terminal (Ctrl-C) does not reach it.
    ///
    /// - Throws: ``ClientError/host(_:reason:)`` with what it says.
    func connect() throws(ClientError) -> ConversationEnd {
        let begun: (socket: ConversationEnd, answer: [UInt8])
        do throws(SyscallError) { begun = try begin() } catch { throw .host(address, reason: "\(error)") }
        guard begun.answer == [0] else {
            let words = String(decoding: begun.answer, as: UTF8.self)
            throw .host(
                address, reason: words.isEmpty ? "the connection ended before it was made" : "cannot connect: \(words)")
        }
        return begun.socket
    }

    private func begin() throws(SyscallError) -> (socket: ConversationEnd, answer: [UInt8]) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try check("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) }
        let end = Descriptor(owning: ends[0])
        let theirs = Descriptor(owning: ends[1])
        let socket = ConversationEnd(end, carrier: try spawn(theirs.raw))
        // Else its end would never be seen.
        _ = consume theirs
        return (socket, try Self.answer(socket.raw))
    }

    private func spawn(_ socket: Int32) throws(SyscallError) -> Int32 {
        let table = [
            clinux_spawn_descriptor(from: socket, to: 0), clinux_spawn_descriptor(from: 2, to: 1),
            clinux_spawn_descriptor(from: 2, to: 2),
        ]
        let variables = CStringArray(Programs.environment())
        var failure = SyscallError("find", errno: ENOENT, subject: "a program for TLS")
        for program in programs {
            let words = CStringArray([program] + arguments)
            do {
                return try checkNegative("spawn", program) {
                    clinux_spawn(program, words.pointers, variables.pointers, nil, 1, table, table.count)
                }
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// One zero byte, or words up to the end.
    private static func answer(_ socket: Int32) throws(SyscallError) -> [UInt8] {
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while try check("recv", "", { recv(socket, &byte, 1, 0) }) == 1 {
            answer.append(byte)
            if answer == [0] { break }
        }
        return answer
    }
}

/// One end of a conversation, and the process behind it where another program carries it.
final class ConversationEnd {
    private var descriptor: Descriptor?
    private let carrier: Int32?

    /// The socket, valid while this object lives.
    let raw: Int32

    init(_ descriptor: consuming Descriptor, carrier: Int32? = nil) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.carrier = carrier
    }

    /// Milliseconds in which the carrier can say why the conversation ended, once it sees that we have closed.
    private static let patience: Int32 = 2000

    /// Nobody asks any more: the carrier ends with us, and leaves no zombie.
    deinit {
        descriptor = nil
        guard let carrier else { return }
        let process = clinux_pidfd_open(carrier, 0)
        if process >= 0 {
            var entry = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, Self.patience) <= 0 { kill(carrier, SIGTERM) }
            close(process)
        }
        while waitpid(carrier, nil, 0) < 0, errno == EINTR {}
    }
}
