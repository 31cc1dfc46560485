internal import Cgroups
internal import LinuxKernel

/// The control group of the container, for what the shim asks of it.
///
/// Whoever runs the container makes and removes the group; the shim looks at it.
final class ContainerGroup {
    private let group: Cgroup
    private var watch: OOMWatch?

    init(_ group: Cgroup) {
        self.group = group
    }

    /// The group of that path in the hierarchies that this machine mounts; `nil` for a path that names none.
    convenience init?(path: String) {
        guard let place = try? CgroupPath(parsing: path), let tree = try? CgroupTree.current() else { return nil }
        self.init(Cgroup(at: place, in: tree))
    }

    /// The host's pids of every process of the container.
    func processes() throws(CgroupError) -> [Int32] {
        try group.processes()
    }

    /// Sends a signal to them all, and waits for none.
    func signalAll(_ signal: Int32) throws(CgroupError) {
        try group.kill(signal)
    }

    /// Whether the kernel has killed one of them for want of memory.
    var hasKilledForMemory: Bool { (try? group.outOfMemoryKills()).flatMap { $0 } ?? 0 > 0 }

    /// Begins to watch; the descriptor is readable when there is something to `drain`, and stays this value's.
    ///
    /// `nil` without a memory controller.
    func startWatch() -> Int32? {
        watch = try? OOMWatch(group)
        return watch?.descriptor
    }

    /// What the watch has to say; ends it when the group is gone.
    func drain() -> OOMWatch.Event {
        let event = (try? watch?.drain()) ?? .groupRemoved
        if event == .groupRemoved { watch = nil }
        return event
    }
}

extension ContainerGroup {
    /// The group that `pid` is in, by its memory or else its v2 hierarchy; `nil` for the root.
    convenience init?(ofProcess pid: Int32) {
        guard let bytes = try? WholeFile.read("/proc/\(pid)/cgroup") else { return nil }
        var found: Substring?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1] == "memory" { found = fields[2] }
            if fields[1].isEmpty, found == nil, fields[2] != "/" { found = fields[2] }
        }
        guard let found else { return nil }
        self.init(path: String(found))
    }
}
