import ContentStore
import Hummingbird
import ImageSpec
import Synchronization
import TestSupport
import Testing

@testable import RegistryServer

/// A registry that gets what it has not from elsewhere.
@Suite("A registry that is a mirror")
struct UpstreamTests {
    /// Gives one blob in pieces, from an earlier place than it is asked for; refuses to open others.
    private struct OtherRegistry: RegistryUpstream {
        let bytes: [UInt8]
        let digest: Digest
        let document: ContentDescriptor?

        func manifest(
            _ name: String, _ reference: ManifestReference, for caller: UpstreamCaller
        ) async -> ContentDescriptor? {
            name == "team/app" && caller.namespace == "a.example" ? document : nil
        }

        func blob(_ digest: Digest, in name: String, for caller: UpstreamCaller) async -> UpstreamBlob? {
            guard caller.authorization != "Basic bad" else { return nil }
            guard digest == self.digest else {
                return UpstreamBlob(size: 5) { (_) async throws(BlobSourceError) in throw .notFound("gone") }
            }
            return UpstreamBlob(size: Int64(bytes.count)) { [bytes] (offset) async throws(BlobSourceError) in
                let start = max(0, Int(offset) - 3)
                let rest = Array(bytes[start...])
                let chunks = AsyncStream<[UInt8]> { stream in
                    for first in Swift.stride(from: 0, to: rest.count, by: 7) {
                        stream.yield(Array(rest[first..<min(first + 7, rest.count)]))
                    }
                    stream.finish()
                }
                return BlobStream(start: Int64(start), chunks: chunks.map { chunk throws in chunk })
            }
        }
    }

    @Test("streams what it has not, whole and in parts, and says cleanly what it cannot give")
    func streams() async throws {
        let bytes = (0..<100).map { UInt8($0) }
        let digest = BlobHasher.digest(of: bytes)
        let other = OtherRegistry(bytes: bytes, digest: digest, document: nil)
        try await withRegistry(upstream: other) { rig in
            let path = "/v2/team/app/blobs/\(digest)"
            let head = try await rig.ask(.head, path)
            #expect(head.status == 200 && head.body.isEmpty && head.header("Content-Length") == "100")
            #expect(try await rig.ask(.get, path).body == bytes)
            for range in [0..<1, 5..<50, 20..<21, 99..<100, 0..<100] {
                let field = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
                let part = try await rig.ask(.get, path, [], ["Range": field])
                #expect(part.status == 206 && part.body == Array(bytes[range]), "\(range)")
            }
            #expect(try await rig.ask(.get, path, [], ["Range": "bytes=100-"]).status == 416)
            #expect(try await rig.ask(.get, path, [], ["Authorization": "Basic bad"]).code == "BLOB_UNKNOWN")
            let gone = try await rig.ask(.get, "/v2/team/app/blobs/\(BlobHasher.digest(of: [1]))")
            #expect(gone.status == 404 && gone.code == "BLOB_UNKNOWN")
        }
    }

    @Test("a mirrored registry's word on its tag goes before what was pushed here under the same name")
    func documents() async throws {
        let bytes = Array(#"{"schemaVersion":2,"manifests":[],"annotations":{"of":"another registry"}}"#.utf8)
        let digest = BlobHasher.digest(of: bytes)
        let top = ContentDescriptor(mediaType: .ociIndex, digest: digest, size: Int64(bytes.count))
        let other = OtherRegistry(bytes: [], digest: digest, document: top)
        try await withRegistry(upstream: other) { rig in
            let lease = rig.content.lease()
            try rig.content.put(bytes, lease: lease)
            let pushed = Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8)
            #expect(
                try await rig.put(pushed, "team/app", "1", type: ImageSpec.MediaType.ociIndex.rawValue).status == 201)
            #expect(try await rig.ask(.get, "/v2/team/app/manifests/1").body == pushed)
            let mirrored = try await rig.ask(.get, "/v2/team/app/manifests/1?ns=a.example")
            #expect(mirrored.status == 200 && mirrored.digest == digest.description && mirrored.body == bytes)
            #expect(mirrored.header("OCI-Namespace") == "a.example")
            let absent = try await rig.ask(.get, "/v2/team/absent/manifests/1?ns=a.example")
            #expect(absent.status == 404 && absent.code == "MANIFEST_UNKNOWN")
            withExtendedLifetime(lease) {}
        }
    }
}
