internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import RuntimeSpec

/// Stays with a program in the foreground: passes signals on to it, and carries its terminal to ours and back.
final class ForegroundSession {
    /// Every signal that a person or an engine sends; not those that report faults of our own.
    private static let signals: [Int32] = [
        SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
    ]

    private let wantsTerminal: Bool
    private var signalDescriptor: Int32
    private var saved: termios?
    /// The size of our own terminal, for the one of the program.
    private(set) var consoleSize: RuntimeSpec.ConsoleSize?

    init(terminal: Bool) throws(RuntimeError) {
        wantsTerminal = terminal
        signalDescriptor = try step("signalfd") { () throws(SyscallError) in
            try checkNegative("signalfd") { clinux_signalfd(Self.signals, Self.signals.count) }
        }
        if terminal, let size = try? Terminals.size(of: 0) {
            consoleSize = RuntimeSpec.ConsoleSize(height: UInt(size.rows), width: UInt(size.columns))
        }
    }

    /// Waits for the end of `process`, whose child-ness is ours, and passes on what it says of its readiness.
    func accompany(_ process: consuming LaunchedProcess, _ notifications: NotifySocket? = nil) -> ProcessEnd {
        let (_, pidfd, terminal) = process.release()
        defer { close(pidfd) }
        if terminal != nil { makeRaw() }
        var relays: [Relay] = []
        if let terminal {
            relays = [Relay(from: 0, to: terminal), Relay(from: terminal, to: 1)]
        }
        while true {
            var waits = [
                pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signalDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: notifications?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            waits += relays.map { pollfd(fd: $0.isOpen ? $0.from : -1, events: Int16(POLLIN), revents: 0) }
            _ = poll(&waits, UInt(waits.count), -1)
            if waits[1].revents != 0 { passSignal(pidfd, terminal) }
            if waits[2].revents != 0 || waits[0].revents != 0 { notifications?.passOn() }
            for index in relays.indices where waits[index + 3].revents != 0 { relays[index].carry() }
            if waits[0].revents != 0, let end = try? Processes.wait(pidfd: pidfd, blocking: false) {
                // What the program wrote before it ended is still in the terminal.
                if relays.count > 1 { while relays[1].isOpen, relays[1].hasMore { relays[1].carry() } }
                restore()
                return end
            }
        }
    }

    private func passSignal(_ pidfd: Int32, _ terminal: Int32?) {
        let number = clinux_read_signal(signalDescriptor)
        guard number > 0 else { return }
        if number == SIGWINCH, let terminal {
            if let size = try? Terminals.size(of: 0) {
                try? Terminals.resize(terminal, rows: size.rows, columns: size.columns)
            }
            return
        }
        try? Processes.signal(pidfd: pidfd, number)
    }

    private func makeRaw() {
        var settings = termios()
        guard tcgetattr(0, &settings) == 0 else { return }
        saved = settings
        cfmakeraw(&settings)
        tcsetattr(0, TCSANOW, &settings)
    }

    /// Gives our terminal back as it was.
    func restore() {
        guard var settings = saved else { return }
        tcsetattr(0, TCSANOW, &settings)
        saved = nil
    }
}

/// Copies bytes from one descriptor to another as they come.
private struct Relay {
    let from: Int32
    let to: Int32
    private(set) var isOpen = true

    init(from: Int32, to: Int32) {
        self.from = from
        self.to = to
    }

    var hasMore: Bool {
        var one = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
        return poll(&one, 1, 0) > 0 && one.revents & Int16(POLLIN) != 0
    }

    mutating func carry() {
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
            let count = read(from, buffer.baseAddress, buffer.count)
            // A terminal whose other side is closed answers EIO.
            guard count > 0 else {
                if count == 0 || errno != EINTR && errno != EAGAIN { isOpen = false }
                return
            }
            var sent = 0
            while sent < count {
                let written = write(to, buffer.baseAddress.map { $0 + sent }, count - sent)
                if written < 0, errno != EINTR { return isOpen = false }
                sent += max(written, 0)
            }
        }
    }
}
