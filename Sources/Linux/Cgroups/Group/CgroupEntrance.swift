internal import Glibc
package import LinuxKernel

/// The open doors of a group, for a process that is to be born in it or to move in.
///
/// The parent opens them before clone(2); the child, still with the one thread it was born with, goes through. Moving
/// oneself is what makes this fast: writing another process's id takes a lock over every fork and exit of the machine
/// and waits for an RCU grace period (4 to 10 ms measured), writing `0` to v1's `tasks` takes none.
///
/// ```
///   parent                                     child
///   entrance = group.entrance()
///   clone3(CLONE_INTO_CGROUP, cgroup: entrance.birthplace)
///                                              entrance.enter()         v1: `0` to each tasks file
///                                              unshare(CLONE_NEWCGROUP) only now: its root is where we are
/// ```
package struct CgroupEntrance: ~Copyable {
    /// `tasks` of each v1 hierarchy, with its path for messages.
    private let tasks: [(descriptor: Int32, path: String)]
    /// A directory of v2 for clone3(2)'s `cgroup` field; `nil` on v1 alone.
    package let birthplace: Int32?

    fileprivate init(tasks: [(Int32, String)], birthplace: Int32?) {
        self.tasks = tasks
        self.birthplace = birthplace
    }

    deinit {
        for (descriptor, _) in tasks { close(descriptor) }
        if let birthplace { close(birthplace) }
    }

    /// Moves the calling process in; allocates nothing unless it fails.
    ///
    /// The process must have one thread. It must be in the namespaces of its parent still, as far as cgroups go.
    /// `isBornInside` says that CLONE_INTO_CGROUP was used with ``birthplace``.
    ///
    /// - Throws: `EBUSY` when the group has children with controllers (v2), `ENOSPC` for a cpuset without processors,
    ///   `EINVAL` for a realtime process in a group without realtime.
    package func enter(isBornInside: Bool) throws(SyscallError) {
        for (descriptor, path) in tasks {
            try check("write", path) { write(descriptor, "0", 1) }
        }
        guard let birthplace, !isBornInside else { return }
        let processes = try Descriptor.open("cgroup.procs", O_WRONLY, at: birthplace)
        let number = processes.raw
        try check("write", "cgroup.procs") { write(number, "0", 1) }
    }
}

extension Cgroup {
    /// Opens the group for a process that is not born yet.
    package func entrance() throws(CgroupError) -> CgroupEntrance { try entrance { _ in self } }

    /// Opens for each mount the group that `place` names, this one or one inside it.
    package func entrance(_ place: (CgroupTree.Mount) -> Cgroup) throws(CgroupError) -> CgroupEntrance {
        var tasks: [(Int32, String)] = []
        var birthplace: Int32?
        do {
            for mount in tree.mounts {
                let directory = place(mount).directory(on: mount)
                switch mount.hierarchy {
                case .v1:
                    let path = directory + "/tasks"
                    tasks.append((try Descriptor.open(path, O_WRONLY).release(), path))
                case .v2: birthplace = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY).release()
                }
            }
        } catch {
            for (descriptor, _) in tasks { close(descriptor) }
            throw .kernel(doing: "enter cgroup \(path)", error)
        }
        return CgroupEntrance(tasks: tasks, birthplace: birthplace)
    }

    /// Moves a process that runs already; slow (see ``CgroupEntrance``).
    package func add(_ process: Int32) throws(CgroupError) {
        for mount in tree.mounts {
            do {
                try WholeFile.set(directory(on: mount) + "/cgroup.procs", to: "\(process)")
            } catch {
                throw .kernel(doing: "move process \(process) into cgroup \(path)", error)
            }
        }
    }
}
