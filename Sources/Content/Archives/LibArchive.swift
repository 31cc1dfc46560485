internal import CArchive
internal import Glibc
internal import LinuxKernel

/// One reading handle of libarchive over a ``BlockSource``; the only code that touches libarchive.
///
/// Blocking, and used from one thread at a time.
final class LibArchive {
    enum Format {
        case tar
        /// One nameless entry: whatever is inside the compression.
        case raw
    }

    private let handle: OpaquePointer
    private let feed: Feed

    /// What the reading callback needs; it stays where it is for as long as the handle lives.
    private final class Feed {
        let source: any BlockSource
        /// What the source threw: libarchive can only carry a number.
        var failure: ArchiveError?

        init(_ source: any BlockSource) { self.source = source }
    }

    init(_ source: any BlockSource, format: Format, decompressing: Bool) throws(ArchiveError) {
        guard let handle = archive_read_new() else {
            throw .kernel(.init("archive_read_new", errno: ENOMEM))
        }
        self.handle = handle
        feed = Feed(source)
        if decompressing {
            archive_read_support_filter_gzip(handle)
            archive_read_support_filter_zstd(handle)
            archive_read_support_filter_xz(handle)
            archive_read_support_filter_bzip2(handle)
        }
        archive_read_support_format_empty(handle)
        switch format {
        case .tar:
            archive_read_support_format_tar(handle)
            // Names stay the bytes they are; in the C locale libarchive would lose those that are not ASCII.
            archive_read_set_options(handle, "hdrcharset=BINARY")
        case .raw: archive_read_support_format_raw(handle)
        }
        let status = archive_read_open2(
            handle, Unmanaged.passUnretained(feed).toOpaque(), nil,
            { _, context, block in
                guard let context, let block else { return -1 }
                let feed = Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
                do throws(ArchiveError) {
                    guard let bytes = try feed.source.nextBlock() else { return 0 }
                    block.pointee = bytes.baseAddress
                    return bytes.count
                } catch {
                    feed.failure = error
                    return -1
                }
            }, nil, nil)
        try verify(status)
    }

    deinit { archive_read_free(handle) }

    /// The next header, nil at the end of the archive.
    func nextHeader() throws(ArchiveError) -> OpaquePointer? {
        var entry: OpaquePointer?
        while true {
            let status = archive_read_next_header(handle, &entry)
            if status == ARCHIVE_EOF { return nil }
            if status == ARCHIVE_RETRY { continue }
            try verify(status)
            return entry
        }
    }

    /// Lends the next data of the current entry and where it belongs; nil at the entry's end.
    func nextData() throws(ArchiveError) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        while true {
            let status = archive_read_data_block(handle, &start, &count, &offset)
            if status == ARCHIVE_EOF { return nil }
            if status == ARCHIVE_RETRY { continue }
            try verify(status)
            if count > 0 { return (UnsafeRawBufferPointer(start: start, count: count), offset) }
        }
    }

    private func verify(_ status: Int32) throws(ArchiveError) {
        if let failure = feed.failure { throw failure }
        guard status < ARCHIVE_WARN else { return }
        let reason = archive_error_string(handle).map { String(cString: $0) } ?? "unreadable"
        throw .malformed(reason)
    }
}

/// What is inside gzip, zstd, xz or bzip2; bytes that are not compressed pass as they are.
package final class DecompressedSource: BlockSource {
    private let archive: LibArchive
    private var started = false
    private var ended = false

    package init(_ source: any BlockSource) throws(ArchiveError) {
        archive = try LibArchive(source, format: .raw, decompressing: true)
    }

    package func nextBlock() throws(ArchiveError) -> UnsafeRawBufferPointer? {
        if ended { return nil }
        if !started {
            started = true
            guard try archive.nextHeader() != nil else {
                ended = true
                return nil
            }
        }
        guard let data = try archive.nextData() else {
            ended = true
            return nil
        }
        return data.bytes
    }
}
