internal import Glibc

/// The disk that a path is on, in bytes; nil when it cannot be asked.
enum MachineSpace {
    static func total(at path: String) -> Int64? { read(path).map { Int64($0.f_blocks) * Int64($0.f_frsize) } }

    /// What is left for root.
    static func free(at path: String) -> Int64? { read(path).map { Int64($0.f_bfree) * Int64($0.f_frsize) } }

    private static func read(_ path: String) -> statvfs? {
        var found = statvfs()
        return statvfs(path, &found) == 0 ? found : nil
    }
}
