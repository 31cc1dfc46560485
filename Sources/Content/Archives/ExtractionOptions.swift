/// How a tar becomes a tree.
package struct ExtractionOptions: Equatable, Sendable {
    package enum Whiteouts: Equatable, Sendable {
        /// Names such as `.wh.x` are files like others (`docker cp`, import).
        case plain
        /// A layer for overlayfs: `.wh.x` becomes a 0/0 character device, `.wh..wh..opq` an attribute of its directory.
        case overlay(attributes: OverlayAttributes)
    }

    /// Where overlayfs keeps what it knows about directories.
    package enum OverlayAttributes: String, Equatable, Sendable {
        case trusted
        /// What a mount inside a user namespace uses (`userxattr`).
        case user
    }

    package enum Ownership: Equatable, Sendable {
        /// As the archive says.
        case archived
        /// Everything belongs to one user and group.
        case fixed(owner: UInt32, group: UInt32)
    }

    package var whiteouts: Whiteouts
    package var ownership: Ownership = .archived
    /// Applied last: the owners meant are those of a user namespace.
    package var ownerMap: OwnerMap?
    /// Content that may be written in all; nil when nothing was declared.
    package var byteLimit: Int64?
    package var entryLimit: Int = 10_000_000
    /// Refuse to put a directory where something else is, and the reverse.
    package var keepsKinds = false

    package init(whiteouts: Whiteouts) { self.whiteouts = whiteouts }

    /// For layers of images.
    package static let layer = ExtractionOptions(whiteouts: .overlay(attributes: .trusted))
    /// For archives that people send.
    package static let plain = ExtractionOptions(whiteouts: .plain)
}

/// What unpacking an archive did.
package struct ExtractionReport: Equatable, Sendable {
    package var entries = 0
    /// Bytes of file content that were written, holes not counted.
    package var bytes: Int64 = 0
    /// Directories that no entry described, made 0755 and root's.
    ///
    /// In a layer they should look as in the layers below.
    package var impliedDirectories: [EntryPath] = []
    /// An entry described the root itself.
    package var describesRoot = false
    /// Attributes that the file system does not take, by name.
    package var droppedAttributes: Set<[UInt8]> = []
}
