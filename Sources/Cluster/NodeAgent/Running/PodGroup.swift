internal import Cgroups
internal import LinuxKernel

/// The control group of a pod, which holds those of its containers.
enum PodGroup {
    /// Removes it from every hierarchy once its processes are buried; what resisted is said.
    static func remove(_ path: String) -> String? {
        do {
            try Cgroup(at: try CgroupPath(parsing: path), in: try CgroupTree.current()).remove()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
