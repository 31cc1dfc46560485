internal import Glibc
internal import LinuxKernel

/// Device nodes for a container with a user namespace, which may neither make nor use nodes of its own.
///
/// Made by the parent in a filesystem of the host's user namespace that nobody can find; each node is bound into the
/// container from there.
struct DeviceStock: ~Copyable {
    private var filesystem: Descriptor?
    private var count = 0

    /// A detached mount of a node like `device`, owned as the container's ids map to the host's.
    mutating func tree(
        for device: DevicePlan, users: [IDMap], groups: [IDMap]
    ) throws(SyscallError) -> Descriptor {
        if device.user == 0, device.group == 0, let own = try hostNode(device) { return own }
        if filesystem == nil {
            filesystem = try Mounts.make(
                type: "tmpfs", source: "tmpfs", options: [(key: "mode", value: "700")], attributes: [.noExec, .noSUID])
        }
        let folder = number()
        let name = "\(count)"
        count += 1
        try Files.makeNode(name, mode: device.mode, major: device.major, minor: device.minor, at: folder)
        try Files.changeMode(name, device.mode & 0o7777, at: folder)
        try Files.changeOwner(
            name, user: Self.mapped(device.user, users), group: Self.mapped(device.group, groups), at: folder)
        return try Mounts.copyTree(name, at: folder)
    }

    private func number() -> Int32 {
        switch filesystem {
        case .some(let filesystem): filesystem.raw
        case .none: -1
        }
    }

    /// The host's own node of that path, if it is this device.
    private func hostNode(_ device: DevicePlan) throws(SyscallError) -> Descriptor? {
        guard let status = try? Files.status(device.path), DeviceWork.isSame(status, device) else { return nil }
        return try Mounts.copyTree(device.path)
    }

    static func mapped(_ id: UInt32, _ maps: [IDMap]) -> UInt32 {
        for map in maps where id >= map.inside && id - map.inside < map.size { return map.outside + (id - map.inside) }
        return 65534
    }
}
