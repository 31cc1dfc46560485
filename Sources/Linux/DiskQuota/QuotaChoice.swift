internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Which driver limits the folders below a path, and why that one.
package struct QuotaChoice: Sendable {
    /// Nil when none can.
    package var driver: (any QuotaDriver)?
    /// For people: what the others lack.
    package var reason: String

    package static let names = ["project", "btrfs", "loop"]

    /// Looks at the filesystem of `root`; with `wanted`, one of ``names``, at that driver only.
    ///
    /// A few system calls; changes nothing on the disk, but turns limits on where project quota is only counted.
    package static func make(
        for root: String, wanted: String? = nil, templates: String, maker: any FilesystemMaker
    ) -> QuotaChoice {
        var reasons: [String] = []
        for name in names where wanted == nil || wanted == name {
            let verdict: Verdict =
                switch name {
                case "project": project(root)
                case "btrfs": btrfs(root)
                default: loop(templates, maker)
                }
            switch verdict {
            case .possible(let driver):
                reasons.append(wanted == nil ? "the best that this disk has" : "chosen by the configuration")
                return QuotaChoice(driver: driver, reason: reasons.joined(separator: "; "))
            case .impossible(let why): reasons.append("\(name): \(why)")
            }
        }
        return QuotaChoice(driver: nil, reason: reasons.joined(separator: "; "))
    }

    private enum Verdict {
        case possible(any QuotaDriver)
        case impossible(String)
    }

    private enum Magic {
        static let ext4 = 0xef53
        static let xfs = 0x5846_5342
        static let btrfs = 0x9123_683e
    }

    private static func magic(_ root: String) -> Int {
        var found = clinux_space()
        return clinux_space(root, &found) == 0 ? Int(found.type) : 0
    }

    private static func project(_ root: String) -> Verdict {
        let kind: String
        switch magic(root) {
        case Magic.ext4: kind = "ext4"
        case Magic.xfs: kind = "xfs"
        default: return .impossible("\(root) is on neither ext4 nor xfs")
        }
        do throws(SyscallError) {
            let folder = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
            let device = try source(of: root)
            let number = folder.raw
            var state = clinux_project_state(number, device)
            if state == 1 {
                _ = clinux_project_enforce(number, device)
                state = clinux_project_state(number, device)
            }
            if state == 3 { return .possible(ProjectQuota(root: root, device: device, kind: kind)) }
            if state < 0 {
                return .impossible(
                    "\(kind) of \(root) has no quota here (\(String(cString: strerror(-state))))")
            }
        } catch {
            return .impossible("\(error)")
        }
        let remedy =
            kind == "ext4" ? "tune2fs -O project,quota and the mount option prjquota" : "the mount option pquota"
        return .impossible("\(kind) of \(root) does not enforce it; it needs \(remedy)")
    }

    /// The device that is mounted where `path` lies.
    private static func source(of path: String) throws(SyscallError) -> String {
        let number = try Files.status(path).device
        let wanted = "\(clinux_major(number)):\(clinux_minor(number))"
        let table = String(decoding: try WholeFile.read("/proc/self/mountinfo"), as: UTF8.self)
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6, fields[2] == wanted, let dash = fields.firstIndex(of: "-"),
                dash + 2 < fields.count
            else { continue }
            return String(fields[dash + 2])
        }
        return ""
    }

    private static func btrfs(_ root: String) -> Verdict {
        magic(root) == Magic.btrfs ? .possible(BtrfsQuota()) : .impossible("\(root) is not on btrfs")
    }

    private static func loop(_ templates: String, _ maker: any FilesystemMaker) -> Verdict {
        if let absence = maker.absence { return .impossible(absence) }
        guard Files.exists("/dev/loop-control") else { return .impossible("there is no /dev/loop-control") }
        return .possible(LoopQuota(templates: templates, maker: maker))
    }
}
