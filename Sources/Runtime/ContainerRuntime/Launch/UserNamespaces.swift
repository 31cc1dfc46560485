internal import Glibc
internal import LinuxKernel

/// Maps of user namespaces.
enum UserNamespaces {
    /// Says which ids of the host those of the namespace of `pid` are.
    static func map(_ pid: Int32, users: [IDMap], groups: [IDMap]) throws(SyscallError) {
        let own = geteuid()
        if own != 0 {
            // Without privilege a process may give up setgroups(2), then map itself.
            try WholeFile.set("/proc/\(pid)/setgroups", to: "deny")
        }
        try WholeFile.set("/proc/\(pid)/gid_map", to: groups.map { "\($0)\n" }.joined())
        try WholeFile.set("/proc/\(pid)/uid_map", to: users.map { "\($0)\n" }.joined())
    }

    /// A user namespace with these maps and no process, for an idmapped mount.
    static func make(users: [IDMap], groups: [IDMap]) throws(SyscallError) -> Descriptor {
        guard let child = try Processes.clone(into: .user) else {
            // Waits to be killed: all it is for is its namespace.
            while true { pause() }
        }
        func end() {
            try? Processes.signal(pidfd: child.pidfd.raw, SIGKILL)
            _ = try? Processes.wait(pidfd: child.pidfd.raw)
        }
        do {
            try map(child.pid, users: users, groups: groups)
            let namespace = try Descriptor.open("/proc/\(child.pid)/ns/user")
            end()
            return namespace
        } catch {
            end()
            throw error
        }
    }
}
