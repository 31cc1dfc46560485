internal import Glibc
internal import LinuxKernel

/// One group: the directory of the same path on every mount of the tree.
///
/// A value: making one touches nothing, ``create(at:in:for:)`` does. It holds no descriptor, since the processes that
/// make a group, watch it and remove it are three.
///
/// Whoever runs a container in a group of v1 must not let it write there: `release_agent` of a hierarchy's root and
/// `notify_on_release` run programs of the host (CVE-2022-0492). The launcher gives it a cgroup namespace, mounts the
/// hierarchies read-only, and grants no CAP_SYS_ADMIN to mount them again; nothing here writes either file.
package struct Cgroup: Hashable, Sendable {
    package let tree: CgroupTree
    package let path: CgroupPath

    /// Names a group that exists, or will.
    package init(at path: CgroupPath, in tree: CgroupTree) {
        self.path = path
        self.tree = tree
    }

    /// The group's directory on `mount`.
    package func directory(on mount: CgroupTree.Mount) -> String {
        mount.directory + path.description
    }

    /// Where the group's files of `controller` are; `nil` when nothing that could have it is mounted.
    package func directory(of controller: ControllerName) -> String? {
        tree.mount(of: controller).map { directory(on: $0) }
    }

    /// The directories by controller, as `/proc/PID/cgroup` groups them: for a runtime's state file.
    package var directories: [(controller: String, directory: String)] {
        tree.mounts.flatMap { mount -> [(String, String)] in
            let directory = directory(on: mount)
            if mount.hierarchy == .v2 { return [("", directory)] }
            let names = mount.controllers.map(\.rawValue).sorted() + (mount.name.map { ["name=\($0)"] } ?? [])
            return names.map { ($0, directory) }
        }
    }

    /// The group `name` inside this one.
    ///
    /// - Throws: ``CgroupError/invalidPath(_:why:)``.
    package func descendant(_ name: String) throws(CgroupError) -> Cgroup {
        Cgroup(at: try path.appending(name), in: tree)
    }

    /// Says whether the group has a directory on any mount.
    package var exists: Bool {
        tree.mounts.contains { access(directory(on: $0), F_OK) == 0 }
    }
}

/// Reads of small files where "not there" is an answer.
enum GroupFile {
    /// - Throws: anything but `ENOENT` and `ENODEV`, which are `nil`: a group can vanish under its reader.
    static func read(_ path: String) throws(CgroupError) -> String? {
        do {
            return String(decoding: try WholeFile.read(path), as: UTF8.self)
        } catch {
            if error.errno == ENOENT || error.errno == ENODEV { return nil }
            throw .kernel(doing: "read \(path)", error)
        }
    }
}
