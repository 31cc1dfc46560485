internal import Glibc

/// The disk that pods write to.
enum NodeDisk {
    /// Bytes in all; 0 when it cannot be asked.
    static func size(_ path: String) -> Int64 {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return 0 }
        return Int64(clamping: UInt64(facts.f_blocks) * UInt64(facts.f_frsize))
    }

    /// The part of the disk that is left for others than root, from 0 to 1; of files too.
    static func free(_ path: String) -> Double {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0, facts.f_blocks > 0 else { return 1 }
        let bytes = Double(facts.f_bavail) / Double(facts.f_blocks)
        return facts.f_files > 0 ? min(bytes, Double(facts.f_favail) / Double(facts.f_files)) : bytes
    }
}
