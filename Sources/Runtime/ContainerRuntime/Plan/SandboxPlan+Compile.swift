internal import LinuxKernel
package import RuntimeSpec

extension SandboxPlan {
    /// Compiles a bundle's configuration; no system call is made.
    ///
    /// - Throws: ``PlanError`` with the path of the value that is wrong or that we cannot honour.
    package init(spec: RuntimeSpec, id: String, options: PlanOptions) throws(PlanError) {
        try Self.checkVersion(spec.ociVersion)
        let spec = Self.telling(spec, options.notification)
        guard let root = spec.root, !root.path.isEmpty else { throw .invalid(path: "root.path", why: "is missing") }
        let linux = spec.linux ?? RuntimeSpec.Linux()
        let namespaces = try NamespacePlanner(spec: spec, linux: linux)
        let rootfs = root.path.hasPrefix("/") ? root.path : options.bundle + "/" + root.path

        var process: ProcessPlan?
        if let asked = spec.process {
            process = try ProcessPlan(
                asked, path: "process", options: options, containerID: id, personality: linux.personality)
            // As crun has it; podman's `--group-add keep-groups` says it so.
            process?.keepsGroups = spec.annotations?["run.oci.keep_original_groups"] == "1"
        }
        var steps = try namespaces.firstSteps(oomScore: process?.oomScore)
        steps += try FilesystemPlanner(
            spec: spec, linux: linux, options: options, rootfs: rootfs, root: root, namespaces: namespaces,
            process: process
        ).steps()

        self.init(
            id: id, bundle: options.bundle, options: options, spec: spec, newNamespaces: namespaces.new,
            allNamespaces: namespaces.all, joinedByParent: namespaces.joinedByParent,
            joinedUserNamespace: namespaces.joinedUser, userNamespace: namespaces.userNamespace,
            timeOffsets: try namespaces.timeOffsets(), rootfs: rootfs,
            opensSourcesInParent: namespaces.all.contains(.user), steps: steps, process: process)
        guard process != nil || options.gate == .start else {
            throw .invalid(path: "process", why: "is missing, so that there is nothing to run")
        }
    }

    /// `spec` with the socket that its program tells of its readiness, as crun places it; a container that shares the
    /// host's mounts gets none.
    private static func telling(_ spec: RuntimeSpec, _ notification: PlanOptions.Notification?) -> RuntimeSpec {
        guard let notification, var process = spec.process,
            spec.linux?.namespaces?.contains(where: { $0.type == .mount }) == true
        else { return spec }
        var changed = spec
        changed.mounts =
            (spec.mounts ?? []) + [
                RuntimeSpec.Mount(
                    destination: notification.path, type: "bind", source: notification.folder,
                    options: ["bind", "nosuid", "nodev", "noexec"])
            ]
        process.env =
            (process.env ?? []).filter { !$0.hasPrefix("NOTIFY_SOCKET=") }
            + ["NOTIFY_SOCKET=\(notification.path)/\(NotifySocket.name)"]
        changed.process = process
        return changed
    }

    private static func checkVersion(_ version: String) throws(PlanError) {
        let parts = version.split(separator: "-")[0...].first?.split(separator: ".", omittingEmptySubsequences: false)
        guard let parts, parts.count == 3, parts.allSatisfy({ UInt($0) != nil }) else {
            throw .invalid(path: "ociVersion", why: "\"\(version)\" is not a version such as 1.2.0")
        }
        guard parts[0] == "1" else {
            throw .unsupported(path: "ociVersion", why: "\(version) is not a version 1, the only one known here")
        }
    }

    /// Whether a container may be called `id`: it becomes a folder and part of other names.
    package static func isValid(id: String) -> Bool {
        guard !id.isEmpty, id.utf8.count <= 1024, id != ".", id != ".." else { return false }
        return id.utf8.allSatisfy {
            ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122)
                || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ".")].contains($0)
        }
    }
}
