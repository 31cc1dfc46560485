internal import Glibc
internal import LinuxKernel

extension Cgroup {
    /// Removes the group from every mount, with the groups that its processes made inside.
    ///
    /// A group is busy until its last process has been buried; that is waited for, at most `patience` milliseconds.
    /// Groups above it stay: others may be about to use them. A group that is gone is removed.
    ///
    /// - Throws: ``CgroupError/occupied(path:processes:)`` when processes are left.
    package func remove(patience milliseconds: Int = 2000) throws(CgroupError) {
        var patience = Patience(milliseconds: milliseconds)
        for mount in tree.mounts {
            try remove(directory(on: mount), &patience)
        }
    }

    private func remove(_ directory: String, _ patience: inout Patience) throws(CgroupError) {
        while true {
            if rmdir(directory) == 0 { return }
            let reason = errno
            switch reason {
            case ENOENT: return
            case EBUSY, ENOTEMPTY:
                let children = Self.children(of: directory)
                for child in children { try remove(directory + "/" + child, &patience) }
                if !children.isEmpty, rmdir(directory) == 0 { return }
                if patience.wait() { continue }
                let left = try Self.processes(in: directory, recursive: true).count
                throw left > 0
                    ? .occupied(path: directory, processes: left) : .timedOut(doing: "remove cgroup \(directory)")
            default:
                throw .kernel(doing: "remove cgroup", SyscallError("rmdir", errno: reason, subject: directory))
            }
        }
    }
}
