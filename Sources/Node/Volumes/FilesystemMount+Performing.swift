internal import LinuxKernel

extension FilesystemMount {
    /// mount(8)'s words that are flags of mount(2); the others are the filesystem's own.
    private static let flags: [String: MountFlags] = [
        "ro": .readOnly, "rw": [], "nosuid": .noSUID, "suid": [], "nodev": .noDevices, "dev": [], "noexec": .noExec,
        "exec": [], "sync": .synchronous, "async": [], "dirsync": .directorySync, "noatime": .noAccessTime, "atime": [],
        "nodiratime": .noDirectoryAccessTime, "relatime": .relativeAccessTime, "bind": .bind,
        "rbind": [.bind, .recursive], "defaults": [],
    ]

    /// The flags of mount(2), and what it gets as text.
    var parts: (flags: MountFlags, data: String) {
        var flags: MountFlags = []
        var data: [String] = []
        for word in options.split(separator: ",").map(String.init) {
            if let flag = Self.flags[word] { flags.formUnion(flag) } else { data.append(word) }
        }
        return (flags, data.joined(separator: ","))
    }

    /// Mounts it on `target` unless something is mounted there; blocks.
    package func perform(on target: String) throws(VolumesError) {
        do throws(SyscallError) {
            guard try !Self.isMounted(target) else { return }
            let (flags, data) = parts
            try Mounts.mount(device, on: target, type: type, flags: flags, data: data)
            // A bind takes its own flags only afterwards.
            if flags.contains(.bind), flags.contains(.readOnly) {
                try Mounts.mount("", on: target, flags: [.bind, .remount, .readOnly])
            }
        } catch {
            throw .kernel(doing: "mount \(device) as \(type)", error)
        }
    }

    /// Takes it away again, for new users at once; those that have it keep it.
    package static func undo(on target: String) throws(VolumesError) {
        do throws(SyscallError) {
            if try isMounted(target) { try Mounts.unmount(target, detached: true) }
        } catch {
            guard error.errno != 2 else { return }
            throw .kernel(doing: "unmount \(target)", error)
        }
    }

    private static func isMounted(_ target: String) throws(SyscallError) -> Bool {
        let table = String(decoding: try WholeFile.read("/proc/self/mountinfo"), as: UTF8.self)
        let escaped = target.replacing("\\", with: "\\134").replacing(" ", with: "\\040")
        return table.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            return fields.count > 4 && fields[4] == escaped
        }
    }
}
