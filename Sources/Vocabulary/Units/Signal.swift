/// A signal of Linux, by number from 1 to 64.
///
/// Written `SIGTERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-1`.
///
/// Source: signal(7), for x86 and ARM.
package struct Signal: Hashable, Sendable {
    package let number: Int32

    package static let hangup = Signal(known: 1)
    package static let interrupt = Signal(known: 2)
    package static let quit = Signal(known: 3)
    package static let kill = Signal(known: 9)
    package static let terminate = Signal(known: 15)
    package static let stop = Signal(known: 19)
    package static let windowChange = Signal(known: 28)

    /// The first and the last realtime signal that glibc leaves to programs.
    private static let (firstRealtime, lastRealtime): (Int32, Int32) = (34, 64)

    private static let names = [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
        "IO", "PWR",
        "SYS",
    ]

    private static let otherNames: [String: Int32] = ["IOT": 6, "CLD": 17, "POLL": 29, "UNUSED": 31]

    private init(known number: Int32) {
        self.number = number
    }

    /// The signal with this number, or `nil` when Linux has none.
    package init?(number: Int32) {
        guard (1...Self.lastRealtime).contains(number) else { return nil }
        self.number = number
    }

    /// Reads a number or a name, with or without `SIG`, in either case.
    ///
    /// - Throws: ``ParseError``.
    package init(parsing text: String) throws(ParseError) {
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        let number = Int32(text) ?? Self.number(named: name) ?? 0
        guard text.utf8.allSatisfy({ $0 < 0x80 }), let signal = Signal(number: number) else {
            throw ParseError("signal", text, "neither a name such as SIGTERM nor a number from 1 to 64")
        }
        self = signal
    }

    private static func number(named name: String) -> Int32? {
        if let index = names.dropFirst().firstIndex(of: name) { return Int32(index) }
        if let number = otherNames[name] { return number }
        guard name.hasPrefix("RTMIN") || name.hasPrefix("RTMAX") else { return nil }
        let offset = name.dropFirst(5)
        guard offset.isEmpty || offset.first == "+" || offset.first == "-",
            let distance = Int32(offset.isEmpty ? "0" : offset)
        else { return nil }
        let start = name.hasPrefix("RTMIN") ? firstRealtime : lastRealtime
        guard (firstRealtime - start...lastRealtime - start).contains(distance) else { return nil }
        return start + distance
    }

    /// Such as `SIGTERM` or `SIGRTMIN+3`; the number for the two that glibc keeps for itself.
    package var name: String {
        switch number {
        case 1..<32: "SIG" + Self.names[Int(number)]
        case Self.firstRealtime: "SIGRTMIN"
        case Self.lastRealtime: "SIGRTMAX"
        case Self.firstRealtime..<50: "SIGRTMIN+\(number - Self.firstRealtime)"
        case 50..<Self.lastRealtime: "SIGRTMAX-\(Self.lastRealtime - number)"
        default: "\(number)"
        }
    }

    /// The exit code of a container that the signal ended.
    package var exitCode: Int32 { 128 + number }
}

extension Signal: CustomStringConvertible {
    package var description: String { name }
}
