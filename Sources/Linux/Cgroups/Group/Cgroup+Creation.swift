internal import Glibc
internal import LinuxKernel

extension Cgroup {
    /// Makes the group on every mount, with the groups above it, ready for `limits` and for processes.
    ///
    /// A group that exists and is empty is taken over. On failure, what was made here is gone again; groups above it
    /// stay.
    ///
    /// - Throws: ``CgroupError/occupied(path:processes:)`` when someone lives in it already.
    package static func create(
        at path: CgroupPath, in tree: CgroupTree, for limits: ResourceLimits = ResourceLimits()
    ) throws(CgroupError) -> Cgroup {
        let group = Cgroup(at: path, in: tree)
        var made: [String] = []
        do {
            for mount in tree.mounts {
                let directory = group.directory(on: mount)
                if try group.make(path, on: mount, for: limits) {
                    made.append(directory)
                } else {
                    try group.refuseInhabited(directory)
                }
            }
        } catch {
            for directory in made { rmdir(directory) }
            throw error
        }
        return group
    }

    /// Makes one directory; false when it was there.
    private func make(
        _ path: CgroupPath, on mount: CgroupTree.Mount, for limits: ResourceLimits
    ) throws(CgroupError) -> Bool {
        let directory = mount.directory + path.description
        let needed = mount.hierarchy == .v2 ? controllersToEnable(for: limits) : []
        if !needed.isEmpty {
            // A group has the controllers that its parent passes on, so the way down comes first.
            if let parent = path.parent { _ = try make(parent, on: mount, for: limits) }
            try pass(needed, on: mount.directory + (path.parent?.description ?? ""))
        }
        var result = mkdir(directory, 0o755)
        if result != 0, errno == ENOENT, let parent = path.parent {
            _ = try make(parent, on: mount, for: limits)
            result = mkdir(directory, 0o755)
        }
        let reason = errno
        if result != 0, reason != EEXIST {
            throw .kernel(doing: "create cgroup", SyscallError("mkdir", errno: reason, subject: directory))
        }
        if mount.controllers.contains(.cpuset) { try inheritProcessors(directory) }
        return result == 0
    }

    /// On v2 alone every controller that is there, for limits that come later; in a hybrid tree only what the v1
    /// mounts lack and someone asked for, as the root is shared with systemd.
    private func controllersToEnable(for limits: ResourceLimits) -> [ControllerName] {
        if tree.layout == .unified { return [.cpuset, .cpu, .io, .memory, .pids, .hugetlb, .rdma, .misc] }
        return limits.controllers.filter(\.isAskedFor).flatMap { type(of: $0).names(on: .v2) }
            .filter { tree.mount(of: $0)?.hierarchy == .v2 && $0 != .devices }
    }

    /// Lets the children of `directory` have `controllers`, as far as it has them itself.
    ///
    /// Not being able to is no error yet: a setting that needs the controller will say so, and by name.
    private func pass(_ controllers: [ControllerName], on directory: String) throws(CgroupError) {
        let file = directory + "/cgroup.subtree_control"
        let available = Self.words(try GroupFile.read(directory + "/cgroup.controllers"))
        let passed = Self.words(try GroupFile.read(file))
        let missing = controllers.map(\.rawValue).filter {
            available.contains(Substring($0)) && !passed.contains(Substring($0))
        }
        guard !missing.isEmpty else { return }
        if (try? WholeFile.set(file, to: missing.map { "+\($0)" }.joined(separator: " "))) != nil { return }
        for name in missing { try? WholeFile.set(file, to: "+\(name)") }
    }

    /// A new cpuset of v1 is empty, and no process can enter an empty one.
    private func inheritProcessors(_ directory: String) throws(CgroupError) {
        guard let slash = directory.lastIndex(of: "/") else { return }
        for file in ["/cpuset.cpus", "/cpuset.mems"] {
            if let own = try GroupFile.read(directory + file), own.utf8.contains(where: { $0 > 32 }) { continue }
            guard let above = try GroupFile.read(directory[..<slash] + file) else { continue }
            do {
                try WholeFile.set(directory + file, to: above)
            } catch {
                throw .kernel(doing: "inherit \(file.dropFirst()) from the parent of \(directory)", error)
            }
        }
    }

    private func refuseInhabited(_ directory: String) throws(CgroupError) {
        if let state = try GroupFile.read(directory + "/freezer.state"), !state.hasPrefix("THAWED") {
            throw .invalid(controller: "freezer", knob: directory, why: "the group exists and is frozen")
        }
        guard let text = try GroupFile.read(directory + "/cgroup.procs") else { return }
        let processes = text.utf8.count { $0 == UInt8(ascii: "\n") }
        if processes > 0 { throw .occupied(path: directory, processes: processes) }
    }

    static func words(_ text: String?) -> [Substring] {
        text?.split { $0 == " " || $0 == "\n" } ?? []
    }
}
