internal import CLinux
internal import Glibc
internal import LinuxKernel

/// The root filesystem of a container in a user namespace, made by its parent.
///
/// Inside its namespace the container may neither reach the host's layers nor read overlayfs's own attributes. So the
/// parent stacks the layers, each seen through the container's id map, and the child only attaches the result.
enum DetachedRootfs {
    /// Whether the mount must be made by the parent: it asks for `idmap`.
    static func isNeeded(_ mount: RootfsMount) -> Bool {
        mount.type == "overlay" && MountOptions(mount.options).idMaps.maps
    }

    /// A detached overlay mount whose layers' files belong to the ids of `namespace`.
    ///
    /// - Throws: `EINVAL` before Linux 6.13, which takes layers by descriptor, and where a filesystem cannot be idmapped.
    static func make(_ mount: RootfsMount, namespace: Int32) throws(SyscallError) -> Descriptor {
        let options = MountOptions(mount.options)
        let context = Descriptor(owning: try checkNegative("fsopen", mount.type) { clinux_fsopen(mount.type, 1) })
        let number = context.raw
        // A detached mount ends with its last descriptor, and the layers must last until overlay has taken them.
        var layers: [Int32] = []
        defer { for layer in layers { _ = close(layer) } }
        for option in options.data {
            if option.key == "lowerdir" {
                for layer in (option.value ?? "").split(separator: ":") {
                    layers.append(try add(String(layer), to: number, namespace))
                }
            } else if let value = option.value {
                try checkNegative("fsconfig", option.text) { clinux_fsconfig(number, 1, option.key, value, 0) }
            } else {
                try checkNegative("fsconfig", option.text) { clinux_fsconfig(number, 0, option.key, nil, 0) }
            }
        }
        try checkNegative("fsconfig", mount.type) { clinux_fsconfig(number, 6, nil, nil, 0) }  // FSCONFIG_CMD_CREATE
        let attributes = UInt32(truncatingIfNeeded: options.change.set.rawValue)
        return Descriptor(
            owning: try checkNegative("fsmount", mount.type) { clinux_fsmount(number, 1, attributes) })
    }

    /// Appends a layer below those that are there; gives the descriptor that keeps it.
    private static func add(_ layer: String, to context: Int32, _ namespace: Int32) throws(SyscallError) -> Int32 {
        let tree = try Mounts.copyTree(layer)
        let number = tree.raw
        try Mounts.setAttributes(of: number, userNamespace: namespace)
        // FSCONFIG_SET_FD
        try checkNegative("fsconfig", "lowerdir+=\(layer)") { clinux_fsconfig(context, 5, "lowerdir+", nil, number) }
        return tree.release()
    }
}
