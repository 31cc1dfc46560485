internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Reads small files of a root filesystem that is not mounted: its layers' folders, the uppermost first.
///
/// Follows overlayfs's rules (whiteouts, opaque folders) and resolves symbolic links inside the root: nothing leads out of it.
struct LayeredRoot: Sendable {
    var layers: [String]

    private static let mostLinks = 40
    private static let largestFile = 4 << 20

    /// The file's bytes; nil when it does not exist or is no regular file.
    func read(_ path: String) -> [UInt8]? {
        guard let place = resolve(path), let file = try? Descriptor.open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
            let status = try? Files.status(of: file.raw), status.isRegular, status.size <= Self.largestFile
        else { return nil }
        return try? file.readToEnd()
    }

    /// Where a path's bytes lie on the host; nil when it does not exist.
    func resolve(_ path: String) -> String? {
        var waiting = path.split(separator: "/").map(String.init)[...]
        var done: [String] = []
        var links = 0
        while let part = waiting.popFirst() {
            if part == "." { continue }
            if part == ".." {
                _ = done.popLast()
                continue
            }
            guard let place = find(done + [part]) else { return nil }
            if place.status.isSymbolicLink {
                links += 1
                guard links <= Self.mostLinks, let target = try? Files.readLink(place.path) else { return nil }
                if target.hasPrefix("/") { done = [] }
                waiting = (target.split(separator: "/").map(String.init) + waiting)[...]
            } else {
                done.append(part)
            }
        }
        return find(done)?.path
    }

    /// Looks a path without links in its folders up, layer by layer.
    private func find(_ parts: [String]) -> (path: String, status: FileStatus)? {
        layer: for layer in layers {
            var path = layer
            for (index, part) in parts.enumerated() {
                path = PathText.join(path, part)
                guard let status = try? Files.status(path, following: false) else {
                    if Self.isOpaque(PathText.folder(path)), index > 0 { return nil }
                    continue layer
                }
                if status.isCharacterDevice, status.major == 0, status.minor == 0 { return nil }
                if index == parts.count - 1 { return (path, status) }
                guard status.isDirectory else { return nil }
            }
            if parts.isEmpty, let status = try? Files.status(path, following: false) { return (path, status) }
        }
        return nil
    }

    private static func isOpaque(_ path: String) -> Bool {
        var value: UInt8 = 0
        let count = clinux_lgetxattr(path, "trusted.overlay.opaque", &value, 1)
        return count == 1 && value == UInt8(ascii: "y")
    }
}
