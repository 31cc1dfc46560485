internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Copies a tree to another filesystem as it is: owners, permissions, times, attributes, hard links, devices and holes.
///
/// For writable layers that move, so overlayfs's own attributes and marks of deletion go along.
package enum TreeCopy {
    /// Fills the directory `target` with what `source` holds, and gives it the same looks; blocking.
    ///
    /// - Throws: `ENOSPC` or `EDQUOT` where it does not fit; what was copied by then stays.
    package static func copy(from source: String, to target: String) throws(ArchiveError) {
        let (old, new) = (try Tree(path: source).root, try Tree(path: target).root)
        try kernel { () throws(SyscallError) in
            var links = Links(target: new.raw)
            try contents(from: old.raw, to: new.raw, at: [], &links)
            try DirectoryLooks.copy(from: old.raw, to: new.raw, overlay: true)
        }
    }

    /// Files with several names, by the name that was copied first.
    private struct Links {
        struct File: Hashable {
            var device: UInt64
            var inode: UInt64
        }
        var target: Int32
        var seen: [File: [UInt8]] = [:]
    }

    private static func contents(
        from source: Int32, to target: Int32, at path: [UInt8], _ links: inout Links
    ) throws(SyscallError) {
        for name in try Names.list(source) {
            let status = try Names.status(name, at: source)
            let place = path + (path.isEmpty ? [] : [47]) + name
            if status.st_mode & S_IFMT == S_IFDIR {
                try Names.makeDirectory(name, at: target, mode: 0o700)
                let old = try Names.open(name, at: source, O_RDONLY | O_DIRECTORY)
                let new = try Names.open(name, at: target, O_RDONLY | O_DIRECTORY)
                try contents(from: old.raw, to: new.raw, at: place, &links)
                try DirectoryLooks.copy(from: old.raw, to: new.raw, overlay: true)
                continue
            }
            let file = Links.File(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            if status.st_nlink > 1 {
                if let first = links.seen[file] {
                    try Names.makeHardLink(name, at: target, to: first, at: links.target)
                    continue
                }
                links.seen[file] = place
            }
            try one(name, status, from: source, to: target)
        }
    }

    /// A file's bytes, holes as holes.
    private static func data(from source: Int32, to target: Int32) throws(SyscallError) {
        let size = try Names.status(of: source).st_size
        try check("ftruncate") { ftruncate(target, size) }
        var place: off_t = 0
        while place < size {
            let start = clinux_seek_data(source, Int64(place))
            if start == -Int64(ENXIO) { return }
            place = off_t(try checkNegative("lseek") { start })
            let end = off_t(try checkNegative("lseek") { clinux_seek_hole(source, Int64(place)) })
            try check("lseek") { lseek(target, place, SEEK_SET) }
            while place < end {
                let sent = try check("sendfile") { sendfile(target, source, &place, end - place) }
                guard sent > 0 else { throw SyscallError("sendfile", errno: EIO) }
            }
        }
    }

    /// Anything but a directory.
    private static func one(
        _ name: [UInt8], _ status: stat, from source: Int32, to target: Int32
    ) throws(SyscallError) {
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            let old = try Names.open(name, at: source, O_RDONLY)
            let new = try Names.open(name, at: target, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try data(from: old.raw, to: new.raw)
        case S_IFLNK:
            let link = try Files.readLink(Names.text(name), at: source)
            try Names.makeSymbolicLink(name, at: target, to: Array(link.utf8))
        default:
            let number = UInt64(status.st_rdev)
            try Names.makeNode(
                name, at: target, mode: status.st_mode, major: clinux_major(number), minor: clinux_minor(number))
        }
        try check("chown", Names.text(name)) {
            Names.withCString(name) { fchownat(target, $0, status.st_uid, status.st_gid, 0x100) }
        }
        if status.st_mode & S_IFMT != S_IFLNK {
            try check("chmod", Names.text(name)) {
                Names.withCString(name) { fchmodat(target, $0, status.st_mode & 0o7777, 0) }
            }
        }
        for attribute in try Attributes.read(name, at: source) {
            try Attributes.set(attribute, on: name, at: target)
        }
        let times = [status.st_mtim, status.st_mtim]
        try check("utimensat", Names.text(name)) {
            Names.withCString(name) { utimensat(target, $0, times, 0x100) }
        }
    }
}
