internal import Glibc
internal import LinuxKernel

/// Makes device nodes and links below the root.
struct DeviceWork {
    let root: ContainerRoot
    /// What the parent made for this step.
    var stocked: Int32?

    func make(_ device: DevicePlan) throws(SyscallError) {
        if device.isBound { return try bind(device) }
        let place = try root.parent(of: device.path)
        let (folder, name) = (place.folder.raw, place.name)
        do {
            try Files.makeNode(name, mode: device.mode, major: device.major, minor: device.minor, at: folder)
        } catch {
            if error.errno == EPERM { return try bind(device) }
            guard error.errno == EEXIST, Self.isSame(try Files.status(name, at: folder, following: false), device)
            else { throw error }
        }
        if device.user != 0 || device.group != 0 {
            try Files.changeOwner(name, user: device.user, group: device.group, at: folder)
        }
    }

    static func isSame(_ status: FileStatus, _ device: DevicePlan) -> Bool {
        status.mode & 0o170000 == device.mode & 0o170000 && status.major == device.major && status.minor == device.minor
    }

    /// Puts the host's node of the same path there, once it is certain to be that device.
    private func bind(_ device: DevicePlan) throws(SyscallError) {
        let tree = if let stocked { Descriptor(owning: stocked) } else { try Mounts.copyTree(device.path) }
        guard Self.isSame(try Files.status(of: tree.raw), device) else {
            throw SyscallError("open_tree", errno: ENODEV, subject: "\(device.path) of the host is another device")
        }
        let target = try root.ensure(device.path, .file)
        try Mounts.attach(tree.raw, on: target.raw)
    }

    /// Makes a link, unless something is there that is not ours to replace; `ptmx` always is the container's own.
    func link(_ path: String, to target: String) throws(SyscallError) {
        if target == "/proc/kcore", !Files.exists("/proc/kcore") { return }
        let place = try root.parent(of: path)
        let (folder, name) = (place.folder.raw, place.name)
        do {
            try Files.makeLink(name, to: target, at: folder)
        } catch {
            guard error.errno == EEXIST else { throw error }
            guard name == "ptmx" else { return }
            try? Files.remove(name, at: folder)
            do { try Files.makeLink(name, to: target, at: folder) } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
    }
}
