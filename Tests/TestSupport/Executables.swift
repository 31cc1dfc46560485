internal import Glibc
internal import LinuxKernel

/// Where the executables under test are.
///
/// `POUCH_BIN` names the folder; without it, the folder of the test bundle that is running.
package enum Executables {
    package static let folder: String = {
        if let chosen = getenv("POUCH_BIN") { return String(cString: chosen) }
        let words = ((try? WholeFile.read("/proc/self/cmdline")) ?? []).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        let bundle = words.first { $0.hasSuffix(".xctest") } ?? words.first ?? "."
        return bundle.lastIndex(of: "/").map { String(bundle[..<$0]) } ?? "."
    }()

    package static var runtime: String { "\(folder)/pouch-runtime" }
    package static var daemon: String { "\(folder)/pouchd" }
    package static var poolServer: String { "\(folder)/pouch-server" }
    package static var client: String { "\(folder)/pouch" }

    /// Finds `name` along `PATH` and in the system's sbin folders.
    package static func tool(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders =
            path.split(separator: ":").map(String.init) + ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/sbin", "/bin"]
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
