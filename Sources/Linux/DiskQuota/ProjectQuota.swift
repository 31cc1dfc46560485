internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import Units

/// Limits by project quota of ext4 and xfs: files carry a project's number, the filesystem counts and limits per number.
///
/// New files inherit the number of their folder. It costs two ioctls and a quotactl(2), and reading is one more.
package struct ProjectQuota: QuotaDriver {
    package let name = "project"
    package let abilities: QuotaAbilities
    /// The filesystem's block device, for kernels before 5.14.
    private let device: String
    /// A folder on the filesystem.
    private let root: String
    /// Whether what was removed is freed in the background, and counted until then: on xfs.
    private let freesLater: Bool

    /// `kind` is `ext4` or `xfs`.
    init(root: String, device: String, kind: String) {
        self.root = root
        self.device = device
        freesLater = kind == "xfs"
        abilities = QuotaAbilities(
            inodes: true, foreignFolders: true, shrinking: true, adoption: true, statistics: true,
            // ext4 lets a process with CAP_SYS_RESOURCE pass hard limits, xfs lets nobody.
            privilegeEscapes: kind == "ext4")
    }

    package func make(_ space: QuotaSpace, limit: QuotaLimit) throws(QuotaError) {
        try remove(space)
        try quota("make \(space.path)") { () throws(SyscallError) in
            try Files.makeDirectory(space.path, mode: 0o711)
            try Files.makeDirectory(space.content, mode: 0o711)
            let folder = try Descriptor.open(space.content, O_RDONLY | O_DIRECTORY)
            let number = folder.raw
            try checkNegative("ioctl", "FS_IOC_FSSETXATTR \(space.content)") {
                clinux_set_project(number, space.id, 1)
            }
        }
        try setLimit(space, limit)
    }

    package func settle(_ space: QuotaSpace) throws(QuotaError) {}
    package func attach(_ space: QuotaSpace) throws(QuotaError) {}

    private func setLimit(_ space: QuotaSpace, _ limit: QuotaLimit) throws(QuotaError) {
        try quota("limit project \(space.id)") { () throws(SyscallError) in
            let folder = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
            let number = folder.raw
            try checkNegative("quotactl", device) {
                clinux_project_limit(number, device, space.id, limit.bytes?.bytes ?? 0, limit.inodes ?? 0)
            }
        }
    }

    package func change(_ space: QuotaSpace, to limit: QuotaLimit, isIdle: Bool) throws(QuotaError) {
        let now = try settledUsage(space, below: limit)
        if let bytes = limit.bytes, bytes.bytes < now.bytes {
            throw .tooSmall("\(now.bytes) bytes are written already, more than the new limit of \(bytes)")
        }
        if let inodes = limit.inodes, inodes < now.inodes ?? 0 {
            throw .tooSmall("there are \(now.inodes ?? 0) files already, more than the new limit of \(inodes)")
        }
        try setLimit(space, QuotaLimit(bytes: limit.bytes ?? now.limit.bytes, inodes: limit.inodes ?? now.limit.inodes))
    }

    /// The usage; where a limit seems too small for it, only after the moments that the kernel takes to free what was removed.
    ///
    /// The kernel offers nothing to wait on; two seconds at most.
    private func settledUsage(_ space: QuotaSpace, below limit: QuotaLimit) throws(QuotaError) -> QuotaUsage {
        var now = try usage(space)
        for _ in 0..<(freesLater ? 100 : 0) {
            guard now.bytes > limit.bytes?.bytes ?? .max || now.inodes ?? 0 > limit.inodes ?? .max else { break }
            usleep(20_000)
            now = try usage(space)
        }
        return now
    }

    package func usage(_ space: QuotaSpace) throws(QuotaError) -> QuotaUsage {
        let found = try usage(of: space.id)
        return QuotaUsage(
            bytes: found.bytes, inodes: found.inodes,
            limit: QuotaLimit(
                bytes: found.byte_limit == 0 ? nil : ByteCount(found.byte_limit),
                inodes: found.inode_limit == 0 ? nil : found.inode_limit))
    }

    /// Whether somebody else uses this project's number.
    package func isTaken(_ id: UInt32) -> Bool {
        guard let found = try? usage(of: id) else { return false }
        return found.bytes > 0 || found.inodes > 0 || found.byte_limit > 0 || found.inode_limit > 0
    }

    private func usage(of id: UInt32) throws(QuotaError) -> clinux_project_usage {
        var found = clinux_project_usage()
        try quota("look at project \(id)") { () throws(SyscallError) in
            let folder = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
            let number = folder.raw
            let result = clinux_project_usage(number, device, id, &found)
            // xfs knows a project only once it has been used.
            if result == -ENOENT || result == -ESRCH { return }
            try checkNegative("quotactl", device) { result }
        }
        return found
    }

    package func remove(_ space: QuotaSpace) throws(QuotaError) {
        if Files.exists(space.path) {
            try quota("remove \(space.path)") { () throws(SyscallError) in try TreeRemoval.remove(space.path) }
            try setLimit(space, QuotaLimit())
        }
    }

    // MARK: folders elsewhere

    package func takeIn(_ path: String, to space: QuotaSpace) throws(QuotaError) {
        try mark(path, space.id)
    }

    package func letGo(_ path: String, of space: QuotaSpace) throws(QuotaError) {
        guard Files.exists(path) else { return }
        try mark(path, 0)
    }

    /// Gives `path` and all below it a project's number.
    private func mark(_ path: String, _ project: UInt32) throws(QuotaError) {
        try quota("mark \(path)") { () throws(SyscallError) in
            let device = try Files.status(root).device
            guard try Files.status(path).device == device else {
                throw SyscallError("open", errno: EXDEV, subject: "\(path) (another filesystem than \(root))")
            }
            let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            try Self.mark(folder.raw, project, device)
        }
    }

    private static func mark(_ folder: Int32, _ project: UInt32, _ device: UInt64) throws(SyscallError) {
        // The folder first: what is made in it meanwhile inherits.
        try checkNegative("ioctl", "FS_IOC_FSSETXATTR") { clinux_set_project(folder, project, project == 0 ? 0 : 1) }
        for name in try Files.list("/proc/self/fd/\(folder)") {
            do throws(SyscallError) {
                let status = try Files.status(name, at: folder, following: false)
                // Links and devices cannot be opened for it; they take no room but an inode.
                guard status.device == device, status.isDirectory || status.isRegular else { continue }
                let child = try Descriptor.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, at: folder)
                if status.isDirectory {
                    try mark(child.raw, project, device)
                } else {
                    let number = child.raw
                    try checkNegative("ioctl", "FS_IOC_FSSETXATTR") { clinux_set_project(number, project, 0) }
                }
            } catch {
                guard error.errno == ENOENT else { throw error }  // it went meanwhile
            }
        }
    }
}
