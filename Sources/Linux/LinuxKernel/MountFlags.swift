/// The flags of mount(2) that say how a filesystem or one mount of it behaves.
///
/// Source: include/uapi/linux/mount.h.
package struct MountFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt

    package init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    package static let readOnly = MountFlags(rawValue: 1)
    package static let noSUID = MountFlags(rawValue: 2)
    package static let noDevices = MountFlags(rawValue: 4)
    package static let noExec = MountFlags(rawValue: 8)
    package static let synchronous = MountFlags(rawValue: 16)
    package static let remount = MountFlags(rawValue: 32)
    package static let mandatoryLocks = MountFlags(rawValue: 64)
    package static let directorySync = MountFlags(rawValue: 128)
    package static let noSymlinks = MountFlags(rawValue: 256)
    package static let noAccessTime = MountFlags(rawValue: 1024)
    package static let noDirectoryAccessTime = MountFlags(rawValue: 2048)
    package static let bind = MountFlags(rawValue: 4096)
    package static let move = MountFlags(rawValue: 8192)
    package static let recursive = MountFlags(rawValue: 16384)
    package static let silent = MountFlags(rawValue: 32768)
    package static let relativeAccessTime = MountFlags(rawValue: 1 << 21)
    package static let inodeVersion = MountFlags(rawValue: 1 << 23)
    package static let strictAccessTime = MountFlags(rawValue: 1 << 24)
    package static let lazyTime = MountFlags(rawValue: 1 << 25)
}

/// How mounts and unmounts spread between copies of a mount.
///
/// Source: mount_namespaces(7), "Shared subtrees".
package enum MountPropagation: UInt, Hashable, Sendable {
    case unbindable = 0x20000
    case `private` = 0x40000
    case replica = 0x80000
    case shared = 0x100000
}

/// What one mount, rather than the filesystem below it, allows; for fsmount(2) and mount_setattr(2).
///
/// Source: include/uapi/linux/mount.h, MOUNT_ATTR_*.
package struct MountAttributes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let readOnly = MountAttributes(rawValue: 0x1)
    package static let noSUID = MountAttributes(rawValue: 0x2)
    package static let noDevices = MountAttributes(rawValue: 0x4)
    package static let noExec = MountAttributes(rawValue: 0x8)
    /// All bits of the access time setting: whoever sets one must clear these.
    package static let accessTimeMask = MountAttributes(rawValue: 0x70)
    /// Zero: the kernel's default among the access time settings.
    package static let relativeAccessTime: MountAttributes = []
    package static let noAccessTime = MountAttributes(rawValue: 0x10)
    package static let strictAccessTime = MountAttributes(rawValue: 0x20)
    package static let noDirectoryAccessTime = MountAttributes(rawValue: 0x80)
    package static let idMapped = MountAttributes(rawValue: 0x100000)
    package static let noSymlinks = MountAttributes(rawValue: 0x200000)
}
