internal import CLinux
internal import Glibc
package import LinuxKernel

/// An open directory that several holders share.
package final class DirectoryHandle: Sendable {
    package let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    package var raw: Int32 { descriptor.raw }
}

/// A directory tree that code works on without ever leaving it, whatever links lie in it and whoever changes it meanwhile.
///
/// Every path is resolved by the kernel as if the tree were the whole file system (openat2(2), `RESOLVE_IN_ROOT`).
package final class Tree: Sendable {
    package let root: DirectoryHandle

    /// Longer paths are walked in pieces, since the kernel takes at most 4,095 bytes at once.
    private static let longest = 3000
    private static let inRoot: UInt64 = 0x10
    private static let beneathWithoutLinks: UInt64 = 0x08 | 0x04 | 0x02

    /// Takes over a descriptor of the tree's root.
    package init(root: consuming Descriptor) {
        self.root = DirectoryHandle(root)
    }

    /// The tree below a directory that is open already.
    package init(sharing root: DirectoryHandle) {
        self.root = root
    }

    package convenience init(path: String) throws(ArchiveError) {
        self.init(
            root: try kernel { () throws(SyscallError) in try Descriptor.open(path, O_RDONLY | O_DIRECTORY) })
    }

    /// Opens a directory of the tree, following links inside it.
    ///
    /// - Throws: `ENOENT`, `ENOTDIR`, `ELOOP` as open(2) would with the tree as root.
    package func directory(_ path: EntryPath) throws(SyscallError) -> DirectoryHandle {
        if path.isRoot { return root }
        let bytes = path.bytes
        if bytes.count <= Self.longest {
            return DirectoryHandle(
                try Names.resolve(bytes, under: root.raw, O_RDONLY | O_DIRECTORY, resolve: Self.inRoot))
        }
        return try deepDirectory(path)
    }

    /// A directory whose path is too long for one call: links are refused from the second piece on.
    private func deepDirectory(_ path: EntryPath) throws(SyscallError) -> DirectoryHandle {
        var handle = root
        var rest = path.components[...]
        while !rest.isEmpty {
            var piece: [UInt8] = []
            while let next = rest.first, piece.isEmpty || piece.count + 1 + next.count <= Self.longest {
                piece += (piece.isEmpty ? [] : [47]) + next
                rest = rest.dropFirst()
            }
            let first = handle === root
            handle = DirectoryHandle(
                try Names.resolve(
                    piece, under: handle.raw, O_RDONLY | O_DIRECTORY,
                    resolve: first ? Self.inRoot : Self.beneathWithoutLinks))
        }
        return handle
    }

    /// Opens whatever `path` leads to inside the tree, links followed, without reading it (`O_PATH`).
    package func locate(_ path: EntryPath) throws(SyscallError) -> Descriptor {
        try Names.resolve(path.isRoot ? [46] : path.bytes, under: root.raw, Names.pathOnly, resolve: Self.inRoot)
    }

    /// Opens the regular file `name` for reading, and nothing else, even when it is replaced meanwhile.
    ///
    /// - Throws: `EINVAL` when it is not a regular file any more: opening a device may have effects.
    static func openFile(_ name: [UInt8], at directory: Int32) throws(SyscallError) -> Descriptor {
        let found = try Names.open(name, at: directory, Names.pathOnly)
        guard try Names.status(of: found.raw).st_mode & S_IFMT == S_IFREG else {
            throw SyscallError("open", errno: EINVAL, subject: Names.text(name))
        }
        return try Descriptor.open("/proc/self/fd/\(found.raw)", O_RDONLY)
    }

    /// Removes `name` with everything below it; what is gone already is fine.
    package static func remove(_ name: [UInt8], at directory: Int32) throws(SyscallError) {
        do {
            try Names.remove(name, at: directory)
            return
        } catch {
            if error.errno == ENOENT { return }
            guard error.errno == EISDIR || error.errno == EPERM else { throw error }
        }
        do throws(SyscallError) {
            try Names.remove(name, at: directory, isDirectory: true)
            return
        } catch {
            guard error.errno == ENOTEMPTY || error.errno == EEXIST else { throw error }
        }
        try emptyDirectory(name, at: directory)
        try Names.remove(name, at: directory, isDirectory: true)
    }

    /// Removes the file or tree at `path`, blocking for as long as it takes; what is gone already is fine.
    package static func remove(path: String) throws(SyscallError) {
        try remove(Array(path.utf8), at: AT_FDCWD)
    }

    /// Empties a directory of any depth with few descriptors: deep directories are first moved up.
    private static func emptyDirectory(_ name: [UInt8], at directory: Int32) throws(SyscallError) {
        let top = try Names.open(name, at: directory, O_RDONLY | O_DIRECTORY)
        try emptyDirectory(top.raw, depth: 0, top: top.raw)
    }

    private static let deepest = 200

    private static func emptyDirectory(_ directory: Int32, depth: Int, top: Int32) throws(SyscallError) {
        // At the top, directories that were moved up meanwhile are found by listing again.
        repeat {
            for name in try Names.list(directory) where try removeUnlessDirectory(name, at: directory) {
                if depth >= deepest {
                    try park(name, at: directory, in: top)
                    continue
                }
                do {
                    let child = try Names.open(name, at: directory, O_RDONLY | O_DIRECTORY)
                    try emptyDirectory(child.raw, depth: depth + 1, top: top)
                }
                try Names.remove(name, at: directory, isDirectory: true)
            }
            if depth > 0 { return }
        } while try !Names.list(directory).isEmpty
    }

    /// Moves a directory that lies too deep up to the top of what is being removed.
    private static func park(_ name: [UInt8], at directory: Int32, in top: Int32) throws(SyscallError) {
        let inode = try Names.status(name, at: directory).st_ino
        try check("rename", Names.text(name)) {
            Names.withCString(name) { old in
                Names.withCString(Array(".pouch-removing-\(inode)".utf8)) { renameat(directory, old, top, $0) }
            }
        }
    }

    /// Removes `name` unless it is a directory with something in it; says whether that is so.
    private static func removeUnlessDirectory(_ name: [UInt8], at directory: Int32) throws(SyscallError) -> Bool {
        do throws(SyscallError) {
            try Names.remove(name, at: directory)
            return false
        } catch {
            if error.errno == ENOENT { return false }
            guard error.errno == EISDIR || error.errno == EPERM else { throw error }
        }
        do throws(SyscallError) {
            try Names.remove(name, at: directory, isDirectory: true)
            return false
        } catch {
            if error.errno == ENOENT { return false }
            guard error.errno == ENOTEMPTY || error.errno == EEXIST else { throw error }
            return true
        }
    }
}
