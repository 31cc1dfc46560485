internal import CLinux
internal import Glibc

/// Mounting, by path (mount(2)) and by descriptor (the API of Linux 5.2).
///
/// The second form is what containers need: the target is a descriptor that was resolved under a root, so that no
/// symbolic link can be put in its place between the check and the mount.
package enum Mounts {
    /// Mounts `source` on `target`; `data` holds at most 4095 bytes.
    ///
    /// - Throws: `EPERM` without `CAP_SYS_ADMIN`, `ENOENT` when `target` is missing.
    package static func mount(
        _ source: String, on target: String, type: String = "", flags: MountFlags = [], data: String = ""
    ) throws(SyscallError) {
        try checkNegative("mount", target) { clinux_mount(source, target, type, flags.rawValue, data) }
    }

    /// Changes how the mount at `target`, and with `recursive` those below it, spread.
    package static func setPropagation(
        _ propagation: MountPropagation, of target: String, recursive: Bool
    ) throws(SyscallError) {
        let flags = propagation.rawValue | (recursive ? MountFlags.recursive.rawValue : 0)
        try checkNegative("mount", target) { clinux_mount(nil, target, nil, flags, nil) }
    }

    /// Takes the mount at `target` away; `detached` lets users of it finish (MNT_DETACH).
    package static func unmount(
        _ target: String, detached: Bool = false, following: Bool = true
    ) throws(SyscallError) {
        try checkNegative("umount2", target) { clinux_umount2(target, (detached ? 2 : 0) | (following ? 0 : 8)) }
    }

    /// Makes the working directory the root and stacks the old root on top of it, for ``unmount(_:detached:following:)`` of `.`.
    ///
    /// Source: pivot_root(2), "pivot_root(".", ".")".
    package static func pivotRootHere() throws(SyscallError) {
        try checkNegative("pivot_root") { clinux_pivot_root(".", ".") }
    }

    package static func changeRoot(_ path: String) throws(SyscallError) {
        try checkNegative("chroot", path) { clinux_chroot(path) }
    }

    /// A detached copy of the mount that holds `path`, which is relative to `directory` or, when empty, that itself.
    ///
    /// - Throws: `ENOSYS` before Linux 5.2, `EINVAL` when the mount is unbindable.
    package static func copyTree(
        _ path: String, at directory: Int32 = -100, recursive: Bool = false, following: Bool = true
    ) throws(SyscallError) -> Descriptor {
        var flags: UInt32 = 1 | UInt32(O_CLOEXEC)  // OPEN_TREE_CLONE
        if path.isEmpty { flags |= 0x1000 }
        if recursive { flags |= 0x8000 }
        if !following { flags |= 0x100 }
        return Descriptor(owning: try checkNegative("open_tree", path) { clinux_open_tree(directory, path, flags) })
    }

    /// Attaches the detached mount `tree` on what `target` was opened on.
    package static func attach(_ tree: Int32, on target: Int32) throws(SyscallError) {
        // MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
        try checkNegative("move_mount") { clinux_move_mount(tree, "", target, "", 0x04 | 0x40) }
    }

    /// Attaches the detached mount `tree` on `path`, or where that link leads.
    package static func attach(_ tree: Int32, onPath path: String, at directory: Int32 = -100) throws(SyscallError) {
        try checkNegative("move_mount", path) { clinux_move_mount(tree, "", directory, path, 0x04 | 0x10) }
    }

    /// Makes a filesystem and a detached mount of it.
    ///
    /// `options` are written as for mount(8), such as `("mode", "755")`; one without a value is a flag.
    ///
    /// - Throws: `ENOSYS` before Linux 5.2; `ENODEV` for an unknown type; `EINVAL` for an unknown option, named in the subject.
    package static func make(
        type: String, source: String, options: [(key: String, value: String?)] = [],
        attributes: MountAttributes = []
    ) throws(SyscallError) -> Descriptor {
        let context = Descriptor(owning: try checkNegative("fsopen", type) { clinux_fsopen(type, 1) })
        let number = context.raw
        if !source.isEmpty {
            try checkNegative("fsconfig", source) { clinux_fsconfig(number, 1, "source", source, 0) }
        }
        for (key, value) in options {
            if let value {
                try checkNegative("fsconfig", "\(key)=\(value)") { clinux_fsconfig(number, 1, key, value, 0) }
            } else {
                try checkNegative("fsconfig", key) { clinux_fsconfig(number, 0, key, nil, 0) }
            }
        }
        try checkNegative("fsconfig", type) { clinux_fsconfig(number, 6, nil, nil, 0) }  // FSCONFIG_CMD_CREATE
        return Descriptor(
            owning: try checkNegative("fsmount", type) {
                clinux_fsmount(number, 1, UInt32(truncatingIfNeeded: attributes.rawValue))
            })
    }

    /// Changes attributes and propagation of the mount `tree` was opened on.
    ///
    /// Idmaps a detached mount when `userNamespace` is given; that happens once in a mount's life.
    ///
    /// - Throws: `ENOSYS` before Linux 5.12; `EINVAL` when the filesystem cannot be idmapped.
    ///
    /// Source: mount_setattr(2).
    package static func setAttributes(
        of tree: Int32, path: String = "", set: MountAttributes = [], clear: MountAttributes = [],
        propagation: MountPropagation? = nil, recursive: Bool = false, userNamespace: Int32? = nil
    ) throws(SyscallError) {
        var attributes = clinux_mount_attr(
            attr_set: set.rawValue, attr_clr: clear.rawValue, propagation: UInt64(propagation?.rawValue ?? 0),
            userns_fd: UInt64(userNamespace ?? 0))
        if userNamespace != nil { attributes.attr_set |= MountAttributes.idMapped.rawValue }
        let flags: UInt32 = (path.isEmpty ? 0x1000 : 0) | (recursive ? 0x8000 : 0)
        try checkNegative("mount_setattr", path) { clinux_mount_setattr(tree, path, flags, &attributes) }
    }
}
