import ContentStore
import Glibc
import ImageSpec
import LinuxKernel
import NIOCore
import Pieces
import TestSupport
import Testing

@testable import PoolNode

/// A blob's pieces on disk, through crashes and damage.
@Suite("pieces on disk")
struct PieceFilesTests {
    /// Eight pieces and a short one.
    private static let content = (0..<(8 * (128 << 10) + 1000)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
    private static let digest = BlobHasher.digest(of: content)
    private static let layout = PieceLayout(length: Int64(content.count))

    private static func bytes(_ piece: Int) -> ByteBuffer {
        let range = layout.bytes(of: piece)
        return ByteBuffer(bytes: content[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    private static func proof(_ piece: Int) -> PieceProof {
        PieceProof(author: PeerID(7), hash: PieceFiles.hash(bytes(piece)), signature: [1, 2, 3])
    }

    private func open(_ folder: String) throws -> PieceFiles {
        try PieceFiles(Self.digest, length: Self.layout.length, folder: folder + "/blob")
    }

    /// A folder with these pieces, closed again.
    private func prepare(_ folder: String, _ pieces: [Int]) throws {
        let files = try open(folder)
        for piece in pieces { try files.store(piece, Self.bytes(piece), Self.proof(piece)) }
    }

    private func overwrite(_ path: String, at offset: Int64, with bytes: [UInt8]) throws {
        let file = try Descriptor.open(path, O_WRONLY)
        let number = file.raw
        try check("pwrite") { pwrite(number, bytes, bytes.count, Int(offset)) }
    }

    @Test("what was stored is there after a crash, with its proofs; the whole has its digest once all is there")
    func recovery() async throws {
        try await withScratchDirectory { folder in
            try prepare(folder, [0, 3, 8])
            let files = try open(folder)
            #expect(files.have.members == [0, 3, 8])
            #expect(files.map[3] == Self.proof(3) && files.map[4] == nil)
            #expect(try ByteBuffer(bytes: files.read(8)) == Self.bytes(8))
            for piece in 0..<9 { try files.store(piece, Self.bytes(piece), Self.proof(piece)) }
            let isWhole = try files.isWhole()
            #expect(files.have.isFull && isWhole)
            #expect(PieceFiles.known(below: folder).isEmpty)
        }
    }

    @Test("bytes that changed behind our back, and records cut anywhere, count for nothing", arguments: UInt64(0)..<40)
    func damageWhileDown(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        try await withScratchDirectory { folder in
            try prepare(folder, Array(0..<9))
            let spoilt = Int.random(in: 0..<9, using: &random)
            try overwrite(
                folder + "/blob/bytes", at: Self.layout.bytes(of: spoilt).lowerBound + 5, with: [0xAA, 0x55, 1])
            let log = try WholeFile.read(folder + "/blob/proofs")
            let kept = Int.random(in: 0...log.count, using: &random)
            try WholeFile.replace(folder + "/blob/proofs", with: Array(log[..<kept]))
            let files = try open(folder)
            #expect(!files.have.contains(spoilt), "seed \(seed)")
            for piece in files.have.members {
                #expect(try ByteBuffer(bytes: files.read(piece)) == Self.bytes(piece), "seed \(seed)")
            }
            // It goes on from there, and a third start finds all of it.
            for piece in 0..<9 { try files.store(piece, Self.bytes(piece), Self.proof(piece)) }
            let again = try open(folder)
            #expect(again.have.isFull, "seed \(seed)")
        }
    }

    @Test("a damaged piece is found by looking; one is enough for all to be looked at")
    func damageWhileUp() async throws {
        try await withScratchDirectory { folder in
            try prepare(folder, Array(0..<9))
            let files = try open(folder)
            #expect(files.damaged(among: .all(of: 9)).isEmpty)
            for piece in [2, 5] {
                try overwrite(folder + "/blob/bytes", at: Self.layout.bytes(of: piece).lowerBound, with: [9, 9, 9, 9])
            }
            #expect(files.damaged(among: PieceSet(capacity: 9, [1])).isEmpty)
            #expect(files.damaged(among: PieceSet(capacity: 9, [2])).members == [2, 5])
            try files.drop(PieceSet(capacity: 9, [2, 5]))
            #expect(files.have.count == 7)
            #expect(files.damaged(among: .all(of: 9)).isEmpty)
        }
    }

    @Test("a copy shared with the content store is mended in a file of its own, which then replaces the store's")
    func healing() async throws {
        try await withScratchDirectory { folder in
            let content = try ContentStore(root: folder + "/content")
            let lease = content.lease()
            _ = try content.put(Self.content, lease: lease)
            try prepare(folder, Array(0..<9))
            let path = content.path(of: Self.digest)
            var files = try open(folder)
            try files.merge(with: path)
            #expect(files.isMerged)
            try overwrite(path, at: Self.layout.bytes(of: 4).lowerBound, with: [1, 1, 2, 3, 5])
            let damaged = files.damaged(among: PieceSet(capacity: 9, [4]))
            #expect(damaged.members == [4])
            try files.drop(damaged)
            #expect(!files.isMerged)
            // What is written from here on does not reach the store's file before the whole is right.
            let before = try WholeFile.read(path)
            try files.store(4, Self.bytes(4), Self.proof(4))
            #expect(try WholeFile.read(path) == before)
            #expect(try files.isWhole())
            try files.merge(with: path)
            #expect(try content.verify(Self.digest))
            // A start that finds a shared file knows it.
            files = try open(folder)
            #expect(files.isMerged)
        }
    }

    @Test("pieces that the disk does not let go stay, all of them, and the content store's file is not written to")
    func dropFails() async throws {
        try await withScratchDirectory { folder in
            let content = try ContentStore(root: folder + "/content")
            let lease = content.lease()
            _ = try content.put(Self.content, lease: lease)
            try prepare(folder, Array(0..<9))
            let files = try open(folder)
            try files.merge(with: content.path(of: Self.digest))
            // Where its own file would be there is something that cannot be removed.
            try Files.makeDirectory(folder + "/blob/bytes.new", mode: 0o700)
            #expect(throws: SyscallError.self) { try files.drop(PieceSet(capacity: 9, [4])) }
            #expect(files.have.isFull && files.isMerged && files.map[4] == Self.proof(4))
            try Files.remove(folder + "/blob/bytes.new", directory: true)
            try files.drop(PieceSet(capacity: 9, [4]))
            #expect(files.have.count == 8 && !files.isMerged)
        }
    }

    @Test("a shared file that is damaged when a node starts is left, and fetched anew beside it")
    func damagedAtStart() async throws {
        try await withScratchDirectory { folder in
            let content = try ContentStore(root: folder + "/content")
            let lease = content.lease()
            _ = try content.put(Self.content, lease: lease)
            let path = content.path(of: Self.digest)
            try prepare(folder, Array(0..<9))
            try open(folder).merge(with: path)
            try overwrite(path, at: 10, with: [7, 7, 7])
            let files = try open(folder)
            #expect(files.have.members == Array(1..<9) && !files.isMerged)
            let before = try WholeFile.read(path)
            try files.store(0, Self.bytes(0), Self.proof(0))
            #expect(try WholeFile.read(path) == before)
            try files.merge(with: path)
            #expect(try content.verify(Self.digest))
        }
    }
}
