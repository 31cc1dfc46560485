import ContentStore
import ImageSpec
import LinuxKernel
import TestSupport
import Testing

@Suite("what registries said")
struct DocumentShelfTests {
    private let repository = "registry.example/team/app"

    private func withShelf(_ body: (ContentStore, String) throws -> Void) async throws {
        try await withScratchDirectory { folder in
            try body(try ContentStore(root: "\(folder)/content"), "\(folder)/documents")
        }
    }

    /// Puts a document and says that `tag` leads to it.
    private func put(
        _ text: String, tag: String?, _ shelf: DocumentShelf, _ content: ContentStore, isPublic: Bool = true,
        blobs: [Digest] = [], time: Int64 = 1
    ) throws -> ContentDescriptor {
        let lease = content.lease()
        let bytes = Array(text.utf8)
        let digest = try content.put(bytes, lease: lease)
        let top = ContentDescriptor(mediaType: .ociManifest, digest: digest, size: Int64(bytes.count))
        try shelf.keep(
            KnownName(
                repository: repository, tag: tag, top: top, documents: [top], blobs: blobs, isPublic: isPublic,
                time: time))
        withExtendedLifetime(lease) {}
        return top
    }

    @Test("a tag and a digest are found again after a restart, and their documents are not collected")
    func kept() async throws {
        try await withShelf { content, root in
            let top: ContentDescriptor
            do {
                let shelf = try DocumentShelf(root: root, content: content)
                top = try put("one", tag: "1", shelf, content)
                #expect(try content.collect { [] } == [])
            }
            let shelf = try DocumentShelf(root: root, content: content)
            #expect(shelf.top(of: "1", in: repository) == top)
            #expect(shelf.document(top.digest, in: repository) == top)
            #expect(shelf.document(top.digest, in: "registry.example/team/other") == nil)
            // A tag that leads elsewhere by now forgets what it led to.
            let next = try put("two", tag: "1", shelf, content)
            #expect(shelf.top(of: "1", in: repository) == next)
            #expect(try content.collect { [] } == [top.digest])
        }
    }

    @Test("what came with credentials is not public until it also came without")
    func privacy() async throws {
        try await withShelf { content, root in
            let shelf = try DocumentShelf(root: root, content: content)
            let layer = BlobHasher.digest(of: [1])
            let top = try put("one", tag: "1", shelf, content, isPublic: false, blobs: [layer])
            for digest in [top.digest, layer] {
                #expect(!shelf.isPublic(digest, in: repository))
            }
            #expect(!shelf.isPublic(BlobHasher.digest(of: [2]), in: repository))
            _ = try put("one", tag: "1", shelf, content, isPublic: true, blobs: [layer])
            for digest in [top.digest, layer] {
                #expect(shelf.isPublic(digest, in: repository))
                #expect(!shelf.isPublic(digest, in: "registry.example/other"))
            }
        }
    }

    @Test("only so many names are kept, those said longest ago go; files that cannot be read go")
    func limit() async throws {
        try await withShelf { content, root in
            let shelf = try DocumentShelf(root: root, content: content, limit: 3)
            for number in 0..<5 {
                _ = try put("document \(number)", tag: "\(number)", shelf, content, time: Int64(number))
            }
            #expect((0..<5).map { shelf.top(of: "\($0)", in: repository) != nil } == [false, false, true, true, true])
            try WholeFile.replace("\(root)/bad.json", with: Array("{".utf8))
            _ = try DocumentShelf(root: root, content: content, limit: 3)
            #expect(try Files.list(root).count == 3)
        }
    }
}
