import ContentStore
import Glibc
import ImageSpec
import LinuxKernel
import TestSupport
import Testing

@Suite("Content store")
struct ContentStoreTests {
    @Test("what was put is found under its digest, whole and in ranges")
    func putAndRead() throws {
        try withStore { store in
            let lease = store.lease()
            let bytes = Array("hello, blob".utf8)
            let digest = try store.put(bytes, lease: lease)
            #expect(digest == BlobHasher.digest(of: bytes))
            #expect(try store.readAll(digest) == bytes)
            #expect(try store.read(digest, from: 7, count: 100) == Array("blob".utf8))
            #expect(try store.size(of: digest) == 11)
            #expect(try store.digests() == [digest])
            let wide = try store.put(bytes, lease: lease, .sha512)
            #expect(wide.algorithm == .sha512)
            #expect(try store.readAll(wide) == bytes)
        }
    }

    @Test("a missing blob is not found")
    func missing() throws {
        try withStore { store in
            let digest = BlobHasher.digest(of: [1])
            #expect(!store.contains(digest))
            #expect(throws: ContentError.notFound(digest)) { try store.readAll(digest) }
        }
    }

    @Test("bytes that are not the promised ones never become visible")
    func mismatch() throws {
        try withStore { store in
            let lease = store.lease()
            let promised = BlobHasher.digest(of: [1, 2, 3])
            let ingest = try store.ingest(resuming: promised, size: 3)
            try write([9, 9, 9], to: ingest)
            #expect(throws: ContentError.mismatch(expected: promised, actual: BlobHasher.digest(of: [9, 9, 9]))) {
                try ingest.commit(lease: lease)
            }
            #expect(!store.contains(promised))
            let short = try store.ingest(resuming: BlobHasher.digest(of: [4]), size: 1)
            #expect(throws: ContentError.wrongSize(expected: 1, actual: nil)) { try write([4, 4], to: short) }
            #expect(throws: ContentError.wrongSize(expected: 1, actual: 0)) { try short.commit(lease: lease) }
        }
    }

    @Test("a blob of known digest is resumed where it stopped, also by another process")
    func resumed() throws {
        try withScratchDirectorySync { directory in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let digest = BlobHasher.digest(of: bytes)
            do {
                let store = try ContentStore(root: directory + "/content")
                try write(Array(bytes[..<40_000]), to: try store.ingest(resuming: digest, size: 100_000))
            }
            let store = try ContentStore(root: directory + "/content")
            let lease = store.lease()
            let ingest = try store.ingest(resuming: digest, size: 100_000)
            #expect(ingest.offset == 40_000)
            #expect(throws: ContentError.self) { try store.ingest(resuming: digest, size: nil) }
            try write(Array(bytes[40_000...]), to: ingest)
            #expect(try ingest.commit(lease: lease) == digest)
            #expect(try store.readAll(digest) == bytes)
        }
    }

    @Test("what was half written under no digest is gone after a restart")
    func abandoned() throws {
        try withScratchDirectorySync { directory in
            let store = try ContentStore(root: directory + "/content")
            let ingest = try store.ingest()
            try write([1], to: ingest)
            #expect(try Files.list(directory + "/content/ingest").count == 1)
            _ = try ContentStore(root: directory + "/content")
            #expect(try Files.list(directory + "/content/ingest").isEmpty)
            withExtendedLifetime(ingest) {}
        }
    }

    @Test("a corrupted blob is found")
    func corrupted() throws {
        try withStore { store in
            let lease = store.lease()
            let good = try store.put([1, 2, 3], lease: lease)
            let bad = try store.put([4, 5, 6], lease: lease)
            #expect(try store.corrupted().isEmpty)
            chmod(store.path(of: bad), 0o600)
            try WholeFile.set(store.path(of: bad), to: "xyz")
            #expect(try store.corrupted() == [bad])
            #expect(try store.verify(good))
        }
    }

    @Test("collecting spares what is in use, what is held, and what was held while it ran")
    func collecting() throws {
        try withStore { store in
            var lease: Lease? = store.lease()
            let inUse = try store.put([1], lease: store.lease())
            let held = try store.put([2], lease: try #require(lease))
            let loose = try store.put([3], lease: store.lease())
            #expect(try store.collect(inUse: { [inUse] }) == [loose])
            #expect(store.contains(held))
            let spared = try store.collect(inUse: {
                lease = nil  // let go after the collection began: a record may have just been made
                return [inUse]
            })
            #expect(spared.isEmpty)
            #expect(try store.collect(inUse: { [inUse] }) == [held])
        }
    }

    @Test("collecting beside writers never takes what they then find", arguments: UInt64(0)..<5)
    func concurrentCollection(seed: UInt64) async throws {
        try await withScratchDirectory { directory in
            let store = try ContentStore(root: directory + "/content")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var random = SplitMix64(seed: seed &* 31 &+ UInt64(worker))
                        for _ in 0..<30 {
                            let bytes = [UInt8.random(in: 0..<8, using: &random)]
                            let lease = store.lease()
                            let digest = try store.put(bytes, lease: lease)
                            let found = try store.readAll(digest)
                            #expect(found == bytes, "seed \(seed)")
                            withExtendedLifetime(lease) {}
                        }
                    }
                }
                group.addTask { for _ in 0..<60 { _ = try store.collect(inUse: { [] }) } }
                try await group.waitForAll()
            }
            #expect(try Files.list(directory + "/content/ingest").isEmpty)
        }
    }

    private func withStore(_ body: (ContentStore) throws -> Void) throws {
        try withScratchDirectorySync { try body(try ContentStore(root: $0 + "/content")) }
    }

    private func write(_ bytes: [UInt8], to ingest: Ingest) throws {
        try bytes.withUnsafeBytes { try ingest.write($0) }
    }
}
