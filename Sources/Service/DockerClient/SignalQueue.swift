internal import CLinux
internal import Glibc
package import LinuxKernel

/// Signals of this process, kept back to be read in a poll loop.
///
/// Only for a process with one thread: what is blocked here would still be delivered to another one.
package final class SignalQueue {
    private let signals: [Int32]
    private let descriptor: Descriptor

    /// Those that a terminal or another process sends to a foreground command.
    package static let forwardable: [Int32] = [
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP,
    ]

    package init(_ signals: [Int32]) throws(SyscallError) {
        self.signals = signals
        descriptor = Descriptor(owning: try checkNegative("signalfd") { clinux_signalfd(signals, signals.count) })
    }

    deinit {
        _ = clinux_unblock_signals(signals, signals.count)
    }

    package var raw: Int32 { descriptor.raw }

    /// Signals that came while nobody could act on them.
    private var held: [Int32] = []

    /// The next signal, if one waits.
    package func next() -> Int32? {
        if !held.isEmpty { return held.removeFirst() }
        let number = clinux_read_signal(raw)
        return number > 0 ? number : nil
    }

    /// Keeps what has come for ``next()``; true once the user has asked twice to stop.
    func hold() -> Bool {
        while case let number = clinux_read_signal(raw), number > 0 { held.append(number) }
        return held.filter { $0 == SIGINT || $0 == SIGTERM }.count > 1
    }

    var holdsSignals: Bool { !held.isEmpty }

    /// The name that the daemon takes, such as `TERM`.
    package static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGHUP: "HUP"
        case SIGINT: "INT"
        case SIGQUIT: "QUIT"
        case SIGTERM: "TERM"
        case SIGUSR1: "USR1"
        case SIGUSR2: "USR2"
        case SIGALRM: "ALRM"
        case SIGCONT: "CONT"
        case SIGTSTP: "TSTP"
        default: String(signal)
        }
    }

    package static let windowChanged = SIGWINCH
}

extension SignalQueue {
    /// Those that would end this process: kept back where a terminal must be put in order first.
    package static let fatal: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
}
