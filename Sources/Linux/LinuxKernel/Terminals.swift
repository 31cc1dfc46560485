internal import CLinux
internal import Glibc

/// Pseudo-terminals, always by descriptor: a path such as `/dev/ptmx` inside a container is the container's to change.
package enum Terminals {
    /// Opens the slave of `master` without a path.
    ///
    /// Source: ioctl_tty(2), TIOCGPTPEER, Linux 4.13.
    package static func peer(of master: Int32) throws(SyscallError) -> Descriptor {
        try checkNegative("TIOCSPTLCK") { clinux_unlock_terminal(master) }
        return Descriptor(
            owning: try checkNegative("TIOCGPTPEER") { clinux_terminal_peer(master, O_RDWR | O_NOCTTY | O_CLOEXEC) })
    }

    /// The number under its devpts.
    package static func number(of master: Int32) throws(SyscallError) -> Int32 {
        try checkNegative("TIOCGPTN") { clinux_terminal_number(master) }
    }

    package static func resize(_ terminal: Int32, rows: UInt16, columns: UInt16) throws(SyscallError) {
        try checkNegative("TIOCSWINSZ") { clinux_set_window(terminal, rows, columns) }
    }

    package static func size(of terminal: Int32) throws(SyscallError) -> (rows: UInt16, columns: UInt16) {
        var rows: UInt16 = 0
        var columns: UInt16 = 0
        try checkNegative("TIOCGWINSZ") { clinux_get_window(terminal, &rows, &columns) }
        return (rows, columns)
    }

    /// Makes `terminal` the controlling terminal of a new session, which the caller leads from here on.
    package static func control(_ terminal: Int32) throws(SyscallError) {
        _ = setsid()
        try checkNegative("TIOCSCTTY") { clinux_control_terminal(terminal) }
    }
}

/// Messages between processes of one machine that can carry descriptors.
package enum Messages {
    /// Two connected sockets that keep the borders of messages.
    package static func pair() throws(SyscallError) -> (Int32, Int32) {
        var two: [Int32] = [-1, -1]
        try checkNegative("socketpair") { clinux_message_pair(&two) }
        return (two[0], two[1])
    }

    /// Sends one message with at most 8 descriptors.
    package static func send(
        _ bytes: [UInt8], descriptors: [Int32] = [], over socket: Int32
    ) throws(SyscallError) {
        try checkNegative("sendmsg") {
            clinux_send_descriptors(socket, bytes, bytes.count, descriptors, descriptors.count)
        }
    }

    /// Awaits one message of at most `limit` bytes; empty bytes mean that the other end is closed.
    ///
    /// The descriptors belong to the caller.
    package static func receive(
        over socket: Int32, limit: Int = 4096
    ) throws(SyscallError) -> (bytes: [UInt8], descriptors: [Int32]) {
        var bytes = [UInt8](repeating: 0, count: limit)
        var descriptors = [Int32](repeating: -1, count: 8)
        var count = 0
        let length = try checkNegative("recvmsg") {
            clinux_receive_descriptors(socket, &bytes, limit, &descriptors, &count)
        }
        return (Array(bytes[..<length]), Array(descriptors[..<count]))
    }

    /// A stream connected to the Unix socket at `path`, of at most 107 bytes.
    package static func connect(to path: String) throws(SyscallError) -> Descriptor {
        Descriptor(owning: try checkNegative("connect", path) { clinux_connect_unix(path) })
    }
}
