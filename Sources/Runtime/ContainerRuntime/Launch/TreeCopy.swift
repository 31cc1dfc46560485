internal import Glibc
internal import LinuxKernel

/// Copies a folder's content with owners and permissions, for `tmpcopyup`; by descriptor, following no link.
enum TreeCopy {
    static func copy(from source: Int32, to target: Int32) throws(SyscallError) {
        // The path stands for the open descriptor, in the host's /proc that the child still sees.
        let names = try Files.list("/proc/self/fd/\(source)")
        for name in names {
            let status = try Files.status(name, at: source, following: false)
            if status.isDirectory {
                try Files.makeDirectory(name, mode: status.mode & 0o7777, at: target)
                let from = try Descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: source)
                let to = try Descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: target)
                try copy(from: from.raw, to: to.raw)
            } else if status.isSymbolicLink {
                try Files.makeLink(name, to: try Files.readLink(name, at: source), at: target)
            } else if status.isRegular {
                let from = try Descriptor.open(name, O_RDONLY | O_NOFOLLOW, at: source)
                let to = try Descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: status.mode & 0o777, at: target)
                try copyBytes(from, to)
            } else {
                try Files.makeNode(name, mode: status.mode, major: status.major, minor: status.minor, at: target)
            }
            try Files.changeOwner(name, user: status.owner, group: status.group, at: target)
            if !status.isSymbolicLink { try Files.changeMode(name, status.mode & 0o7777, at: target) }
        }
        let own = try Files.status(of: source)
        try Files.changeOwner(".", user: own.owner, group: own.group, at: target)
    }

    private static func copyBytes(_ from: borrowing Descriptor, _ to: borrowing Descriptor) throws(SyscallError) {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let number = from.raw
            let count = try check("read") { chunk.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) } }
            if count == 0 { return }
            try to.writeAll(Array(chunk[..<count]))
        }
    }
}
