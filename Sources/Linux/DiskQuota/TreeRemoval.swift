internal import Glibc
internal import LinuxKernel

/// Removes a folder with everything in it, never following a link or crossing into another filesystem.
enum TreeRemoval {
    static func remove(_ path: String) throws(SyscallError) {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try empty(folder.raw, try Files.status(of: folder.raw).device)
        try Files.remove(path, directory: true)
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
