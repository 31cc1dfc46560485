/// Signals as people write them: `15`, `TERM`, `SIGTERM`, `RTMIN+3`.
enum SignalName {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
    private static let aliases: [String: Int32] = ["IOT": 6, "POLL": 29, "CLD": 17, "UNUSED": 31]
    private static let firstRealTime: Int32 = 34
    private static let lastRealTime: Int32 = 64

    /// Nil for a name or number that is no signal.
    static func number(_ text: String) -> Int32? {
        if let number = Int32(text) { return (1...lastRealTime).contains(number) ? number : nil }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let index = names.firstIndex(of: name) { return Int32(index) + 1 }
        if let alias = aliases[name] { return alias }
        if name == "RTMIN" { return firstRealTime }
        if name == "RTMAX" { return lastRealTime }
        if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) {
            return firstRealTime + offset
        }
        if name.hasPrefix("RTMAX-"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) {
            return lastRealTime - offset
        }
        return nil
    }
}
