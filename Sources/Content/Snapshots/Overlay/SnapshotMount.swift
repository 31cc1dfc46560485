internal import Archives

/// The mount that makes a snapshot a root filesystem, overlayfs or a plain tree: a value, which somebody else performs.
///
/// The mount point may be anywhere; whoever mounts needs no more than this value.
package struct SnapshotMount: Equatable, Sendable, Codable {
    /// One range of a user namespace, as in `/proc/<pid>/uid_map`.
    package struct IDRange: Hashable, Sendable, Codable {
        package var container: UInt32
        package var host: UInt32
        package var count: UInt32

        package init(container: UInt32, host: UInt32, count: UInt32) {
            self.container = container
            self.host = host
            self.count = count
        }
    }

    /// The numbers that a container's owners have on the host.
    package struct IDMap: Hashable, Sendable, Codable {
        package var users: [IDRange]
        package var groups: [IDRange]

        package init(users: [IDRange], groups: [IDRange]) {
            self.users = users
            self.groups = groups
        }

        /// The same for archives.
        var owners: OwnerMap {
            func ranges(_ ranges: [IDRange]) -> [OwnerMap.Range] {
                ranges.map { OwnerMap.Range(inside: $0.container, outside: $0.host, count: $0.count) }
            }
            return OwnerMap(users: ranges(users), groups: ranges(groups))
        }
    }

    package enum Kind: String, Hashable, Sendable, Codable {
        case overlay
        /// The one directory of `lower`, writable, as it is.
        case bind
    }

    package var kind = Kind.overlay
    /// The data root; relative paths below start here.
    package var root: String
    /// Short links to the layers' directories, the top one first, relative to `root`; never empty.
    package var lower: [String]
    /// The writable directory, relative to `root`; nil for a view that only reads.
    package var upper: String?
    package var work: String?
    /// Options beside the directories, such as `index=off`.
    package var options: [String]
    /// The layers must be mounted with this map (mount_setattr(2)) before overlay stacks them: their files belong to the
    /// host's numbers, the container's processes have others.
    package var idMap: IDMap?

    package init(
        root: String, lower: [String], upper: String? = nil, work: String? = nil, options: [String] = [],
        idMap: IDMap? = nil
    ) {
        self.root = root
        self.lower = lower
        self.upper = upper
        self.work = work
        self.options = options
        self.idMap = idMap
    }

    /// The most bytes of options that mount(2) takes.
    package static let longestData = 4095

    /// The type for mount(2) and fsopen(2).
    package var type: String { kind.rawValue }
    /// The tree itself when there is nothing to stack.
    package var source: String { kind == .bind ? "\(root)/\(lower.first ?? "")" : "overlay" }

    /// Options for mount(2), with absolute paths, to be joined by commas.
    ///
    /// With many layers and a deep data root this can exceed ``longestData``; ``relativeOptions`` then fits.
    package var joinedOptions: [String] { joined { "\(root)/\($0)" } }

    /// Options for mount(2) called with `root` as working directory.
    package var relativeOptions: [String] { joined { $0 } }

    /// Options for fsconfig(2) one by one: each layer is appended by `lowerdir+`, the top one first (Linux 6.7).
    package var appendedOptions: [(key: String, value: String?)] {
        var pairs: [(key: String, value: String?)] = lower.map { ("lowerdir+", "\(root)/\($0)") }
        if let upper { pairs.append(("upperdir", "\(root)/\(upper)")) }
        if let work { pairs.append(("workdir", "\(root)/\(work)")) }
        for option in options {
            guard let equals = option.firstIndex(of: "=") else {
                pairs.append((option, nil))
                continue
            }
            pairs.append((String(option[..<equals]), String(option[option.index(after: equals)...])))
        }
        return pairs
    }

    private func joined(_ path: (String) -> String) -> [String] {
        if kind == .bind { return ["bind"] }
        var all = ["lowerdir=" + lower.map(path).joined(separator: ":")]
        if let upper { all.append("upperdir=" + path(upper)) }
        if let work { all.append("workdir=" + path(work)) }
        return all + options
    }
}
