internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Copies the shape of a tree, sharing its files by hard links: both trees must stay unchanged from then on.
package enum TreeCloner {
    /// Fills the directory `target` with what `source` holds; both lie on one file system.
    package static func clone(from source: String, to target: String) throws(ArchiveError) {
        try clone(from: try Tree(path: source).root, to: try Tree(path: target).root)
        _ = try DirectoryLooks.copy(EntryPath(), from: source, to: target)
    }

    private static func clone(from source: DirectoryHandle, to target: DirectoryHandle) throws(ArchiveError) {
        try kernel { () throws(SyscallError) in try cloneContents(from: source.raw, to: target.raw) }
    }

    private static func cloneContents(from source: Int32, to target: Int32) throws(SyscallError) {
        for name in try Names.list(source) {
            guard try Names.status(name, at: source).st_mode & S_IFMT == S_IFDIR else {
                try Names.makeHardLink(name, at: target, to: name, at: source)
                continue
            }
            try Names.makeDirectory(name, at: target, mode: 0o700)
            let old = try Names.open(name, at: source, O_RDONLY | O_DIRECTORY)
            let new = try Names.open(name, at: target, O_RDONLY | O_DIRECTORY)
            try cloneContents(from: old.raw, to: new.raw)
            try DirectoryLooks.copy(from: old.raw, to: new.raw, overlay: true)
        }
    }
}

/// Owner, permissions, time and attributes of a directory.
package enum DirectoryLooks {
    /// Gives `path` in the tree `target` the looks it has in the tree `source`; says whether it is a directory there.
    package static func copy(_ path: EntryPath, from source: String, to target: String) throws(ArchiveError) -> Bool {
        let (source, target) = (try Tree(path: source), try Tree(path: target))
        guard let old = try? source.directory(path) else { return false }
        try kernel { () throws(SyscallError) in
            let new = try target.directory(path)
            try copy(from: old.raw, to: new.raw, overlay: false)
        }
        return true
    }

    /// `overlay` copies overlayfs's own attributes too.
    static func copy(from source: Int32, to target: Int32, overlay: Bool) throws(SyscallError) {
        let status = try Names.status(of: source)
        try check("fchown") { fchown(target, status.st_uid, status.st_gid) }
        try check("fchmod") { fchmod(target, status.st_mode & 0o7777) }
        for attribute in try Attributes.read([], at: source) where overlay || !Whiteout.isOverlay(attribute.name) {
            do throws(SyscallError) {
                try Attributes.set(attribute, on: [46], at: target)
            } catch {
                guard error.errno == ENOTSUP || error.errno == EPERM else { throw error }
            }
        }
        let times = [status.st_mtim, status.st_mtim]
        try check("futimens") { futimens(target, times) }
    }
}
