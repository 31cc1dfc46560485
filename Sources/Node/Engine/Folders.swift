internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Flags of open(2) that the C library shows only to those who ask for its extensions.
enum OpenFlag {
    /// `O_PATH`: a place, not its content.
    static let path: Int32 = 0x20_0000
}

/// Folders of the daemon's own; all of it blocks.
enum Folders {
    /// Makes `path` and the folders above it; one that is there is left alone.
    static func make(_ path: String, mode: UInt32 = 0o755) throws(SyscallError) {
        do throws(SyscallError) {
            try Files.makeDirectory(path, mode: mode)
        } catch {
            if error.errno == EEXIST { return }
            guard error.errno == ENOENT, path != "/", !path.isEmpty else { throw error }
            try make(PathText.folder(path))
            try Files.makeDirectory(path, mode: mode)
        }
    }

    /// Removes `path` and everything below it, never following a link or crossing into another filesystem.
    ///
    /// - Returns: the first thing that could not be removed; nil when all is gone.
    @discardableResult
    static func remove(_ path: String) -> SyscallError? {
        do throws(SyscallError) {
            let parent = try Descriptor.open(PathText.folder(path), O_RDONLY | O_DIRECTORY)
            let status = try Files.status(of: parent.raw)
            return removeEntry(PathText.name(path), at: parent.raw, device: status.device)
        } catch {
            return error.errno == ENOENT ? nil : error
        }
    }

    private static func removeEntry(_ name: String, at parent: Int32, device: UInt64) -> SyscallError? {
        var failure: SyscallError?
        do throws(SyscallError) {
            let status = try Files.status(name, at: parent, following: false)
            guard status.isDirectory else {
                try Files.remove(name, at: parent)
                return nil
            }
            let folder = try Descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: parent)
            guard try Files.status(of: folder.raw).device == device else {
                throw SyscallError("remove", errno: EBUSY, subject: name)
            }
            for entry in try Files.list("/proc/self/fd/\(folder.raw)") where failure == nil {
                failure = removeEntry(entry, at: folder.raw, device: device)
            }
            if failure == nil { try Files.remove(name, directory: true, at: parent) }
        } catch {
            return error.errno == ENOENT ? nil : error
        }
        return failure
    }

    /// Bytes that the files below `path` take, each counted once.
    static func usage(_ path: String) -> Int64 {
        var seen: Set<UInt64> = []
        return usage(path, &seen)
    }

    private static func usage(_ path: String, _ seen: inout Set<UInt64>) -> Int64 {
        guard let status = try? Files.status(path, following: false), seen.insert(status.inode).inserted else {
            return 0
        }
        guard status.isDirectory else { return status.size }
        var sum: Int64 = status.size
        for name in (try? Files.list(path)) ?? [] { sum += usage(PathText.join(path, name), &seen) }
        return sum
    }
}
