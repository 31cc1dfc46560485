package import DiskQuota
internal import Units

/// The options of a local volume that limit it: `size` and `inodes`.
///
/// The original's other spellings of `size` are taken too.
package struct VolumeLimit: Equatable, Sendable {
    /// Nil when the volume has none of its own.
    package var limit: QuotaLimit?

    static let sizes: Set<String> = ["size", "Size", "opt.size", "opt.Size"]

    /// Whether options, which need not be valid, name no limit.
    package static func isAbsent(in options: [String: String]) -> Bool {
        !options.keys.contains { sizes.contains($0) || $0 == "inodes" }
    }

    /// - Throws: ``VolumesError/invalid(_:)`` for an option that is none, or is none of a limit's.
    package init(_ options: [String: String], of volume: String) throws(VolumesError) {
        var words: [String] = []
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            if Self.sizes.contains(name) {
                words.append(value)
            } else if name == "inodes" {
                words.append("inodes=" + value)
            } else {
                throw .invalid("create \(volume): invalid option: \"\(name)\"")
            }
        }
        guard !words.isEmpty else { return }
        limit = try QuotaLimit(parsing: words.joined(separator: ",")) { .invalid("create \(volume): \($0)") }
    }
}
