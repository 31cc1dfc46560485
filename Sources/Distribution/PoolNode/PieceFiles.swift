internal import ContentStore
internal import Glibc
internal import ImageSpec
internal import LinuxKernel
internal import Pieces

/// The pieces of one blob on disk, in a folder of its own.
///
/// ```
/// bytes    the blob with holes; in the end another name of the content store's file
/// proofs   one record for each piece that lies there, written after its bytes
/// ```
/// A piece counts once its record is there; what a crash or a power loss left is hashed again when the folder is opened, so
/// no byte counts that does not match its proof. Blocks on the disk; used from one thread at a time.
final class PieceFiles {
    let blob: Digest
    let layout: PieceLayout
    let folder: String
    private(set) var have: PieceSet
    private(set) var map: PieceMap
    /// Whether the bytes are the content store's own file.
    private(set) var isMerged = false
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

    /// The bytes of a digest's digits.
    static func binary(_ digest: Digest) -> [UInt8] {
        let digits = Array(digest.hex.utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
        return stride(from: 0, to: digits.count, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }

    /// Keeps a piece whose bytes match `proof`, as the caller has verified.
    ///
    /// - Throws: `ENOSPC`.
    func store(_ piece: Int, _ content: [UInt8], _ proof: PieceProof) throws(SyscallError) {
        guard !have.contains(piece) else { return }
        let range = layout.bytes(of: piece)
        let number = bytes.raw
        var written = 0
        while written < content.count {
            written += try check("pwrite", folder) {
                content.withUnsafeBytes {
                    pwrite(
                        number, $0.baseAddress.map { $0 + written }, content.count - written,
                        Int(range.lowerBound) + written)
                }
            }
        }
        var writer = WireWriter()
        writer.count(piece)
        writer.data(proof.encoded())
        try log.writeAll(writer.bytes)
        _ = map.take(proof, for: piece)
        have.insert(piece)
    }

    /// Forgets pieces that stood on a word that is revoked.
    func drop(_ pieces: PieceSet) throws(SyscallError) {
        have.subtract(pieces)
        var kept = PieceMap(blob: blob, layout: layout)
        for piece in have.members { if let proof = map[piece] { _ = kept.take(proof, for: piece) } }
        map = kept
        try rewriteLog()
    }

    func read(_ piece: Int) throws(SyscallError) -> [UInt8] {
        try PieceFiles.read(bytes.raw, layout.bytes(of: piece))
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
    func merge(with path: String) throws(SyscallError) {
        let temporary = "\(folder)/bytes.new"
        unlink(temporary)
        try check("link", path) { link(path, temporary) }
        try Files.rename(temporary, to: bytesPath)
        bytes = try Descriptor.open(bytesPath)
        isMerged = true
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
