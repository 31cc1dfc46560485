internal import Glibc
internal import LinuxKernel

/// Device nodes for a container with a user namespace, which may neither make nor use nodes of its own.
///
/// Made by the parent in the host's user namespace, in a folder of the container's state that none but root may enter;
/// each is bound into the container from there, and goes with the state. (A folder rather than a mount that nobody can
/// find: before Linux 6.15 nothing can be bound from inside a detached mount.)
struct DeviceStock: ~Copyable {
    private let folder: String
    private var count = 0

    init(folder: String) {
        self.folder = folder
    }

    /// A detached mount of a node like `device`, owned as the container's ids map to the host's.
    mutating func tree(
        for device: DevicePlan, users: [IDMap], groups: [IDMap]
    ) throws(SyscallError) -> Descriptor {
        if device.user == 0, device.group == 0, let own = try hostNode(device) { return own }
        if count == 0 { try Files.makeDirectory(folder, mode: 0o700) }
        let stock = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let name = "\(count)"
        count += 1
        try Files.makeNode(name, mode: device.mode, major: device.major, minor: device.minor, at: stock.raw)
        return try bindable(name, device, at: stock.raw, users, groups)
    }

    private func bindable(
        _ name: String, _ device: DevicePlan, at stock: Int32, _ users: [IDMap], _ groups: [IDMap]
    ) throws(SyscallError) -> Descriptor {
        try Files.changeMode(name, device.mode & 0o7777, at: stock)
        try Files.changeOwner(
            name, user: Self.mapped(device.user, users), group: Self.mapped(device.group, groups), at: stock)
        let tree = try Mounts.copyTree(name, at: stock)
        // State is often kept in a /run whose devices are of no use.
        try Mounts.setAttributes(of: tree.raw, set: [.noExec, .noSUID], clear: .noDevices)
        return tree
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
