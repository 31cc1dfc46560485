internal import CLinux
internal import Glibc
internal import LinuxKernel

/// One file in a directory of a tree, as it was when it was looked at.
package struct TreeItem {
    package let bytes: [UInt8]
    let directory: DirectoryHandle
    let status: stat

    /// Everything in `directory`, sorted by name; what vanishes meanwhile is left out.
    package static func all(in directory: DirectoryHandle) throws(ArchiveError) -> [TreeItem] {
        let names = try kernel { () throws(SyscallError) in try Names.list(directory.raw) }
        var items: [TreeItem] = []
        for name in names {
            if let item = try named(name, in: directory) { items.append(item) }
        }
        return items
    }

    /// The file of that name, nil when there is none.
    package static func named(_ name: [UInt8], in directory: DirectoryHandle) throws(ArchiveError) -> TreeItem? {
        do throws(SyscallError) {
            return TreeItem(bytes: name, directory: directory, status: try Names.status(name, at: directory.raw))
        } catch {
            if error.errno == ENOENT { return nil }
            throw .kernel(error)
        }
    }

    package var name: String { String(decoding: bytes, as: UTF8.self) }

    package var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
    package var isSymbolicLink: Bool { status.st_mode & S_IFMT == S_IFLNK }
    package var isEmptyFile: Bool { status.st_mode & S_IFMT == S_IFREG && status.st_size == 0 }
    /// It says that the layers below have nothing of this name.
    package var isWhiteout: Bool { status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0 }

    /// Same owner and permissions.
    package func hasSameAccess(as other: TreeItem) -> Bool {
        status.st_mode == other.status.st_mode && status.st_uid == other.status.st_uid
            && status.st_gid == other.status.st_gid
    }

    /// Nothing that a listing shows differs.
    package func looksLike(_ other: TreeItem) -> Bool {
        hasSameAccess(as: other) && FileTime(status.st_mtim) == FileTime(other.status.st_mtim)
    }

    /// What a copy with other owners shares with its original: kind, permissions, size, time, device and the owners meant.
    ///
    /// A write that changes neither size nor time goes unseen.
    package func looksLikeCopy(of original: TreeItem, owners: OwnerMap?) -> Bool {
        var (owner, group) = (original.status.st_uid, original.status.st_gid)
        if let owners, let mapped = owners.outside(owner: owner, group: group) {
            (owner, group) = (mapped.owner, mapped.group)
        }
        guard status.st_mode == original.status.st_mode, status.st_uid == owner, status.st_gid == group,
            FileTime(status.st_mtim) == FileTime(original.status.st_mtim)
        else { return false }
        return isDirectory || status.st_size == original.status.st_size && status.st_rdev == original.status.st_rdev
    }

    /// Opens the directory that this is.
    package func open() throws(ArchiveError) -> DirectoryHandle {
        try kernel { () throws(SyscallError) in
            DirectoryHandle(try Names.open(bytes, at: directory.raw, O_RDONLY | O_DIRECTORY))
        }
    }
}

extension DirectoryHandle {
    /// overlayfs shows nothing of the layers below here.
    package var isOpaque: Bool {
        ["trusted.overlay.opaque", "user.overlay.opaque"].contains { name in
            Attributes.read(name, of: [], at: raw) == [UInt8(ascii: "y")]
        }
    }
}

/// How much disk a tree takes.
package struct TreeUsage: Equatable, Sendable {
    /// Bytes on the disk, an inode with several names counted once.
    package var bytes: Int64 = 0
    package var inodes = 0

    /// Adds up everything below the root of `tree`; blocking, and as long as the tree is large.
    package static func measure(_ tree: Tree) throws(ArchiveError) -> TreeUsage {
        var usage = TreeUsage()
        var seen: Set<UInt64> = []
        try kernel { () throws(SyscallError) in try usage.add(tree.root.raw, &seen) }
        return usage
    }

    private mutating func add(_ directory: Int32, _ seen: inout Set<UInt64>) throws(SyscallError) {
        for name in try Names.list(directory) {
            guard let status = try? Names.status(name, at: directory) else { continue }
            if status.st_nlink > 1, status.st_mode & S_IFMT != S_IFDIR, !seen.insert(UInt64(status.st_ino)).inserted {
                continue
            }
            inodes += 1
            bytes += Int64(status.st_blocks) * 512
            guard status.st_mode & S_IFMT == S_IFDIR,
                let child = try? DirectoryHandle(Names.open(name, at: directory, O_RDONLY | O_DIRECTORY))
            else { continue }
            try add(child.raw, &seen)
        }
    }
}
