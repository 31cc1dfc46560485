internal import Glibc
internal import LinuxKernel
package import Testing

/// What containers leave on a machine when something forgets to clean up.
package struct Traces: Equatable, Sendable, CustomStringConvertible {
    package var mounts: [String]
    package var groups: [String]
    package var shims: [String]
    package var folders: [String]
    /// Loop devices whose file lies below the daemon's folder.
    package var loops: [String]

    /// What of `daemon` stays: an answer may come before the last of a container has gone, which takes a moment.
    package static func left(by daemon: Daemon) async throws -> Traces {
        let deadline = ContinuousClock.now + .seconds(10)
        var traces = try Traces(of: daemon)
        while !traces.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
            traces = try Traces(of: daemon)
        }
        return traces
    }

    /// Looks for everything that belongs to `daemon`: mounts below its folder, control groups below its parent, shims
    /// working in its exec root, container folders of both roots, loop devices.
    private init(of daemon: Daemon) throws {
        let table = String(decoding: try WholeFile.read("/proc/self/mountinfo"), as: UTF8.self)
        mounts = table.split(separator: "\n").map { String($0.split(separator: " ")[4]) }.filter {
            $0.hasPrefix(daemon.folder + "/")
        }
        // The group where shims wait belongs to the daemon, not to a container.
        groups = controllerFolders().flatMap { children(of: "\($0)\(daemon.cgroupParent)", kind: DT_DIR) }.filter {
            $0 != "shims"
        }
        shims = children(of: "/proc", kind: DT_DIR).filter { Int32($0) != nil }.compactMap { pid in
            guard let line = try? WholeFile.read("/proc/\(pid)/cmdline") else { return nil }
            let words = String(decoding: line, as: UTF8.self)
            return words.contains("shim\0--directory\0\(daemon.folder)/exec")
                ? words.replacing("\0", with: " ") : nil
        }
        folders = ["exec", "data"].flatMap { children(of: "\(daemon.folder)/\($0)/containers", kind: DT_DIR) }
        loops = children(of: "/sys/block", kind: DT_LNK).filter {
            guard let file = try? WholeFile.read("/sys/block/\($0)/loop/backing_file") else { return false }
            return String(decoding: file, as: UTF8.self).hasPrefix(daemon.folder + "/")
        }
    }

    package var isEmpty: Bool { mounts.isEmpty && groups.isEmpty && shims.isEmpty && folders.isEmpty && loops.isEmpty }

    package var description: String {
        "mounts \(mounts), control groups \(groups), shims \(shims), folders \(folders), loop devices \(loops)"
    }
}

/// How many descriptors process `pid` has open.
package func openDescriptors(of pid: Int32) -> Int {
    children(of: "/proc/\(pid)/fd", kind: DT_LNK).count
}

/// Removes the control groups that a daemon of a test leaves for its next start, once the processes in them that were killed
/// have gone.
package func removeGroups(of parent: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let groups = controllerFolders().map { $0 + parent }
    try await eventually(sourceLocation: sourceLocation) {
        for group in groups { removeGroup(group) }
        return !groups.contains { access($0, F_OK) == 0 }
    }
}

/// From the leaves on; a group with processes stays, and with it those above it.
private func removeGroup(_ path: String) {
    for child in children(of: path, kind: DT_DIR) { removeGroup("\(path)/\(child)") }
    rmdir(path)
}

private func controllerFolders() -> [String] {
    children(of: "/sys/fs/cgroup", kind: DT_DIR).map { "/sys/fs/cgroup/\($0)" } + ["/sys/fs/cgroup"]
}

private func children(of path: String, kind: Int) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if entry.pointee.d_type == UInt8(kind), name != ".", name != ".." { names.append(name) }
    }
    return names
}
