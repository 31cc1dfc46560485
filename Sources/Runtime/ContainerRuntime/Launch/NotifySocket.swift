internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Hears what a container's program says of its readiness and passes it on to the service manager that started us.
///
/// The manager's own socket stays outside: it believes only those it knows, and a container in a user namespace could not
/// write to it. So the container gets a socket of ours in a folder of its own, and the runtime, or whoever of its commands
/// is the manager's child, hands each message on.
///
/// Source: sd_notify(3).
final class NotifySocket {
    /// Of the socket in its folder.
    static let name = "notify"

    let descriptor: Int32

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The manager's socket, when one waits for us: a path, or `@` and a name in the abstract namespace.
    static var target: String? {
        getenv("NOTIFY_SOCKET").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    static func folder(of id: String, in store: StateStore) -> String { store.folder(of: id) + "/notify" }

    /// Makes the folder when it is missing, and a new socket in it that everybody may write to.
    static func listen(in folder: String) throws(RuntimeError) -> NotifySocket {
        try step("notify socket") { () throws(SyscallError) in
            if !Files.exists(folder) { try Files.makeDirectory(folder, mode: 0o755) }
            // By the folder's descriptor, as a socket's path is at most 107 bytes long.
            let opened = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
            try? Files.remove(name, at: opened.raw)
            let path = "/proc/self/fd/\(opened.raw)/\(name)"
            let socket = NotifySocket(try checkNegative("bind", folder) { clinux_bind_datagram(path) })
            try Files.changeMode(name, 0o666, at: opened.raw)
            return socket
        }
    }

    /// Hands on what has come; says whether the program is ready.
    ///
    /// A manager that is gone is no reason to end a container.
    @discardableResult
    func passOn() -> Bool {
        var isReady = false
        var message = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &message, message.count)  // never blocks: so it was made
            guard count > 0 else { return isReady }
            let text = String(decoding: message[..<count], as: UTF8.self)
            if text.split(separator: "\n").contains("READY=1") { isReady = true }
            if let target = Self.target { _ = clinux_send_datagram(target, message, count) }
        }
    }

    /// Blocks until the program of `state` has said that it is ready, or has ended; then says which process it is, since
    /// we, whom the manager started, leave.
    func awaitReadiness(of state: ContainerState) {
        guard let process = try? Processes.open(pid: state.pid) else { return }
        var isReady = false
        while !isReady {
            var waits = [
                pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, 2, -1) < 0 && errno != EINTR { return }
            isReady = passOn()
            if waits[0].revents != 0 { return }
        }
        let main = Array("MAINPID=\(state.pid)".utf8)
        if let target = Self.target { _ = clinux_send_datagram(target, main, main.count) }
    }
}
