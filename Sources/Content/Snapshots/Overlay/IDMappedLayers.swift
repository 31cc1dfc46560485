internal import CLinux
internal import Glibc
internal import Lanes
internal import LinuxKernel

/// Layers seen through an id map, for containers in a user namespace: the files stay the host's, the numbers become theirs.
enum IDMappedLayers {
    /// Whether the kernel maps the ids of `mount`'s layers; blocks.
    static func isPossible(_ mount: SnapshotMount) -> Bool {
        guard let map = mount.idMap else { return true }
        return DedicatedThread.runBlocking {
            do throws(SyscallError) {
                let namespace = try UserNamespaceHolder.open(map)
                let tree = try Mounts.copyTree(mount.root)
                try Mounts.setAttributes(of: tree.raw, userNamespace: namespace.raw)
                return true
            } catch {
                return false
            }
        }
    }

    /// Mounts the data root's links idmapped in the calling thread's mount namespace; gives a mount value that uses them.
    ///
    /// - Throws: `EINVAL` or `ENOSYS` where the kernel (5.12) or the file system cannot.
    static func mount(_ mount: SnapshotMount, _ map: SnapshotMount.IDMap) throws(SyscallError) -> SnapshotMount {
        let namespace = try UserNamespaceHolder.open(map)
        // One idmapped view of the whole data root serves all layers; it hides the plain one from this thread only, below a
        // directory that is there anyway.
        let tree = try Mounts.copyTree(mount.root)
        try Mounts.setAttributes(of: tree.raw, userNamespace: namespace.raw)
        let place = "\(mount.root)/tmp"
        try Mounts.attach(tree.raw, onPath: place)
        var mapped = mount
        mapped.lower = mount.lower.map { "tmp/\($0)" }
        return mapped
    }
}

/// Makes user namespaces that exist only to carry an id map.
enum UserNamespaceHolder {
    /// A descriptor of a new user namespace with this map.
    ///
    /// A child process is needed for a moment, as only a process can have a map written for it.
    static func open(_ map: SnapshotMount.IDMap) throws(SyscallError) -> Descriptor {
        var pid: Int32 = 0
        let started = clinux_start_namespace_holder()
        try checkNegative("clone3", "user namespace") { started }
        pid = started
        defer { clinux_stop_namespace_holder(pid) }
        try WholeFile.set("/proc/\(pid)/uid_map", to: text(map.users))
        try WholeFile.set("/proc/\(pid)/setgroups", to: "deny")
        try WholeFile.set("/proc/\(pid)/gid_map", to: text(map.groups))
        return try Descriptor.open("/proc/\(pid)/ns/user")
    }

    private static func text(_ ranges: [SnapshotMount.IDRange]) -> String {
        ranges.map { "\($0.container) \($0.host) \($0.count)\n" }.joined()
    }
}
