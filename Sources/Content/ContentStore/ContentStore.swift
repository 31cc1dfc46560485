internal import Glibc
package import ImageSpec
package import LinuxKernel
internal import Synchronization

/// Blobs by digest, on disk below one directory.
///
/// A blob appears under its digest only when all its bytes were verified, by a rename; whoever finds one can trust it until
/// the disk itself corrupts it (see ``verify(_:)``). Nothing is ever half visible, whatever dies when:
/// ```
/// blobs/<algorithm>/<hex>   verified
/// ingest/partial-…          being written for a known digest, resumed after a crash
/// ingest/new-…              being written for a digest not known yet, removed at start
/// reserved/…                blobs of an image that is on its way, see ``Reservation``
/// ```
/// All methods block on the disk: call them from lanes. Any thread may call any method.
package final class ContentStore: Sendable {
    package let root: String
    private let state = Mutex(State())

    private struct State {
        /// How many leases hold a blob.
        var pins: [Digest: Int] = [:]
        /// A collection is under way, which must spare what was pinned at any moment of it.
        var collecting = false
        var spared: Set<Digest> = []
        var resuming: Set<Digest> = []
        var serial = 0
    }

    /// Opens or makes the store below `root`.
    package init(root: String) throws(ContentError) {
        self.root = root
        for directory in ["", "/blobs", "/blobs/sha256", "/blobs/sha512", "/ingest", "/reserved"] {
            try kernel { () throws(SyscallError) in
                do throws(SyscallError) {
                    try Files.makeDirectory(root + directory, mode: 0o700)
                } catch {
                    guard error.errno == EEXIST else { throw error }
                }
            }
        }
        for name in try list("ingest") where name.hasPrefix("new-") {
            try kernel { () throws(SyscallError) in try Files.remove("\(root)/ingest/\(name)") }
        }
    }

    // MARK: reading

    /// Where the verified bytes of `digest` are, if they are there.
    package func path(of digest: Digest) -> String { "\(root)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    package func contains(_ digest: Digest) -> Bool { Files.exists(path(of: digest)) }

    /// - Throws: ``ContentError/notFound(_:)``.
    package func open(_ digest: Digest) throws(ContentError) -> Descriptor {
        do throws(SyscallError) {
            return try Descriptor.open(path(of: digest))
        } catch {
            throw error.errno == ENOENT ? .notFound(digest) : .kernel(error)
        }
    }

    package func size(of digest: Digest) throws(ContentError) -> Int64 {
        do throws(SyscallError) {
            return try Files.status(path(of: digest)).size
        } catch {
            throw error.errno == ENOENT ? .notFound(digest) : .kernel(error)
        }
    }

    /// At most `count` bytes from `offset` on; fewer at the end.
    package func read(_ digest: Digest, from offset: Int64, count: Int) throws(ContentError) -> [UInt8] {
        let file = try open(digest)
        let number = file.raw
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let step = try kernel { () throws(SyscallError) in
                try check("pread") {
                    bytes.withUnsafeMutableBytes {
                        pread(number, $0.baseAddress.map { $0 + done }, count - done, Int(offset) + done)
                    }
                }
            }
            if step == 0 { break }
            done += step
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// All bytes of a blob that is known to be small, such as a manifest.
    package func readAll(_ digest: Digest, limit: Int = 16 << 20) throws(ContentError) -> [UInt8] {
        let size = try size(of: digest)
        guard size <= Int64(limit) else { throw .tooLarge(limit: limit) }
        return try read(digest, from: 0, count: Int(size))
    }

    /// Every digest that is there.
    package func digests() throws(ContentError) -> [Digest] {
        var found: [Digest] = []
        for algorithm in Digest.Algorithm.allCases {
            for name in try list("blobs/\(algorithm.rawValue)") {
                if let digest = try? Digest(algorithm, hex: name) { found.append(digest) }
            }
        }
        return found
    }

    /// Hashes a blob again; says whether its bytes are still its own.
    package func verify(_ digest: Digest) throws(ContentError) -> Bool {
        let file = try open(digest)
        var hasher = BlobHasher(digest.algorithm)
        try hash(file, into: &hasher)
        return hasher.digest == digest
    }

    /// The blobs whose bytes the disk has corrupted.
    package func corrupted() throws(ContentError) -> [Digest] {
        var found: [Digest] = []
        for digest in try digests() {
            do throws(ContentError) {
                if try !verify(digest) { found.append(digest) }
            } catch .notFound {
                continue  // it was collected meanwhile
            } catch .kernel(let error) where error.errno == EIO {
                found.append(digest)
            }
        }
        return found
    }

    // MARK: writing

    /// Keeps `bytes`, which are held by `lease` from then on.
    @discardableResult
    package func put(_ bytes: [UInt8], lease: Lease, _ algorithm: Digest.Algorithm = .sha256) throws(ContentError)
        -> Digest
    {
        let digest = BlobHasher.digest(of: bytes, algorithm)
        lease.pin(digest)
        if contains(digest) { return digest }
        let ingest = try ingest(algorithm)
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try ingest.write(UnsafeRawBufferPointer(buffer))
        }
        return try ingest.commit(lease: lease)
    }

    /// Starts a blob whose digest is not known yet.
    package func ingest(_ algorithm: Digest.Algorithm = .sha256) throws(ContentError) -> Ingest {
        let serial = state.withLock { state in
            state.serial += 1
            return state.serial
        }
        let path = "\(root)/ingest/new-\(getpid())-\(serial)"
        let file = try kernel { () throws(SyscallError) in
            try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        }
        return Ingest(self, file, path: path, hasher: BlobHasher(algorithm), expected: nil, size: nil)
    }

    /// Starts or goes on with the blob `digest`; ``Ingest/offset`` says how many bytes are there already.
    ///
    /// - Throws: `EBUSY` when somebody is at it.
    package func ingest(resuming digest: Digest, size: Int64?) throws(ContentError) -> Ingest {
        let free = state.withLock { $0.resuming.insert(digest).inserted }
        guard free else { throw .kernel(SyscallError("ingest", errno: EBUSY, subject: digest.description)) }
        do throws(ContentError) {
            let path = "\(root)/ingest/partial-\(digest.algorithm.rawValue)-\(digest.hex)"
            let file = try kernel { () throws(SyscallError) in
                try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
            }
            var hasher = BlobHasher(digest.algorithm)
            try hash(file, into: &hasher)
            return Ingest(self, file, path: path, hasher: hasher, expected: digest, size: size)
        } catch {
            endResuming(digest)
            throw error
        }
    }

    func endResuming(_ digest: Digest) {
        _ = state.withLock { $0.resuming.remove(digest) }
    }

    private func hash(_ file: borrowing Descriptor, into hasher: inout BlobHasher) throws(ContentError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do throws(SyscallError) {
                count = try file.read(into: buffer)
            } catch {
                throw .kernel(error)
            }
            if count == 0 { return }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    // MARK: keeping and collecting

    /// Holds blobs for as long as it lives: take one before looking whether a blob is there.
    package func lease() -> Lease { Lease(self) }

    func pin(_ digest: Digest) {
        state.withLock { $0.pins[digest, default: 0] += 1 }
    }

    func unpin(_ digests: some Sequence<Digest>) {
        state.withLock { state in
            for digest in digests {
                if state.collecting { state.spared.insert(digest) }
                let count = state.pins[digest, default: 1] - 1
                state.pins[digest] = count == 0 ? nil : count
            }
        }
    }

    /// Removes every blob that nobody holds and that is not among those `inUse` gives.
    ///
    /// Runs beside writers and readers: `inUse` is asked after the collection has begun to spare what leases held at any moment
    /// of it, so a blob whose record is being made is found in one of the two. A second collection at the same time does
    /// nothing.
    package func collect(inUse: () -> Set<Digest>) throws(ContentError) -> [Digest] {
        let alone = state.withLock { state in
            defer { state.collecting = true }
            return !state.collecting
        }
        guard alone else { return [] }
        defer {
            state.withLock { state in
                state.collecting = false
                state.spared = []
            }
        }
        let kept = inUse().union(try reserved())
        var removed: [Digest] = []
        for digest in try digests() where !kept.contains(digest) {
            // Under the lock: a lease is taken before its holder looks, so it either stops this or sees the blob gone.
            let failure = state.withLock { state -> SyscallError? in
                if state.pins[digest] != nil || state.spared.contains(digest) { return nil }
                do throws(SyscallError) {
                    try Files.remove(path(of: digest))
                    removed.append(digest)
                    return nil
                } catch {
                    return error.errno == ENOENT ? nil : error
                }
            }
            if let failure { throw .kernel(failure) }
        }
        return removed
    }

    func list(_ directory: String) throws(ContentError) -> [String] {
        try kernel { () throws(SyscallError) in try Files.list("\(root)/\(directory)") }
    }
}

/// Keeps blobs from being collected, from the moment they are pinned until it goes away.
package final class Lease: Sendable {
    private let store: ContentStore
    private let held = Mutex<[Digest]>([])

    init(_ store: ContentStore) { self.store = store }

    deinit { store.unpin(held.withLock { $0 }) }

    package func pin(_ digest: Digest) {
        store.pin(digest)
        held.withLock { $0.append(digest) }
    }
}
