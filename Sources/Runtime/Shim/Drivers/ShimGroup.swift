internal import Cgroups

/// The control group that all shims share.
enum ShimGroup {
    /// Moves this process into `path` of every hierarchy, making the group for the first shim.
    ///
    /// - Returns: Why not.
    static func enter(_ path: String) -> String? {
        do {
            let group = Cgroup(at: try CgroupPath(parsing: path), in: try CgroupTree.current())
            if (try? move(into: group)) != nil { return nil }
            // Another first shim may be faster: then the group is there, and inhabited.
            _ = try? Cgroup.create(at: group.path, in: group.tree)
            try move(into: group)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func move(into group: Cgroup) throws {
        let entrance = try group.entrance()
        // Where v1 has the controllers, v2 is only systemd's list of names, and moving there makes every fork of the
        // machine wait for an RCU grace period (11 ms measured).
        try entrance.enter(isBornInside: group.tree.layout == .hybrid)
    }
}
