import DiskQuota
import LinuxKernel
import TestSupport
import Volumes

/// A filesystem of a test's own, in a file.
enum Disk: String, Sendable, CaseIterable {
    /// The one that the scratch directory lies on.
    case plain
    case btrfs
    case ext4Project
    case xfsProject

    /// The driver that such a disk should get.
    var driver: String {
        switch self {
        case .plain: "loop"
        case .btrfs: "btrfs"
        case .ext4Project, .xfsProject: "project"
        }
    }

    private var maker: [String] {
        switch self {
        case .plain: []
        case .btrfs: ["mkfs.btrfs", "-q"]
        case .ext4Project: ["mkfs.ext4", "-q", "-F", "-O", "project,quota", "-E", "lazy_itable_init=1"]
        case .xfsProject: ["mkfs.xfs", "-q"]
        }
    }

    private var options: String {
        switch self {
        case .plain, .btrfs: "loop"
        case .ext4Project: "loop,prjquota"
        case .xfsProject: "loop,pquota"
        }
    }

    /// Runs `body` with a folder on such a disk, of 512 MB.
    func with<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        try await withScratchDirectory { folder in
            guard self != .plain else { return try await body(folder) }
            let (image, place) = ("\(folder)/image", "\(folder)/disk")
            for words in [
                ["truncate", "-s", "512M", image], maker + [image], ["mkdir", place],
                ["mount", "-o", options, image, place],
            ] {
                let result = try await run(words)
                guard result.status == 0 else { throw DiskNotMade(why: "\(words): \(result)") }
            }
            return try await body(place)
        }
    }
}

struct DiskNotMade: Error {
    var why: String
}

/// Loop devices whose file lies below `folder`.
func loopDevices(below folder: String) -> [String] {
    ((try? Files.list("/sys/block")) ?? []).filter { name in
        guard let bytes = try? WholeFile.read("/sys/block/\(name)/loop/backing_file") else { return false }
        return String(decoding: bytes, as: UTF8.self).hasPrefix(folder + "/data")
    }
}

/// Mount points below `folder`.
func mounts(below folder: String) -> [String] {
    let table = ((try? WholeFile.read("/proc/self/mountinfo")).map { String(decoding: $0, as: UTF8.self) }) ?? ""
    return table.split(separator: "\n").compactMap { line in
        let fields = line.split(separator: " ")
        return fields.count > 4 && fields[4].hasPrefix(folder + "/") ? String(fields[4]) : nil
    }
}
