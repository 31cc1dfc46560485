internal import CLinux
internal import Glibc
internal import LinuxKernel
internal import Units

/// Limits by a subvolume and its quota group (qgroup).
///
/// A space is one subvolume with a limit on its group `0/<subvolume>`. A folder taken in must be a subvolume's root too: then both
/// belong to a group `1/<space>` that has the limit. Numbers are those of the last commit.
package struct BtrfsQuota: QuotaDriver {
    package let name = "btrfs"
    package let abilities = QuotaAbilities(
        inodes: false, foreignFolders: true, shrinking: true, adoption: false, statistics: false,
        privilegeEscapes: false)

    /// btrfs commits, and so counts, at least so often (mount option `commit`).
    private static let commitInterval = Duration.seconds(30)

    package init() {}

    package func make(_ space: QuotaSpace, limit: QuotaLimit) throws(QuotaError) {
        let bytes = try checked(limit)
        try remove(space)
        try quota("make \(space.path)") { () throws(SyscallError) in
            try Files.makeDirectory(space.path, mode: 0o711)
            let parent = try Descriptor.open(space.path, O_RDONLY | O_DIRECTORY)
            let folder = parent.raw
            // Accounting must be on before the first byte is written.
            try checkNegative("ioctl", "BTRFS_IOC_QUOTA_CTL") { clinux_btrfs_enable_quota(folder) }
            try checkNegative("ioctl", "BTRFS_IOC_QUOTA_RESCAN_WAIT") { clinux_btrfs_await_accounts(folder) }
            try checkNegative("ioctl", "BTRFS_IOC_SUBVOL_CREATE") { clinux_btrfs_make_subvolume(folder, "fs") }
        }
        try setLimit(space, bytes)
    }

    package func settle(_ space: QuotaSpace) throws(QuotaError) {}
    package func attach(_ space: QuotaSpace) throws(QuotaError) {}

    private func checked(_ limit: QuotaLimit) throws(QuotaError) -> UInt64 {
        guard limit.inodes == nil else { throw .unsupported(driver: name, "cannot limit the number of files") }
        return limit.bytes?.bytes ?? 0
    }

    private func setLimit(_ space: QuotaSpace, _ bytes: UInt64) throws(QuotaError) {
        try quota("limit \(space.content)") { () throws(SyscallError) in
            let content = try Descriptor.open(space.content, O_RDONLY | O_DIRECTORY)
            let folder = content.raw
            let group = try group(of: space, folder)
            try checkNegative("ioctl", "BTRFS_IOC_QGROUP_LIMIT") { clinux_btrfs_limit(folder, group, bytes) }
        }
    }

    private static func shared(_ space: QuotaSpace) -> UInt64 { 1 << 48 | UInt64(space.id) }

    /// The group that has the limit: the one for several subvolumes when there is one.
    private func group(of space: QuotaSpace, _ folder: Int32) throws(SyscallError) -> UInt64 {
        var usage = clinux_btrfs_usage()
        if clinux_btrfs_usage(folder, Self.shared(space), &usage) == 0 { return Self.shared(space) }
        return UInt64(try checkNegative("ioctl", "BTRFS_IOC_INO_LOOKUP") { clinux_btrfs_subvolume(folder) })
    }

    package func change(_ space: QuotaSpace, to limit: QuotaLimit, isIdle: Bool) throws(QuotaError) {
        let bytes = try checked(limit)
        let now = try usage(space)
        guard bytes == 0 || bytes >= now.bytes else {
            throw .tooSmall("\(now.bytes) bytes are written already, more than the new limit of \(bytes)")
        }
        try setLimit(space, bytes)
    }

    package func usage(_ space: QuotaSpace) throws(QuotaError) -> QuotaUsage {
        var found = clinux_btrfs_usage()
        try quota("look at \(space.content)") { () throws(SyscallError) in
            let content = try Descriptor.open(space.content, O_RDONLY | O_DIRECTORY)
            let folder = content.raw
            let group = try group(of: space, folder)
            try checkNegative("ioctl", "BTRFS_IOC_TREE_SEARCH") { clinux_btrfs_usage(folder, group, &found) }
        }
        return QuotaUsage(
            bytes: found.referenced, limit: QuotaLimit(bytes: found.limit == 0 ? nil : ByteCount(found.limit)),
            oldest: Self.commitInterval)
    }

    package func remove(_ space: QuotaSpace) throws(QuotaError) {
        guard Files.exists(space.path) else { return }
        try quota("remove \(space.path)") { () throws(SyscallError) in
            let parent = try Descriptor.open(space.path, O_RDONLY | O_DIRECTORY)
            let folder = parent.raw
            if Files.exists(space.content) {
                let content = try Descriptor.open(space.content, O_RDONLY | O_DIRECTORY)
                let number = content.raw
                let own = try checkNegative("ioctl", "BTRFS_IOC_INO_LOOKUP") { clinux_btrfs_subvolume(number) }
                // A group that still has members cannot go; the kernel cleans up an empty one of a deleted subvolume only since 6.12.
                _ = clinux_btrfs_assign(number, UInt64(own), Self.shared(space), 0)
                try checkNegative("ioctl", "BTRFS_IOC_SNAP_DESTROY") { clinux_btrfs_remove_subvolume(folder, "fs") }
                _ = clinux_btrfs_make_group(folder, Self.shared(space), 0)
                _ = clinux_btrfs_make_group(folder, UInt64(own), 0)
            }
            try Files.remove(space.path, directory: true)
        }
    }

    // MARK: folders elsewhere

    package func takeIn(_ path: String, to space: QuotaSpace) throws(QuotaError) {
        let root = try subvolumeRoot(path)
        let limit = try usage(space).limit
        try quota("limit \(path)") { () throws(SyscallError) in
            let content = try Descriptor.open(space.content, O_RDONLY | O_DIRECTORY)
            let folder = content.raw
            let own = try checkNegative("ioctl", "BTRFS_IOC_INO_LOOKUP") { clinux_btrfs_subvolume(folder) }
            let shared = Self.shared(space)
            let made = clinux_btrfs_make_group(folder, shared, 1)
            guard made == 0 || made == -EEXIST else {
                throw SyscallError("ioctl", errno: -made, subject: "BTRFS_IOC_QGROUP_CREATE")
            }
            for member in [UInt64(own), root] {
                let assigned = clinux_btrfs_assign(folder, member, shared, 1)
                // 1 says that the accounts need a rescan, which the kernel begins by itself.
                guard assigned >= 0 || assigned == -EEXIST else {
                    throw SyscallError("ioctl", errno: -assigned, subject: "BTRFS_IOC_QGROUP_ASSIGN")
                }
            }
            try checkNegative("ioctl", "BTRFS_IOC_QUOTA_RESCAN_WAIT") { clinux_btrfs_await_accounts(folder) }
            try checkNegative("ioctl", "BTRFS_IOC_QGROUP_LIMIT") {
                clinux_btrfs_limit(folder, shared, limit.bytes?.bytes ?? 0)
            }
            try checkNegative("ioctl", "BTRFS_IOC_QGROUP_LIMIT") { clinux_btrfs_limit(folder, UInt64(own), 0) }
        }
    }

    package func letGo(_ path: String, of space: QuotaSpace) throws(QuotaError) {
        guard Files.exists(path), let root = try? subvolumeRoot(path) else { return }
        try quota("let \(path) go") { () throws(SyscallError) in
            let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            let number = folder.raw
            let taken = clinux_btrfs_assign(number, root, Self.shared(space), 0)
            guard taken >= 0 || taken == -ENOENT || taken == -EINVAL else {
                throw SyscallError("ioctl", errno: -taken, subject: "BTRFS_IOC_QGROUP_ASSIGN")
            }
        }
    }

    /// The subvolume whose root `path` is.
    private func subvolumeRoot(_ path: String) throws(QuotaError) -> UInt64 {
        do throws(SyscallError) {
            let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            let number = folder.raw
            let subvolume = try checkNegative("ioctl", "BTRFS_IOC_INO_LOOKUP") { clinux_btrfs_subvolume(number) }
            // Every subvolume's root has this inode.
            if try Files.status(of: number).inode == 256 { return UInt64(subvolume) }
        } catch {
            guard error.errno == ENOTTY else { throw .kernel(doing: "look at \(path)", error) }
        }
        throw .unsupported(
            driver: name,
            "can limit \(path) only if it is the root of a btrfs subvolume; make one with `btrfs subvolume create`")
    }
}
