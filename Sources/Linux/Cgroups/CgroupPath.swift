/// Where a group lives below the mount of each controller, such as `/pouch/4f1c`.
///
/// Never the root, never a way out of it: no `.` or `..`, no NUL, no name that the kernel keeps for itself.
package struct CgroupPath: Hashable, Sendable, CustomStringConvertible {
    package let components: [String]

    /// Reads what a bundle or a person wrote; a relative path is taken from the root of the controller's mount.
    ///
    /// - Throws: ``CgroupError/invalidPath(_:why:)``.
    package init(parsing text: String) throws(CgroupError) {
        var components: [String] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: true) {
            try Self.check(part, of: text)
            components.append(String(part))
        }
        guard !components.isEmpty else {
            throw .invalidPath(text, why: "names the root, which holds everything else on this machine")
        }
        self.components = components
    }

    private init(components: [String]) {
        self.components = components
    }

    private static func check(_ part: Substring, of text: String) throws(CgroupError) {
        if part == "." || part == ".." { throw .invalidPath(text, why: "must not contain . or ..") }
        if part.utf8.contains(0) { throw .invalidPath(text, why: "must not contain NUL") }
        if part.utf8.contains(10) { throw .invalidPath(text, why: "must not contain a line feed") }
        if part.utf8.count > 255 { throw .invalidPath(text, why: "has a name of more than 255 bytes") }
        if part.hasPrefix("cgroup.") { throw .invalidPath(text, why: "has a name that the kernel keeps for itself") }
    }

    /// The group `name` inside this one; `name` may have several components.
    ///
    /// - Throws: ``CgroupError/invalidPath(_:why:)``.
    package func appending(_ name: String) throws(CgroupError) -> CgroupPath {
        try CgroupPath(parsing: description + "/" + name)
    }

    /// The group that holds this one; `nil` when that is the root.
    package var parent: CgroupPath? {
        components.count > 1 ? CgroupPath(components: Array(components.dropLast())) : nil
    }

    /// Absolute, as in `/proc/PID/cgroup`.
    package var description: String { "/" + components.joined(separator: "/") }
}
