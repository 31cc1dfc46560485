internal import Cgroups
internal import LinuxKernel

/// Where below a container's control group a further process goes: everywhere alike, or for some controllers of v1.
package struct Subgroups: Equatable, Sendable {
    /// Paths below the container's group by controller; the empty name stands for all.
    private var paths: [String: String] = [:]

    package init() {}

    /// Reads what `exec --cgroup` was given: `PATH` once, or `CONTROLLER[,CONTROLLER...]:PATH` as often as one likes.
    ///
    /// - Throws: ``RuntimeError/invalid(_:)``.
    package init(parsing words: [String]) throws(RuntimeError) {
        for word in words {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            switch parts.count {
            case 1:
                guard words.count == 1 else {
                    throw .invalid("--cgroup \(word): of several each names its controllers, as in cpu:\(word)")
                }
                paths[""] = word
            case 2:
                for controller in parts[0].split(separator: ",") { paths[String(controller)] = parts[1] }
            default: throw .invalid("--cgroup \(word): is not PATH or CONTROLLER[,CONTROLLER...]:PATH")
            }
        }
    }

    /// The groups on the mounts where they are not `cgroup` itself.
    ///
    /// - Throws: ``RuntimeError/invalid(_:)`` for a path that leaves `cgroup`, a controller that is not mounted, and a
    ///   group that does not exist: nobody but the container's owner makes groups.
    func places(in cgroup: Cgroup) throws(RuntimeError) -> [CgroupTree.Mount: Cgroup] {
        var places: [CgroupTree.Mount: Cgroup] = [:]
        for (controller, path) in paths.sorted(by: { $0.key < $1.key }) {
            let mounts = controller.isEmpty ? cgroup.tree.mounts : cgroup.tree.mounts.filter { $0.has(controller) }
            guard !mounts.isEmpty else {
                throw .invalid("--cgroup: unknown controller \(controller): it is not mounted")
            }
            guard path.contains(where: { $0 != "/" }) else { continue }
            guard let group = try? cgroup.descendant(path) else {
                throw .invalid("--cgroup: \(path) is not a sub cgroup path of the container's group")
            }
            for mount in mounts {
                let directory = group.directory(on: mount)
                guard Files.exists(directory) else {
                    // As runc says it, whose callers look for this.
                    throw .invalid(
                        "--cgroup: adding pid of the new process to \(directory)/cgroup.procs: no such file or directory"
                    )
                }
                places[mount] = group
            }
        }
        return places
    }
}

extension CgroupTree.Mount {
    fileprivate func has(_ controller: String) -> Bool {
        controllers.contains { $0.rawValue == controller } || name.map { "name=\($0)" } == controller
    }
}
