import Archives
import ContentStore
import ImageSpec
import JSON
import Testing

@testable import Snapshots

@Suite("what is written down of an image")
struct ImageRecordTests {
    @Test("a record that does not say how its image came: one from a registry is reserved, one made here is not")
    func older() throws {
        let digest = BlobHasher.digest(of: [1])
        for (digests, isReserved) in [(["registry.example/app@\(digest)"], true), ([], false)] {
            for known in [true, false] {
                let record = ImageRecord(
                    image: digest, tags: [], digests: try digests.map { try ImageReference(parsing: $0) },
                    manifest: ContentDescriptor(mediaType: .ociManifest, digest: digest, size: 1), layers: [],
                    parent: nil, arrived: FileTime(seconds: 1), isReserved: known)
                #expect(try ImageRecord(parsing: record.encoded()) == record)
                var json = record.json
                json["reserved"] = nil
                #expect(try ImageRecord(json: JSONField(json)).isReserved == isReserved)
            }
        }
    }
}
