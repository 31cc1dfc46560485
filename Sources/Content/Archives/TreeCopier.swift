internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Copies files one by one into a tree of its own, with everything that belongs to them; blocking, used by one thread.
///
/// Hard links stay links, holes stay holes, and where the file system can, contents are shared until one side changes. What
/// only overlayfs reads is left behind.
package final class TreeCopier {
    private let target: Tree
    private let owners: OwnerMap?
    /// Where inodes with several names were put, from the target's root.
    private var firstPlaces: [Inode: [UInt8]] = [:]

    private struct Inode: Hashable {
        var device: UInt64
        var number: UInt64
    }

    /// With `owners`, every file gets the number outside of the owner it has inside.
    package init(into target: Tree, owners: OwnerMap? = nil) {
        self.target = target
        self.owners = owners
    }

    /// Copies what is no directory into `directory`, which lies at `place` in the target; sockets are left out.
    package func copy(_ item: TreeItem, into directory: DirectoryHandle, at place: [UInt8]) throws(ArchiveError) {
        let path = (place.isEmpty ? [] : place + [47]) + item.bytes
        let inode = Inode(device: UInt64(item.status.st_dev), number: UInt64(item.status.st_ino))
        if item.status.st_nlink > 1, let first = firstPlaces[inode] {
            return try kernel { () throws(SyscallError) in
                try Names.makeHardLink(item.bytes, at: directory.raw, to: first, at: target.root.raw)
            }
        }
        try kernel { () throws(SyscallError) in
            guard try make(item, in: directory.raw) else { return }
            try dress(item, at: directory.raw)
        }
        if item.status.st_nlink > 1 { firstPlaces[inode] = path }
    }

    private func make(_ item: TreeItem, in directory: Int32) throws(SyscallError) -> Bool {
        let status = item.status
        switch status.st_mode & S_IFMT {
        case S_IFREG: try copyContent(item, to: directory)
        case S_IFLNK:
            let text = try Names.readLink(item.bytes, at: item.directory.raw)
            try Names.makeSymbolicLink(item.bytes, at: directory, to: text)
        case S_IFSOCK: return false
        default:
            // gnu_dev_major() and gnu_dev_minor(), which are macros.
            let number = status.st_rdev
            try Names.makeNode(
                item.bytes, at: directory, mode: status.st_mode,
                major: UInt32(truncatingIfNeeded: number >> 8 & 0xfff | number >> 32 & 0xffff_f000),
                minor: UInt32(truncatingIfNeeded: number & 0xff | number >> 12 & 0xffff_ff00))
        }
        return true
    }

    private func copyContent(_ item: TreeItem, to directory: Int32) throws(SyscallError) {
        let source = try Names.open(item.bytes, at: item.directory.raw, O_RDONLY)
        let copy = try Names.open(item.bytes, at: directory, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        let (from, to) = (source.raw, copy.raw)
        let length = Int(item.status.st_size)
        try check("ftruncate", item.name) { ftruncate(to, length) }
        var offset = 0
        while offset < length {
            // SEEK_DATA and SEEK_HOLE, which Glibc shows to nobody without _GNU_SOURCE; ENXIO is a hole up to the end.
            let start = lseek(from, offset, 3)
            if start < 0, errno == ENXIO { return }
            let end = try check("lseek", item.name) { lseek(from, start, 4) }
            try check("lseek", item.name) { lseek(from, start, SEEK_SET) }
            try check("lseek", item.name) { lseek(to, start, SEEK_SET) }
            offset = start
            while offset < end {
                let count = try checkNegative("copy_file_range", item.name) {
                    Int(clinux_copy_file_range(from, to, end - offset))
                }
                if count == 0 { return }
                offset += count
            }
        }
    }

    private func dress(_ item: TreeItem, at directory: Int32) throws(SyscallError) {
        let status = item.status
        let (owner, group) = mapped(status)
        try Names.changeOwner(item.bytes, at: directory, to: owner, group)
        if !item.isSymbolicLink { try Names.changeMode(item.bytes, at: directory, to: status.st_mode & 0o7777) }
        for attribute in try Attributes.read(item.bytes, at: item.directory.raw)
        where !Whiteout.isOverlay(attribute.name) {
            do throws(SyscallError) {
                try Attributes.set(attribute, on: item.bytes, at: directory)
            } catch {
                guard error.errno == ENOTSUP || error.errno == EPERM else { throw error }
            }
        }
        try Names.changeTime(item.bytes, at: directory, to: FileTime(status.st_mtim))
    }

    private func mapped(_ status: stat) -> (UInt32, UInt32) {
        guard let owners, let mapped = owners.outside(owner: status.st_uid, group: status.st_gid) else {
            return (status.st_uid, status.st_gid)
        }
        return (mapped.owner, mapped.group)
    }

    /// Makes an empty directory, to be finished when it is full.
    package func makeDirectory(_ name: [UInt8], in directory: DirectoryHandle) throws(ArchiveError) -> DirectoryHandle {
        try kernel { () throws(SyscallError) in
            try Names.makeDirectory(name, at: directory.raw, mode: 0o700)
            return DirectoryHandle(try Names.open(name, at: directory.raw, O_RDONLY | O_DIRECTORY))
        }
    }

    /// Gives a directory the looks of another, once nothing in it changes any more.
    package func finish(_ directory: DirectoryHandle, like original: DirectoryHandle) throws(ArchiveError) {
        try kernel { () throws(SyscallError) in
            try DirectoryLooks.copy(from: original.raw, to: directory.raw, overlay: false)
            let status = try Names.status(of: original.raw)
            let (owner, group) = mapped(status)
            if owner != status.st_uid || group != status.st_gid {
                try Files.changeOwner(of: directory.raw, user: owner, group: group)
                let mode = status.st_mode & 0o7777
                let number = directory.raw
                try check("fchmod") { fchmod(number, mode) }
                let times = [status.st_mtim, status.st_mtim]
                try check("futimens") { futimens(number, times) }
            }
        }
    }

    /// Says in a tree for overlayfs that the layers below have nothing of this name.
    package func makeWhiteout(_ name: [UInt8], in directory: DirectoryHandle) throws(ArchiveError) {
        try kernel { () throws(SyscallError) in
            try Names.makeNode(name, at: directory.raw, mode: S_IFCHR)
        }
    }

    /// Takes a directory away again in which nothing was put.
    package func removeDirectory(_ name: [UInt8], in directory: DirectoryHandle) throws(ArchiveError) {
        try kernel { () throws(SyscallError) in try Names.remove(name, at: directory.raw, isDirectory: true) }
    }
}
