internal import Glibc
internal import JSON

/// Mounts, volumes and the root filesystem.
struct StorageFlags {
    var volumes: [String] = []
    var mounts: [JSONValue] = []
    var tmpfs: [String] = []
    var volumesFrom: [String] = []
    var volumeDriver: String?
    var storageOptions: [String] = []
    var isReadOnly = false
    var quota = QuotaFlags()

    static var flags: [Flag<StorageFlags>] {
        [
            .list("volume", short: "v", "Bind mount a volume", \.volumes).completing(.files),
            Flag(long: "mount", placeholder: "mount", help: "Attach a filesystem mount to the container") {
                (flags, text) throws(FlagError) in flags.mounts.append(try MountFlag.parse(text))
            },
            .list("tmpfs", "Mount a tmpfs directory", \.tmpfs),
            .list("volumes-from", "Mount volumes from the specified container(s)", \.volumesFrom).completing(
                .containers),
            .text("volume-driver", "Optional volume driver for the container", \.volumeDriver),
            .list("storage-opt", "Storage driver options for the container", \.storageOptions),
            .toggle("read-only", "Mount the container's root filesystem as read only", \.isReadOnly),
        ] + QuotaFlags.flags.map { $0.lifted(\.quota) }
    }

    func fill(_ body: inout CreateBody) throws(Failure) {
        var binds: [String] = []
        var anonymous: JSONObject = [:]
        for volume in volumes {
            let parts = volume.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            switch parts.count {
            case 1 where !parts[0].isEmpty: anonymous[parts[0]] = .object([:])
            case 2 where !parts[0].isEmpty && !parts[1].isEmpty, 3 where !parts[0].isEmpty && !parts[1].isEmpty:
                // `./dir` is a path of ours; a bare word names a volume.
                let source = parts[0].hasPrefix(".") ? absolute(parts[0]) : parts[0]
                binds.append(([source] + parts.dropFirst()).joined(separator: ":"))
            default: throw .message("invalid volume specification: '\(volume)'", code: 125)
            }
        }
        body.host.set("Binds", binds)
        body.config.set("Volumes", anonymous)
        body.host.set("Mounts", mounts)
        var filesystems: JSONObject = [:]
        for text in tmpfs {
            let (path, options) = split(text, at: ":")
            filesystems[path] = .string(options ?? "")
        }
        body.host.set("Tmpfs", filesystems)
        body.host.set("VolumesFrom", volumesFrom)
        body.host.set("VolumeDriver", volumeDriver)
        body.host.set("StorageOpt", pairs(storageOptions))
        body.host.set("ReadonlyRootfs", isReadOnly)
        try quota.fill(&body.config)
    }
}

/// The path from the root, `.` and `..` resolved without looking at links.
func absolute(_ path: String) -> String {
    var full = path
    if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
        full = String(cString: folder) + "/" + path
        free(folder)
    }
    var parts: [Substring] = []
    for part in full.split(separator: "/") {
        if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
}
