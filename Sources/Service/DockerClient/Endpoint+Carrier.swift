internal import CLinux
internal import Glibc
internal import LinuxKernel

extension Endpoint.Carrier {
    /// Starts the program and waits until it has connected.
    ///
    /// It gets a session of its own, so that what is typed at the terminal (Ctrl-C) does not reach it; it ends when we close.
    ///
    /// - Throws: ``ClientError/host(_:reason:)`` with what it says.
    func connect() throws(ClientError) -> Descriptor {
        let begun: (socket: Int32, answer: [UInt8])
        do throws(SyscallError) { begun = try begin() } catch { throw .host(address, reason: "\(error)") }
        let end = Descriptor(owning: begun.socket)
        guard begun.answer == [0] else {
            let words = String(decoding: begun.answer, as: UTF8.self)
            throw .host(
                address, reason: words.isEmpty ? "the connection ended before it was made" : "cannot connect: \(words)")
        }
        return end
    }

    private func begin() throws(SyscallError) -> (socket: Int32, answer: [UInt8]) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try check("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) }
        let end = Descriptor(owning: ends[0])
        let theirs = Descriptor(owning: ends[1])
        try spawn(theirs.raw)
        // Else its end would never be seen.
        _ = consume theirs
        let answer = try Self.answer(end.raw)
        return (end.release(), answer)
    }

    private func spawn(_ socket: Int32) throws(SyscallError) {
        let table = [
            clinux_spawn_descriptor(from: socket, to: 0), clinux_spawn_descriptor(from: 2, to: 1),
            clinux_spawn_descriptor(from: 2, to: 2),
        ]
        let variables = CStringArray(Programs.environment())
        var failure = SyscallError("find", errno: ENOENT, subject: "a program for TLS")
        for program in programs {
            let words = CStringArray([program] + arguments)
            do {
                try checkNegative("spawn", program) {
                    clinux_spawn(program, words.pointers, variables.pointers, nil, 1, table, table.count)
                }
                return
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
