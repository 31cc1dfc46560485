internal import Glibc
internal import LinuxKernel

/// The root filesystem by descriptor: every path in it is resolved under it, whatever links it holds.
///
/// Source: openat2(2), RESOLVE_IN_ROOT; CVE-2019-19921, CVE-2021-30465, CVE-2025-52565.
struct ContainerRoot {
    let raw: Int32

    /// A name in an open folder.
    struct Place: ~Copyable {
        let folder: Descriptor
        let name: String
    }

    enum Leaf {
        case directory
        case file
    }

    /// Opens what is at `path`.
    ///
    /// - Throws: `ENOENT` when there is nothing.
    func open(_ path: String, _ flags: Int32 = Descriptor.pathOnly) throws(SyscallError) -> Descriptor {
        try Descriptor.open(inRoot: raw, path, flags)
    }

    /// Opens the place of a mount, made when it is missing with the folders above it.
    func ensure(_ path: String, _ leaf: Leaf) throws(SyscallError) -> Descriptor {
        do {
            return try open(path)
        } catch {
            guard error.errno == ENOENT else { throw error }
        }
        try make(path, leaf)
        return try open(path)
    }

    /// Opens the folder that holds `path`, made when missing; gives it with the last part of the name.
    func parent(of path: String) throws(SyscallError) -> Place {
        guard let slash = path.lastIndex(of: "/") else { return Place(folder: try open("/"), name: path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return Place(folder: try ensure(folder, .directory), name: String(path[path.index(after: slash)...]))
    }

    /// Makes what is missing of `path`; links on the way, dangling ones too, lead where they would in the container.
    private func make(_ path: String, _ leaf: Leaf) throws(SyscallError) {
        var waiting = path.split(separator: "/").map(String.init)
        waiting.reverse()
        var done: [String] = []
        var links = 0
        while let part = waiting.popLast() {
            if part == "." { continue }
            if part == ".." {
                _ = done.popLast()
                continue
            }
            let folder = try open("/" + done.joined(separator: "/"), Descriptor.pathOnly | O_DIRECTORY)
            guard let status = try statusIfThere(part, in: folder.raw) else {
                if waiting.isEmpty, leaf == .file {
                    _ = try Descriptor.open(part, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode: 0o644, at: folder.raw)
                } else {
                    try Files.makeDirectory(part, mode: 0o755, at: folder.raw)
                }
                done.append(part)
                continue
            }
            guard status.isSymbolicLink else {
                done.append(part)
                continue
            }
            links += 1
            guard links <= 40 else { throw SyscallError("openat2", errno: ELOOP, subject: path) }
            let target = try Files.readLink(part, at: folder.raw)
            if target.hasPrefix("/") { done = [] }
            waiting += target.split(separator: "/").map(String.init).reversed()
        }
    }

    private func statusIfThere(_ name: String, in folder: Int32) throws(SyscallError) -> FileStatus? {
        do {
            return try Files.status(name, at: folder, following: false)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }
}
