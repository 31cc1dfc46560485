internal import Glibc
package import LinuxKernel

extension SnapshotMount {
    /// Mounts the snapshot on `target`, in the calling thread's mount namespace and with its working directory changed.
    ///
    /// For a thread that has both to itself: a container in a user namespace needs its layers mapped before overlay stacks them, which
    /// the runtime cannot do from a list of mounts. The mapped layers are gone again when this returns; overlay holds its own.
    ///
    /// - Throws: `EINVAL` or `ENOSYS` where the kernel or the file system cannot map ids; else whatever mount(2) says.
    package func perform(on target: String) throws(SyscallError) {
        if kind == .bind {
            let tree = try Mounts.copyTree(source, recursive: false)
            return try Mounts.attach(tree.raw, onPath: target)
        }
        var mount = self
        if let idMap { mount = try IDMappedLayers.mount(self, idMap) }
        try check("chdir", root) { chdir(root) }
        try Mounts.mount(source, on: target, type: type, data: mount.relativeOptions.joined(separator: ","))
        if idMap != nil { try Mounts.unmount("\(root)/tmp", detached: true) }
    }
}
