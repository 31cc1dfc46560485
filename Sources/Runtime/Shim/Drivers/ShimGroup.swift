internal import Cgroups

/// The control group that all shims share.
enum ShimGroup {
    /// Moves this process into `path` of every hierarchy, making the group for the first shim.
    ///
    /// - Returns: Why not.
    static func enter(_ path: String) -> String? {
        do {
            let group = Cgroup(at: try CgroupPath(parsing: path), in: try CgroupTree.detect())
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
        try entrance.enter(isBornInside: false)
    }
}
