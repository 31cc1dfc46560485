internal import ContentStore
internal import Glibc
internal import ImageSpec
internal import LinuxKernel
internal import NIOCore
internal import Pieces

/// The pieces of one blob on disk, in a folder of its own.
///
/// ```
/// bytes    the blob with holes; in the end another name of the content store's file
/// proofs   one record for each piece that lies there, written after its bytes
/// ```
/// A piece counts once its record is there; what a crash or a power loss left is hashed again when the folder is opened, so
/// no byte counts that does not match its proof. A copy that a disk has damaged is found the same way, and mended with pieces
/// that match, in a file of its own that then replaces the content store's. Blocks on the disk; used from one thread at a time.
final class PieceFiles {
    let blob: Digest
    let layout: PieceLayout
    let folder: String
    private(set) var have: PieceSet
    private(set) var map: PieceMap
    /// Whether the bytes are the content store's own file.
    private(set) var isMerged = false
    /// Whether the content store's file was found damaged: then it gets these bytes, not the other way about.
    private var isHealing = false
    private var bytes: Descriptor
    private let log: Descriptor

    var bytesPath: String { "\(folder)/bytes" }

    /// Opens the folder, made if need be, and believes what matches its proofs.
    init(_ blob: Digest, length: Int64, folder: String) throws(SyscallError) {
        self.blob = blob
        self.folder = folder
        layout = PieceLayout(length: length)
        have = PieceSet(capacity: layout.count)
        map = PieceMap(blob: blob, layout: layout)
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw error }
        }
        bytes = try Descriptor.open("\(folder)/bytes", O_RDWR | O_CREAT, mode: 0o600)
        log = try Descriptor.open("\(folder)/proofs", O_RDWR | O_CREAT | O_APPEND, mode: 0o600)
        try recover()
        var status = stat()
        let number = bytes.raw
        try check("fstat", folder) { fstat(number, &status) }
        guard status.st_nlink > 1 else { return }
        if have.isFull { isMerged = true } else { try separate(keeping: have) }
    }

    /// Reads the records, up to the first that was not written whole.
    private func recover() throws(SyscallError) {
        var reader = WireReader(try log.readToEnd())
        // The first number is the blob's length, which a start without a manifest needs.
        _ = try? reader.count("length")
        while !reader.isAtEnd {
            guard let piece = try? reader.count("piece", upTo: Int(Int32.max)),
                let record = try? reader.data("proof"), let proof = try? PieceProof(decoding: record)
            else { break }
            guard piece < layout.count, !have.contains(piece), let stored = try? read(piece),
                Self.hash(stored) == proof.hash
            else { continue }
            _ = map.take(proof, for: piece)
            have.insert(piece)
        }
        try rewriteLog()
    }

    private func rewriteLog() throws(SyscallError) {
        var writer = WireWriter()
        writer.count(layout.length)
        for piece in have.members {
            guard let proof = map[piece] else { continue }
            writer.count(piece)
            writer.data(proof.encoded())
        }
        let number = log.raw
        try check("ftruncate", folder) { ftruncate(number, 0) }
        try log.writeAll(writer.bytes)
    }

    static func hash(_ bytes: [UInt8]) -> PieceHash {
        PieceHash(Self.binary(BlobHasher.digest(of: bytes)))
    }

    static func hash(_ bytes: ByteBuffer) -> PieceHash {
        var hasher = BlobHasher()
        bytes.withUnsafeReadableBytes { hasher.update($0) }
        return PieceHash(Self.binary(hasher.digest))
    }

    /// The bytes of a digest's digits.
    static func binary(_ digest: Digest) -> [UInt8] {
        let digits = Array(digest.hex.utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
        return stride(from: 0, to: digits.count, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }

    /// Keeps a piece whose bytes match `proof`, as the caller has verified.
    ///
    /// - Throws: `ENOSPC`.
    func store(_ piece: Int, _ content: ByteBuffer, _ proof: PieceProof) throws(SyscallError) {
        guard !have.contains(piece) else { return }
        try Self.write(content, to: bytes.raw, at: layout.bytes(of: piece).lowerBound)
        var writer = WireWriter()
        writer.count(piece)
        writer.data(proof.encoded())
        try log.writeAll(writer.bytes)
        _ = map.take(proof, for: piece)
        have.insert(piece)
    }

    private static func write(_ content: ByteBuffer, to file: Int32, at offset: Int64) throws(SyscallError) {
        let count = content.readableBytes
        var written = 0
        while written < count {
            written += try check("pwrite") {
                content.withUnsafeReadableBytes {
                    pwrite(file, $0.baseAddress.map { $0 + written }, count - written, Int(offset) + written)
                }
            }
        }
    }

    /// Forgets pieces that stood on a word that is revoked, or that are damaged.
    func drop(_ pieces: PieceSet) throws(SyscallError) {
        let rest = have.subtracting(pieces)
        guard have.hasMore(than: rest) else { return }
        // First: what is dropped may be written anew, and that must not reach the content store's file.
        if isMerged { try separate(keeping: rest) }
        have = rest
        var kept = PieceMap(blob: blob, layout: layout)
        for piece in have.members { if let proof = map[piece] { _ = kept.take(proof, for: piece) } }
        map = kept
        try rewriteLog()
    }

    /// Those of `suspects` that do not match their proofs any more; when there is one, of all pieces.
    func damaged(among suspects: PieceSet) -> PieceSet {
        let found = mismatches(in: suspects.intersection(have))
        return found.isEmpty ? found : mismatches(in: have)
    }

    private func mismatches(in pieces: PieceSet) -> PieceSet {
        PieceSet(
            capacity: layout.count,
            pieces.members.filter { piece in
                guard let proof = map[piece], let stored = try? read(piece) else { return true }
                return Self.hash(stored) != proof.hash
            })
    }

    /// Gives these pieces a file of their own again: the content store's must not change.
    private func separate(keeping kept: PieceSet) throws(SyscallError) {
        let temporary = "\(folder)/bytes.new"
        unlink(temporary)
        let copy = try Descriptor.open(temporary, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        for piece in kept.members {
            try Self.write(ByteBuffer(bytes: try read(piece)), to: copy.raw, at: layout.bytes(of: piece).lowerBound)
        }
        try Files.rename(temporary, to: bytesPath)
        bytes = copy
        (isMerged, isHealing) = (false, true)
    }

    func read(_ piece: Int) throws(SyscallError) -> [UInt8] {
        try PieceFiles.read(bytes.raw, layout.bytes(of: piece))
    }

    func read(_ range: Range<Int64>) throws(SyscallError) -> [UInt8] { try PieceFiles.read(bytes.raw, range) }

    /// The bytes' file for who reads it apart, whatever becomes of its name.
    func opened() throws(SyscallError) -> Descriptor {
        let number = bytes.raw
        return Descriptor(owning: try check("fcntl", folder) { fcntl(number, F_DUPFD_CLOEXEC, 0) })
    }

    /// The blobs that lie below `root`, with their lengths.
    static func known(below root: String) -> [(Digest, Int64)] {
        ((try? Files.list(root)) ?? []).compactMap { name in
            let halves = name.split(separator: "-", maxSplits: 1)
            guard halves.count == 2, let algorithm = Digest.Algorithm(rawValue: String(halves[0])),
                let digest = try? Digest(algorithm, hex: String(halves[1])),
                let bytes = try? WholeFile.read("\(root)/\(name)/proofs"), !bytes.isEmpty
            else { return nil }
            var reader = WireReader(bytes)
            guard let length = try? reader.count("length", upTo: Int(PieceLayout.longestBlob)) else { return nil }
            return (digest, Int64(length))
        }
    }

    /// Whether the whole has its digest.
    func isWhole() throws(SyscallError) -> Bool {
        var hasher = BlobHasher(blob.algorithm)
        for piece in 0..<layout.count { hasher.update(try read(piece)) }
        return hasher.digest == blob
    }

    /// Gives the space back once the content store has the blob: from then on both are one file.
    ///
    /// A file of the content store that is damaged is replaced by these bytes, of which the whole has the digest.
    func merge(with path: String) throws(SyscallError) {
        if isHealing { try heal(path) }
        let temporary = "\(folder)/bytes.new"
        unlink(temporary)
        try check("link", path) { link(path, temporary) }
        try Files.rename(temporary, to: bytesPath)
        bytes = try Descriptor.open(bytesPath)
        isMerged = true
    }

    private func heal(_ path: String) throws(SyscallError) {
        let temporary = "\(folder)/healed"
        unlink(temporary)
        let number = bytes.raw
        try check("fchmod", folder) { fchmod(number, 0o444) }
        try check("fsync", folder) { fsync(number) }
        try check("link", temporary) { link(bytesPath, temporary) }
        try Files.rename(temporary, to: path)
        isHealing = false
    }

    /// Bytes on the disk, when they were last written in seconds since 1970, and whether they are the content store's own.
    var space: (bytes: Int64, lastUse: Int64, isShared: Bool) {
        var status = stat()
        guard stat(bytesPath, &status) == 0 else { return (0, 0, isMerged) }
        return (Int64(status.st_blocks) * 512, Int64(status.st_mtim.tv_sec), isMerged || status.st_nlink > 1)
    }

    /// Removes the folder.
    func erase() throws(SyscallError) {
        for name in ["proofs", "bytes", "bytes.new", "healed"] { unlink("\(folder)/\(name)") }
        let path = folder
        try check("rmdir", path) { rmdir(path) }
    }

    /// - Throws: `EIO` when the file is shorter.
    static func read(_ file: Int32, _ range: Range<Int64>) throws(SyscallError) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < content.count {
            let step = try check("pread") {
                content.withUnsafeMutableBytes {
                    pread(file, $0.baseAddress.map { $0 + done }, $0.count - done, Int(range.lowerBound) + done)
                }
            }
            guard step > 0 else { throw SyscallError("pread", errno: EIO) }
            done += step
        }
        return content
    }
}
