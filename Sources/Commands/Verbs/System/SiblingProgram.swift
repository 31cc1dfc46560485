internal import Glibc
internal import LinuxKernel

/// A program that lies beside `pouch` or on the path, and that a verb becomes: what it links would cost every other verb its
/// start-up time.
struct SiblingProgram {
    let name: String
    /// As messages call the verb.
    let verb: String

    /// Takes over this process; gives what to say on failure.
    func become(_ words: [String], _ variable: (String) -> String?) -> String {
        let arguments = CStringArray([name] + words)
        let environment = CStringArray(Programs.environment())
        for place in places(variable) { try? Programs.execute(place, arguments, environment) }
        return "\(verb): \(name) is not installed beside pouch"
    }

    /// Where it may be, the likeliest first.
    func places(_ variable: (String) -> String?) -> [String] {
        ([Self.ownFolder].compactMap { $0 } + (variable("PATH") ?? "").split(separator: ":").map(String.init))
            .map { "\($0)/\(name)" }
    }

    /// Where this program lies.
    private static var ownFolder: String? {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count)
        guard length > 0, let slash = path[..<length].lastIndex(of: CChar(UInt8(ascii: "/"))) else { return nil }
        return String(decoding: path[..<slash].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
