import ContentStore
import ImageSpec
import LinuxKernel
import TestSupport
import Testing

@Suite("Repositories")
struct RepositoryStoreTests {
    /// What a repository should have.
    private struct Expected: Equatable {
        var blobs: [String: Set<Digest>] = [:]
        var manifests: [String: Set<Digest>] = [:]
        var tags: [String: [String: Digest]] = [:]
    }

    @Test("whatever is done in whatever order is there after a restart, and nothing else", arguments: UInt64(0)..<40)
    func randomChanges(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        try withScratchDirectorySync { folder in
            var store = try open(folder)
            var expected = Expected()
            let names = ["a", "a/b", "c_d/e", "tags"]
            for _ in 0..<60 {
                let name = names.randomElement(using: &random) ?? "a"
                let bytes = [UInt8.random(in: 0..<6, using: &random)]
                let digest = BlobHasher.digest(of: bytes)
                let tag = ["x", "x.new", "Y"].randomElement(using: &random) ?? "x"
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    let lease = store.content.lease()
                    try store.content.put(bytes, lease: lease)
                    try store.add(blob: digest, to: name)
                    expected.blobs[name, default: []].insert(digest)
                case 2, 3:
                    let lease = store.content.lease()
                    try store.content.put(bytes, lease: lease)
                    try store.add(record(digest), tags: [tag], to: name)
                    expected.manifests[name, default: []].insert(digest)
                    expected.tags[name, default: [:]][tag] = digest
                case 4:
                    if (try? store.remove(blob: digest, from: name)) != nil { expected.blobs[name]?.remove(digest) }
                case 5:
                    guard (try? store.remove(manifest: digest, from: name)) != nil else { break }
                    expected.manifests[name]?.remove(digest)
                    expected.tags[name] = expected.tags[name]?.filter { $0.value != digest }
                case 6:
                    if try store.remove(tag: tag, from: name) { expected.tags[name]?[tag] = nil }
                default:
                    _ = try store.content.collect(inUse: { [] })
                    if Bool.random(using: &random) { store = try open(folder) }
                }
                try check(store, expected, seed)
            }
            try check(try open(folder), expected, seed)
        }
    }

    private func open(_ folder: String) throws -> RepositoryStore {
        try RepositoryStore(root: "\(folder)/repositories", content: try ContentStore(root: "\(folder)/content"))
    }

    private func record(_ digest: Digest) -> ManifestRecord {
        ManifestRecord(
            descriptor: ContentDescriptor(mediaType: "application/x", digest: digest, size: 1), subject: digest)
    }

    private func check(_ store: RepositoryStore, _ expected: Expected, _ seed: UInt64) throws {
        for (name, blobs) in expected.blobs {
            for blob in blobs {
                #expect(store.has(blob: blob, in: name) && store.content.contains(blob), "seed \(seed)")
            }
        }
        for (name, tags) in expected.tags {
            #expect(store.tags(of: name, after: nil, limit: nil)?.tags == tags.keys.sorted(), "seed \(seed)")
            for (tag, digest) in tags {
                #expect(store.manifest(name, .tag(tag))?.descriptor.digest == digest, "seed \(seed)")
            }
        }
        for (name, manifests) in expected.manifests {
            for digest in manifests {
                #expect(store.content.contains(digest), "seed \(seed)")
                #expect(store.referrers(of: digest, in: name).count == 1, "seed \(seed)")
            }
        }
        for byte in UInt8(0)..<6 {
            let digest = BlobHasher.digest(of: [byte])
            for name in store.names {
                let isThere = expected.blobs[name]?.contains(digest) ?? false
                #expect(store.has(blob: digest, in: name) == isThere, "seed \(seed)")
                let isManifest = expected.manifests[name]?.contains(digest) ?? false
                #expect((store.manifest(name, .digest(digest)) != nil) == isManifest, "seed \(seed)")
            }
        }
    }

    @Test("files that a crash left half made are passed over")
    func leftovers() throws {
        try withScratchDirectorySync { folder in
            let digest = BlobHasher.digest(of: [1])
            do {
                let store = try open(folder)
                let lease = store.content.lease()
                try store.content.put([1], lease: lease)
                try store.add(record(digest), tags: ["x"], to: "a")
            }
            let root = "\(folder)/repositories/a"
            try WholeFile.replace("\(root)/_tags/y=.new", with: [1])
            try WholeFile.replace("\(root)/_tags/z=", with: Array("sha256:00".utf8))
            try WholeFile.replace("\(root)/_manifests/sha256-zz", with: [])
            let other = BlobHasher.digest(of: [2])
            try WholeFile.replace("\(root)/_manifests/sha256-\(other.hex)", with: [0x7b])
            let store = try open(folder)
            #expect(store.tags(of: "a", after: nil, limit: nil)?.tags == ["x"])
            #expect(store.manifest("a", .digest(other)) == nil)
            #expect(store.names == ["a"])
        }
    }
}
