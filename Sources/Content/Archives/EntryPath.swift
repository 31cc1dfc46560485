/// A path inside a tree, split and cleaned: no empty, `.` or `..` component is left.
package struct EntryPath: Hashable, Sendable {
    package var components: [[UInt8]]

    package init(components: [[UInt8]] = []) {
        self.components = components
    }

    /// Cleans `raw` as text: `a/../b` is `b`, a leading slash means the root.
    ///
    /// - Throws: ``ArchiveError/hostile(entry:reason:)`` when `..` would leave the root or a component is longer than
    ///   any file system allows.
    package init(_ raw: some Collection<UInt8>) throws(ArchiveError) {
        components = []
        for part in raw.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual([UInt8(ascii: ".")]) { continue }
            if part.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) {
                guard components.popLast() != nil else {
                    throw .hostile(entry: String(decoding: raw, as: UTF8.self), reason: "leaves its root")
                }
                continue
            }
            guard part.count <= 255, !part.contains(0) else {
                throw .hostile(
                    entry: String(decoding: raw.prefix(80), as: UTF8.self), reason: "has a name no file can have")
            }
            components.append(Array(part))
        }
    }

    /// Cleans a path that somebody wrote for a container: as in any root directory, `..` of the root is the root.
    ///
    /// - Throws: ``ArchiveError/hostile(entry:reason:)`` for names no file can have.
    package init(inContainer path: String) throws(ArchiveError) {
        var components: [[UInt8]] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual("..".utf8) {
                _ = components.popLast()
            } else {
                components += try EntryPath(part).components
            }
        }
        self.components = components
    }

    package var isRoot: Bool { components.isEmpty }
    package var name: [UInt8] { components.last ?? [] }
    package var parent: EntryPath { EntryPath(components: Array(components.dropLast())) }
    package var bytes: [UInt8] { Array(components.joined(separator: [UInt8(ascii: "/")])) }

    package func appending(_ name: [UInt8]) -> EntryPath { EntryPath(components: components + [name]) }
    package func appending(_ path: EntryPath) -> EntryPath { EntryPath(components: components + path.components) }
}

extension EntryPath: CustomStringConvertible {
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
