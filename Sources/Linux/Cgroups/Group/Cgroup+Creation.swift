internal import Glibc
internal import LinuxKernel

extension Cgroup {
    /// Makes the group on every mount, with the groups above it, ready for `limits` and for processes.
    ///
    /// A group that exists and is empty is taken over; `isOurs` says that it is, without looking. On failure, what was made
    /// here is gone again; groups above it stay.
    ///
    /// - Throws: ``CgroupError/occupied(path:processes:)`` when someone lives in it already.
    package static func create(
        at path: CgroupPath, in tree: CgroupTree, for limits: ResourceLimits = ResourceLimits(), isOurs: Bool = false
    ) throws(CgroupError) -> Cgroup {
        let group = Cgroup(at: path, in: tree)
        var made: [String] = []
        do {
            for mount in tree.mounts {
                let directory = group.directory(on: mount)
                if try group.make(path, on: mount, for: limits) {
                    made.append(directory)
                } else if !isOurs {
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
        if mount.controllers.contains(.cpuset) { try inheritProcessors(path, on: mount) }
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
    ///
    /// The group above may be so new that its maker has not come to this yet: then it is done here, from the top down.
    private func inheritProcessors(_ path: CgroupPath, on mount: CgroupTree.Mount) throws(CgroupError) {
        let directory = mount.directory + path.description
        let above = mount.directory + (path.parent?.description ?? "")
        for file in ["/cpuset.cpus", "/cpuset.mems"] {
            guard try Self.words(GroupFile.read(directory + file)).isEmpty else { continue }
            var value = try GroupFile.read(above + file)
            if Self.words(value).isEmpty, let parent = path.parent {
                try inheritProcessors(parent, on: mount)
                value = try GroupFile.read(above + file)
            }
            guard let value else { continue }
            do {
                try WholeFile.set(directory + file, to: value)
            } catch {
                throw .kernel(doing: "inherit \(file.dropFirst()) for \(directory)", error)
            }
        }
    }

    private func refuseInhabited(_ directory: String) throws(CgroupError) {
        if let state = try GroupFile.read(directory + "/freezer.state"), !state.hasPrefix("THAWED") {
            throw .invalid(controller: "freezer", knob: directory, why: "container's cgroup unexpectedly frozen")
        }
        guard let text = try GroupFile.read(directory + "/cgroup.procs") else { return }
        let processes = text.utf8.count { $0 == UInt8(ascii: "\n") }
        if processes > 0 { throw .occupied(path: directory, processes: processes) }
    }

    static func words(_ text: String?) -> [Substring] {
        text?.split { $0 == " " || $0 == "\n" } ?? []
    }
}
