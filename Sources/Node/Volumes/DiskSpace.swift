internal import CLinux
internal import Glibc
internal import LinuxKernel

/// What a disk has.
enum DiskSpace {
    /// All bytes of the filesystem that holds `path`; nil when nobody knows.
    static func size(of path: String) -> UInt64? {
        var found = clinux_space()
        return clinux_space(path, &found) == 0 ? found.blocks * found.block : nil
    }
}

/// Removes folders with everything in them, never following a link or crossing into another filesystem; blocks.
enum FolderRemoval {
    /// - Returns: why something is left; nil when all is gone.
    static func remove(_ path: String) -> SyscallError? {
        do throws(SyscallError) {
            let status = try Files.status(path, following: false)
            guard status.isDirectory else {
                try Files.remove(path)
                return nil
            }
            let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try empty(folder.raw, status.device)
            try Files.remove(path, directory: true)
            return nil
        } catch {
            return error.errno == ENOENT ? nil : error
        }
    }

    private static func empty(_ folder: Int32, _ device: UInt64) throws(SyscallError) {
        for name in try Files.list("/proc/self/fd/\(folder)") {
            let status = try Files.status(name, at: folder, following: false)
            if status.isDirectory {
                guard status.device == device else { throw SyscallError("remove", errno: EBUSY, subject: name) }
                let child = try Descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: folder)
                try empty(child.raw, device)
            }
            try Files.remove(name, directory: status.isDirectory, at: folder)
        }
    }
}
