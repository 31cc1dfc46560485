internal import LinuxKernel

/// The host's procfs and sysfs, which a root changed by chroot(2) leaves within reach of its namespace.
enum HostProc {
    /// Takes them away, or covers them, wherever they are mounted outside `rootfs`.
    static func hide(outside rootfs: String) throws(SyscallError) {
        let lines = try WholeFile.read("/proc/self/mountinfo").split(separator: UInt8(ascii: "\n"))
        var places: [String] = []
        for line in lines {
            let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count,
                fields[dash + 1] == "proc" || fields[dash + 1] == "sysfs"
            else { continue }
            let place = String(fields[4])
            if place != rootfs, !place.hasPrefix(rootfs + "/") { places.append(place) }
        }
        for place in places.reversed() {
            if (try? Mounts.unmount(place, detached: true, following: false)) == nil {
                try? Mounts.mount("tmpfs", on: place, type: "tmpfs", flags: .readOnly)
            }
        }
    }
}
