internal import CLinux
internal import Glibc
package import LinuxKernel

/// The rows and columns of a terminal.
package struct WindowSize: Equatable, Sendable {
    package var rows: UInt16
    package var columns: UInt16

    package init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

/// The terminal behind a descriptor of this process.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Its size, or `nil` when the descriptor is no terminal or does not know.
    package static func size(_ descriptor: Int32) -> WindowSize? {
        var size = WindowSize(rows: 0, columns: 0)
        guard clinux_get_window(descriptor, &size.rows, &size.columns) == 0, size.columns > 0 else { return nil }
        return size
    }
}

/// Raw mode of a terminal, for as long as this value lives.
///
/// The old mode comes back when the value goes, and also when the process leaves through exit(3).
package struct RawMode: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `ENOTTY` when the descriptor is no terminal.
    package init(_ descriptor: Int32) throws(SyscallError) {
        var mode = termios()
        try check("tcgetattr") { tcgetattr(descriptor, &mode) }
        Self.remember(descriptor, mode)
        cfmakeraw(&mode)
        try check("tcsetattr") { tcsetattr(descriptor, TCSANOW, &mode) }
        self.descriptor = descriptor
    }

    deinit {
        Self.restore()
    }

    /// The one terminal that is raw, so that exit(3) can restore it: a process has one controlling terminal.
    private nonisolated(unsafe) static var saved: (descriptor: Int32, mode: termios)?

    private static func remember(_ descriptor: Int32, _ mode: termios) {
        let isFirst = saved == nil
        saved = (descriptor, mode)
        if isFirst { atexit { RawMode.restore() } }
    }

    private static func restore() {
        guard let (descriptor, mode) = saved else { return }
        withUnsafePointer(to: mode) { _ = tcsetattr(descriptor, TCSANOW, $0) }
    }
}
