internal import Glibc
internal import LinuxKernel

/// What `pouch simulate` does: becomes `pouch-simulate`, which lies beside `pouch` or on the path.
///
/// A program of its own, since reading YAML would cost every other verb its start-up time.
struct Simulate: Verb {
    static let usage = Usage(
        name: "simulate", synopsis: "[OPTIONS] FILE...",
        summary: "Place pods or replay a trace without touching a pool",
        operands: Usage.atLeast(0), stopsAtOperand: true, completes: .files)

    private static let program = "pouch-simulate"

    /// Takes over before flags are read, as they are the other program's; gives what to say on failure.
    static func become(_ words: [String], _ variable: (String) -> String?) -> String {
        let folders = [ownFolder].compactMap { $0 } + (variable("PATH") ?? "").split(separator: ":").map(String.init)
        let arguments = CStringArray([program] + words)
        let environment = CStringArray(Programs.environment())
        for folder in folders {
            try? Programs.execute("\(folder)/\(program)", arguments, environment)
        }
        return "simulate: \(program) is not installed beside pouch"
    }

    /// Where this program lies.
    private static var ownFolder: String? {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count)
        guard length > 0, let slash = path[..<length].lastIndex(of: CChar(UInt8(ascii: "/"))) else { return nil }
        return String(decoding: path[..<slash].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func run(_ session: Session) throws(Failure) {
        throw .message(Self.become([], variable))
    }
}
