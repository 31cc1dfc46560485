internal import Glibc

/// Small files that are read and written whole: settings, state, identifiers.
package enum WholeFile {
    /// Reads all of `path`.
    package static func read(_ path: String) throws(SyscallError) -> [UInt8] {
        try Descriptor.open(path).readToEnd()
    }

    /// Writes `bytes` into an existing file such as a cgroup or proc setting, in one write(2).
    package static func set(_ path: String, to bytes: String) throws(SyscallError) {
        let file = try Descriptor.open(path, O_WRONLY)
        let number = file.raw
        let count = bytes.utf8.count
        try check("write", path) { Glibc.write(number, bytes, count) }
    }

    /// Replaces `path` at once: readers see the old bytes or the new, never half.
    ///
    /// Survives the death of every process; survives power loss only when `durable`, which syncs the file and its folder.
    package static func replace(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o600, durable: Bool = false)
        throws(SyscallError)
    {
        let temporary = path + ".new"
        do {
            let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
            try file.writeAll(bytes)
            if durable {
                let number = file.raw
                try check("fsync", temporary) { fsync(number) }
            }
        }
        try check("rename", path) { rename(temporary, path) }
        if durable {
            let slash = path.lastIndex(of: "/")
            let folder = try Descriptor.open(
                slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".", O_RDONLY | O_DIRECTORY)
            let number = folder.raw
            try check("fsync", path) { fsync(number) }
        }
    }
}
