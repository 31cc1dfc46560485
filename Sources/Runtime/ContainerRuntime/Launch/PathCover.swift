internal import Glibc
internal import LinuxKernel

/// Hides paths of the container, and takes write access from others, once its root is the root.
///
/// Nothing of the container is trusted: what covers a file is the host's `/dev/null`, opened before the root changed
/// and checked to be that device, never what the container has at that path.
///
/// Source: CVE-2025-31133, CVE-2025-52881.
struct PathCover: ~Copyable {
    /// A detached copy of the host's null device, until it is attached for the first time.
    private var null: Descriptor?
    private var empty: Descriptor?
    private var nullIsAttached = false

    /// To be called while the host's `/dev` is in sight.
    mutating func prepare() throws(SyscallError) {
        let tree = try Mounts.copyTree("/dev/null")
        let status = try Files.status(of: tree.raw)
        guard status.isCharacterDevice, status.major == 1, status.minor == 3 else {
            throw SyscallError("open_tree", errno: ENODEV, subject: "/dev/null of the host is not the null device")
        }
        try Mounts.setAttributes(of: tree.raw, propagation: .private)
        null = consume tree
    }

    /// Hides `path`; one that is not there needs no hiding.
    mutating func mask(_ path: String, in root: ContainerRoot) throws(SyscallError) {
        guard let target = try open(path, in: root) else { return }
        if try Files.status(of: target.raw).isDirectory {
            try coverFolder(target.raw)
        } else {
            try coverFile(target.raw)
        }
    }

    /// Makes `path` and what is mounted below it read-only.
    func makeReadOnly(_ path: String, in root: ContainerRoot) throws(SyscallError) {
        guard let target = try open(path, in: root) else { return }
        let tree = try Mounts.copyTree("", at: target.raw, recursive: true)
        try Mounts.setAttributes(of: tree.raw, set: .readOnly, recursive: true)
        try Mounts.attach(tree.raw, on: target.raw)
    }

    private func open(_ path: String, in root: ContainerRoot) throws(SyscallError) -> Descriptor? {
        do {
            return try root.open(path)
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return nil }
            throw error
        }
    }

    private mutating func coverFolder(_ target: Int32) throws(SyscallError) {
        if let first = empty?.raw {
            let copy = try Mounts.copyTree("", at: first)
            return try Mounts.attach(copy.raw, on: target)
        }
        let made = try Mounts.make(
            type: "tmpfs", source: "tmpfs", options: [(key: "size", value: "0"), (key: "nr_inodes", value: "1")],
            attributes: [.readOnly, .noSUID, .noDevices, .noExec])
        try Mounts.attach(made.raw, on: target)
        empty = consume made
    }

    private mutating func coverFile(_ target: Int32) throws(SyscallError) {
        guard let source = null?.raw else { throw SyscallError("open_tree", errno: EBADF, subject: "/dev/null") }
        // A detached tree cannot be copied before Linux 6.15, an attached one can.
        guard nullIsAttached else {
            try Mounts.attach(source, on: target)
            nullIsAttached = true
            return
        }
        let copy = try Mounts.copyTree("", at: source)
        try Mounts.attach(copy.raw, on: target)
    }
}
