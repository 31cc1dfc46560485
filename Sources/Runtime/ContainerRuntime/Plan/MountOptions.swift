internal import LinuxKernel

/// Reads the options of a mount as fstab(5) and the runtime specification write them.
///
/// What is not known here belongs to the filesystem and is handed to it.
///
/// Source: runtime-spec 1.2, config.md, "Linux mount options".
struct MountOptions {
    /// Of the filesystem itself, by their names for fsconfig(2).
    var filesystemFlags: [String] = []
    var change = MountPlan.Change()
    var recursiveChange = MountPlan.Change()
    var spreads: [MountPlan.Spread] = []
    var data: [MountPlan.Option] = []
    var bind: (isBind: Bool, recursive: Bool) = (false, false)
    var remounts = false
    var copiesUp = false
    var idMaps: (maps: Bool, recursively: Bool) = (false, false)

    init(_ options: [String]) {
        for option in options where !option.isEmpty { read(option) }
    }

    /// Attribute options: what each sets and clears.
    private static func attribute(_ name: Substring) -> MountPlan.Change? {
        switch name {
        case "ro": MountPlan.Change(set: .readOnly)
        case "rw": MountPlan.Change(clear: .readOnly)
        case "nosuid": MountPlan.Change(set: .noSUID)
        case "suid": MountPlan.Change(clear: .noSUID)
        case "nodev": MountPlan.Change(set: .noDevices)
        case "dev": MountPlan.Change(clear: .noDevices)
        case "noexec": MountPlan.Change(set: .noExec)
        case "exec": MountPlan.Change(clear: .noExec)
        case "nodiratime": MountPlan.Change(set: .noDirectoryAccessTime)
        case "diratime": MountPlan.Change(clear: .noDirectoryAccessTime)
        case "nosymfollow": MountPlan.Change(set: .noSymlinks)
        case "symfollow": MountPlan.Change(clear: .noSymlinks)
        case "noatime": MountPlan.Change(set: .noAccessTime, clear: .accessTimeMask)
        case "strictatime": MountPlan.Change(set: .strictAccessTime, clear: .accessTimeMask)
        case "relatime", "atime", "nostrictatime", "norelatime":
            MountPlan.Change(set: .relativeAccessTime, clear: .accessTimeMask)
        default: nil
        }
    }

    private static let propagations: [(String, MountPropagation)] = [
        ("private", .private), ("slave", .replica), ("shared", .shared), ("unbindable", .unbindable),
    ]

    private mutating func read(_ option: String) {
        if let change = Self.attribute(option[...]) { return Self.merge(change, into: &self.change) }
        if let spread = Self.spread(option) { return spreads.append(spread) }
        // rro, rnosuid, …; not "ro", which was read above.
        if option.first == "r", let change = Self.attribute(option.dropFirst()) {
            return Self.merge(change, into: &recursiveChange)
        }
        switch option {
        case "defaults", "async", "nomand", "loud", "nolazytime", "noiversion": break
        case "sync", "dirsync", "mand", "lazytime", "silent": filesystemFlags.append(option)
        case "iversion": data.append(MountPlan.Option(option))
        case "bind": bind = (true, bind.recursive)
        case "rbind": bind = (true, true)
        case "remount": remounts = true
        case "tmpcopyup": copiesUp = true
        case "idmap": idMaps = (true, idMaps.recursively)
        case "ridmap": idMaps = (true, true)
        default:
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            data.append(MountPlan.Option(String(parts[0]), parts.count > 1 ? String(parts[1]) : nil))
        }
    }

    /// A later option wins over an earlier one.
    private static func merge(_ new: MountPlan.Change, into old: inout MountPlan.Change) {
        old.set.subtract(new.clear)
        old.set.formUnion(new.set)
        old.clear.subtract(new.set)
        old.clear.formUnion(new.clear)
    }

    /// Reads a propagation such as `private` or `rslave`.
    static func spread(_ option: String) -> MountPlan.Spread? {
        for (name, propagation) in propagations {
            if option == name { return MountPlan.Spread(propagation, recursive: false) }
            if option == "r" + name { return MountPlan.Spread(propagation, recursive: true) }
        }
        return nil
    }
}
