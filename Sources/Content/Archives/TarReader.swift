internal import CArchive
internal import Glibc

/// Reads a tar stream entry by entry: ustar, PAX and GNU, compressed or not.
///
/// Blocking, one pass, used from one thread at a time. Content that is not read is skipped.
package final class TarReader {
    private let archive: LibArchive

    package init(_ source: any BlockSource, decompressing: Bool = true) throws(ArchiveError) {
        archive = try LibArchive(source, format: .tar, decompressing: decompressing)
    }

    /// The next entry, nil at the end of the archive.
    ///
    /// - Throws: `malformed` for what is no tar, `hostile` for an entry with numbers no file can have.
    package func nextEntry() throws(ArchiveError) -> ArchiveEntry? {
        guard let header = try archive.nextHeader() else { return nil }
        return try Self.entry(from: header)
    }

    /// Lends the next data of the current entry and where it belongs; what lies between is a hole.
    package func nextData() throws(ArchiveError) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        try archive.nextData()
    }

    /// The current entry's content as a source of its own, holes as zeros; valid until the next entry.
    package func body(of entry: ArchiveEntry) -> EntryBody {
        EntryBody(self, size: entry.size)
    }

    private static func entry(from header: OpaquePointer) throws(ArchiveError) -> ArchiveEntry {
        guard let path = archive_entry_pathname(header).map(bytes) else {
            throw .malformed("an entry without a name")
        }
        var entry = ArchiveEntry(path: path, kind: try kind(of: header, path: path))
        entry.mode = UInt32(archive_entry_perm(header)) & 0o7777
        guard let owner = UInt32(exactly: archive_entry_uid(header)), owner != .max,
            let group = UInt32(exactly: archive_entry_gid(header)), group != .max
        else {
            throw .hostile(entry: entry.name, reason: "has an owner that no file can have")
        }
        entry.owner = owner
        entry.group = group
        entry.size = entry.kind == .file ? archive_entry_size(header) : 0
        guard entry.size >= 0 else { throw .hostile(entry: entry.name, reason: "has a negative size") }
        if archive_entry_mtime_is_set(header) != 0 {
            entry.modified = time(
                seconds: Int64(archive_entry_mtime(header)), fraction: Int64(archive_entry_mtime_nsec(header)))
        }
        entry.attributes = attributes(of: header)
        return entry
    }

    /// libarchive gives the fraction of a time before 1970 without its sign: -2.88 comes as -2 and 0.88.
    private static func time(seconds: Int64, fraction: Int64) -> FileTime {
        seconds < 0 && fraction > 0
            ? FileTime(seconds: seconds - 1, nanoseconds: 1_000_000_000 - fraction)
            : FileTime(seconds: seconds, nanoseconds: fraction)
    }

    private static func kind(of header: OpaquePointer, path: [UInt8]) throws(ArchiveError) -> ArchiveEntry.Kind {
        if let target = archive_entry_hardlink(header) { return .hardLink(target: bytes(target)) }
        let device = (
            major: UInt32(truncatingIfNeeded: archive_entry_rdevmajor(header)),
            minor: UInt32(truncatingIfNeeded: archive_entry_rdevminor(header))
        )
        switch UInt32(archive_entry_filetype(header)) {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK: return .symbolicLink(target: archive_entry_symlink(header).map(bytes) ?? [])
        case S_IFIFO: return .fifo
        case S_IFCHR: return .characterDevice(major: device.major, minor: device.minor)
        case S_IFBLK: return .blockDevice(major: device.major, minor: device.minor)
        case S_IFSOCK: return .socket
        default:
            throw .malformed("entry \(String(decoding: path, as: UTF8.self)) is of an unknown type")
        }
    }

    private static func attributes(of header: OpaquePointer) -> [ArchiveEntry.Attribute] {
        guard archive_entry_xattr_reset(header) > 0 else { return [] }
        var found: [ArchiveEntry.Attribute] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while archive_entry_xattr_next(header, &name, &value, &count) == ARCHIVE_OK {
            guard let name else { continue }
            found.append(
                .init(name: bytes(name), value: Array(UnsafeRawBufferPointer(start: value, count: count))))
        }
        return found
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}

/// The content of one entry of an archive, such as a layer inside a saved image.
package final class EntryBody: BlockSource {
    private let reader: TarReader
    private let size: Int64
    private var position: Int64 = 0
    /// Data that lies behind a hole which is still being read.
    private var ahead: (bytes: UnsafeRawBufferPointer, offset: Int64)?
    private var ended = false
    private let zeros = Buffer(count: 64 << 10)

    init(_ reader: TarReader, size: Int64) {
        self.reader = reader
        self.size = size
        zeros.pointer.initializeMemory(as: UInt8.self, repeating: 0)
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        if ahead == nil, !ended {
            ahead = try reader.nextData()
            ended = ahead == nil
        }
        let end = ahead?.offset ?? size
        if position < end {
            let count = Int(min(end - position, Int64(zeros.pointer.count)))
            position += Int64(count)
            return UnsafeRawBufferPointer(rebasing: zeros.pointer[..<count])
        }
        guard let data = ahead else { return nil }
        ahead = nil
        position += Int64(data.bytes.count)
        return data.bytes
    }
}
