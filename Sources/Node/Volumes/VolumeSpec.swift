package import DiskQuota
internal import Units

/// What the options of a `local` or `tmpfs` volume say.
///
/// `size` and `inodes` limit it; `mount` makes it a folder of the user's; `type`, `o` and `device` mount something there. `tmpfs` knows
/// `size` alone, 64 MB when nothing is said.
package struct VolumeSpec: Equatable, Sendable {
    /// Nil when the volume has none of its own.
    package var limit: QuotaLimit?
    /// A folder of the user's that is the volume.
    package var folder: String?
    /// What is mounted while a container runs with it.
    package var mount: FilesystemMount?

    /// The original's other spellings are taken too.
    private static let sizes: Set<String> = ["size", "Size", "opt.size", "opt.Size"]

    /// Whether options, which need not be valid, name no limit.
    package static func isUnlimited(_ options: [String: String]) -> Bool {
        !options.keys.contains { sizes.contains($0) || $0 == "inodes" }
    }

    /// Whether options name a place that is not ours.
    package static func isElsewhere(_ options: [String: String]) -> Bool {
        options.keys.contains { ["mount", "device", "type"].contains($0) }
    }

    /// - Throws: ``VolumesError/invalid(_:)`` for an option that the driver has not, or that contradicts another.
    package init(driver: String, _ options: [String: String], of volume: String) throws(VolumesError) {
        func refusal(_ why: String) -> VolumesError { .invalid("create \(volume): \(why)") }
        var words: [String] = []
        var mounting: [String: String] = [:]
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            switch name {
            case _ where Self.sizes.contains(name): words.append(value)
            case "inodes" where driver != "tmpfs": words.append("inodes=" + value)
            case "mount" where driver != "tmpfs": folder = value
            case "type" where driver != "tmpfs", "o" where driver != "tmpfs", "device" where driver != "tmpfs":
                mounting[name] = value
            default: throw refusal("invalid option: \"\(name)\"")
            }
        }
        if !words.isEmpty { limit = try QuotaLimit(parsing: words.joined(separator: ",")) { refusal($0) } }
        if let folder, !folder.hasPrefix("/") { throw refusal("mount=\(folder): an absolute path is needed") }
        if driver == "tmpfs" {
            let size = limit?.bytes ?? .mebibytes(64)
            limit = nil
            mount = FilesystemMount(
                type: "tmpfs", device: "tmpfs", options: "noexec,nosuid,nodev,mode=1777,size=\(size)")
        } else if !mounting.isEmpty {
            guard let device = mounting["device"], !device.isEmpty else {
                throw refusal("missing device in volume options")
            }
            guard folder == nil, limit == nil else { throw refusal("device goes with neither size, inodes nor mount") }
            mount = FilesystemMount(
                type: mounting["type"] ?? "none", device: device, options: mounting["o"] ?? "")
        }
    }
}

/// A mount as the options of a volume describe it: `type`, `device` and mount(8)'s words.
package struct FilesystemMount: Equatable, Sendable {
    package var type: String
    package var device: String
    package var options: String

    package init(type: String, device: String, options: String) {
        self.type = type
        self.device = device
        self.options = options
    }
}
