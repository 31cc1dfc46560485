/// One file of an archive, without its content.
///
/// Names are bytes: a file system has no encoding.
package struct ArchiveEntry: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case file
        case directory
        case symbolicLink(target: [UInt8])
        /// Another name of an entry that came earlier.
        case hardLink(target: [UInt8])
        case fifo
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case socket
    }

    package struct Attribute: Equatable, Sendable {
        package var name: [UInt8]
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// As the archive has it, relative to the root.
    package var path: [UInt8]
    package var kind: Kind
    /// The twelve permission bits.
    package var mode: UInt32
    package var owner: UInt32
    package var group: UInt32
    /// Bytes of content; 0 for everything that is not a file.
    package var size: Int64
    package var modified: FileTime
    package var attributes: [Attribute]

    package init(
        path: [UInt8], kind: Kind, mode: UInt32 = 0o644, owner: UInt32 = 0, group: UInt32 = 0, size: Int64 = 0,
        modified: FileTime = FileTime(seconds: 0), attributes: [Attribute] = []
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.group = group
        self.size = size
        self.modified = modified
        self.attributes = attributes
    }

    /// The path for people; bytes that are not UTF-8 show as replacement characters.
    package var name: String { String(decoding: path, as: UTF8.self) }
}
