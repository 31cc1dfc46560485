internal import CLinux
internal import Glibc
package import ImageSpec
internal import LinuxKernel

/// A blob that is being written, hashed on its way; used from one thread at a time, blocking.
///
/// Let go without ``commit(lease:durable:)``, one that has a name of its own waits to be resumed, any other vanishes.
package final class Ingest {
    private let store: ContentStore
    private let file: Descriptor
    private let path: String
    private var hasher: BlobHasher
    private let expected: Digest?
    private let size: Int64?
    /// What is there stays when this goes.
    private let keeps: Bool
    private var done = false
    private var flushed: Int64 = 0

    /// After this many bytes the kernel is asked to start writing them, so that the final sync finds little to do.
    private static let writeback: Int64 = 8 << 20

    init(
        _ store: ContentStore, _ file: consuming Descriptor, path: String, hasher: BlobHasher, expected: Digest?,
        size: Int64?, keeps: Bool
    ) {
        self.store = store
        self.file = file
        self.path = path
        self.hasher = hasher
        self.expected = expected
        self.size = size
        self.keeps = keeps
        flushed = hasher.count
    }

    deinit {
        if !done, !keeps { unlink(path) }
        if keeps { store.endResuming(name) }
    }

    private var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// How many bytes are written.
    package var offset: Int64 { hasher.count }

    /// - Throws: ``ContentError/wrongSize(expected:actual:)`` as soon as there are more bytes than promised.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(ContentError) {
        if let size, offset + Int64(bytes.count) > size { throw .wrongSize(expected: size, actual: nil) }
        do throws(SyscallError) {
            try file.writeAll(bytes)
        } catch {
            throw .kernel(error)
        }
        hasher.update(bytes)
        if offset - flushed >= Self.writeback {
            _ = clinux_start_writeback(file.raw, flushed, offset - flushed)
            flushed = offset
        }
    }

    /// Forgets all bytes, such as after what was fetched proved wrong.
    package func restart() throws(ContentError) {
        let number = file.raw
        try kernel { () throws(SyscallError) in
            try check("ftruncate", path) { ftruncate(number, 0) }
            try check("lseek", path) { lseek(number, 0, SEEK_SET) }
        }
        hasher = BlobHasher(hasher.algorithm)
        flushed = 0
    }

    /// A point to come back to.
    package struct Mark: Sendable {
        fileprivate var hasher: BlobHasher
    }

    package var mark: Mark { Mark(hasher: hasher) }

    /// Forgets the bytes behind `mark`.
    package func rewind(to mark: Mark) throws(ContentError) {
        let number = file.raw
        let length = Int(mark.hasher.count)
        try kernel { () throws(SyscallError) in
            try check("ftruncate", path) { ftruncate(number, length) }
            try check("lseek", path) { lseek(number, length, SEEK_SET) }
        }
        hasher = mark.hasher
        flushed = min(flushed, hasher.count)
    }

    /// Removes what was written, for good.
    package func discard() {
        done = true
        unlink(path)
    }

    /// Makes the blob visible if it is `digest`, of whatever algorithm; its bytes stay for another try if not.
    ///
    /// - Throws: `mismatch`.
    package func commit(as digest: Digest, lease: Lease) throws(ContentError) {
        if digest.algorithm != hasher.algorithm {
            let number = file.raw
            _ = try kernel { () throws(SyscallError) in try check("lseek", path) { lseek(number, 0, SEEK_SET) } }
            var other = BlobHasher(digest.algorithm)
            try store.hash(file, into: &other)
            hasher = other
        }
        guard hasher.digest == digest else { throw .mismatch(expected: digest, actual: hasher.digest) }
        try commit(lease: lease)
    }

    /// Verifies the blob and makes it visible, held by `lease`.
    ///
    /// With `durable` it survives power loss from then on.
    ///
    /// - Throws: `mismatch` or `wrongSize`; the bytes of a known digest are dropped then, as resuming them would be vain.
    @discardableResult
    package func commit(lease: Lease, durable: Bool = true) throws(ContentError) -> Digest {
        let digest = hasher.digest
        if let size, offset != size { throw .wrongSize(expected: size, actual: offset) }
        if let expected, digest != expected {
            unlink(path)
            throw .mismatch(expected: expected, actual: digest)
        }
        lease.pin(digest)
        let number = file.raw
        let target = store.path(of: digest)
        try kernel { () throws(SyscallError) in
            if durable { try check("fsync", path) { fsync(number) } }
            try check("fchmod", path) { fchmod(number, 0o444) }
            try Files.rename(path, to: target)
            if durable { try Self.sync(directoryOf: target) }
        }
        done = true
        return digest
    }

    private static func sync(directoryOf path: String) throws(SyscallError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let directory = try Descriptor.open(String(path[..<slash]), O_RDONLY | O_DIRECTORY)
        let number = directory.raw
        try check("fsync", path) { fsync(number) }
    }
}
