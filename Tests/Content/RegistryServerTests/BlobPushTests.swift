import ContentStore
import Hummingbird
import ImageSpec
import NIOCore
import TestSupport
import Testing

@testable import RegistryServer

@Suite("Blobs of a registry")
struct BlobPushTests {
    private let bytes = Array("some bytes of a layer, more than a few".utf8)

    @Test("a blob pushed in one request is served whole, in parts and as a head", arguments: Digest.Algorithm.allCases)
    func monolithic(algorithm: Digest.Algorithm) async throws {
        try await withRegistry { rig in
            let digest = try await rig.push(bytes, to: "team/app", algorithm)
            let path = "/v2/team/app/blobs/\(digest)"
            let whole = try await rig.ask(.get, path)
            #expect(whole.status == 200 && whole.body == bytes && whole.digest == digest.description)
            let head = try await rig.ask(.head, path)
            #expect(head.status == 200 && head.body.isEmpty && head.header("Content-Length") == "\(bytes.count)")
            let part = try await rig.ask(.get, path, [], ["Range": "bytes=5-9"])
            #expect(part.status == 206 && part.body == Array(bytes[5...9]))
            #expect(part.header("Content-Range") == "bytes 5-9/\(bytes.count)")
            let tail = try await rig.ask(.get, path, [], ["Range": "bytes=-3"])
            #expect(tail.status == 206 && tail.body == Array(bytes.suffix(3)))
            for bad in ["bytes=9-5", "bytes=1000-2000"] {
                let refused = try await rig.ask(.get, path, [], ["Range": bad])
                #expect(refused.status == 416 && refused.header("Content-Range") == "bytes */\(bytes.count)")
            }
            let stale = try await rig.ask(.get, path, [], ["Range": "bytes=0-1", "If-Range": "\"other\""])
            #expect(stale.status == 200 && stale.body == bytes)
            let known = try await rig.ask(.get, path, [], ["If-None-Match": whole.header("ETag") ?? ""])
            #expect(known.status == 304 && known.body.isEmpty)
            #expect(try await rig.ask(.get, "/v2/team/other/blobs/\(digest)").status == 404)
        }
    }

    @Test("chunks go in order; one out of order is refused, and the upload goes on") func chunked() async throws {
        try await withRegistry { rig in
            let digest = BlobHasher.digest(of: bytes)
            var place = try await rig.ask(.post, "/v2/a/blobs/uploads/").location
            let first = try await rig.ask(.patch, place, Array(bytes[..<10]), ["Content-Range": "0-9"])
            #expect(first.status == 202 && first.header("Range") == "0-9")
            place = first.location
            for wrong in ["12-15", "0-3", "9-12"] {
                let refused = try await rig.ask(.patch, place, [1, 2, 3, 4], ["Content-Range": wrong])
                #expect(refused.status == 416, "\(wrong)")
            }
            #expect(try await rig.ask(.patch, place, [1, 2], ["Content-Range": "10-19"]).code == "SIZE_INVALID")
            let status = try await rig.ask(.get, place)
            #expect(status.status == 204 && status.header("Range") == "0-9")
            _ = try await rig.ask(.patch, place, Array(bytes[10..<20]))
            let end = try await rig.ask(
                .put, "\(place)?digest=\(digest)", Array(bytes[20...]), ["Content-Range": "20-\(bytes.count - 1)"])
            #expect(end.status == 201 && end.location == "/v2/a/blobs/\(digest)")
            #expect(try await rig.ask(.get, end.location).body == bytes)
            #expect(try await rig.ask(.get, place).code == "BLOB_UPLOAD_UNKNOWN")
        }
    }

    @Test("bytes that are not the promised ones never become visible, and their upload is over") func mismatch()
        async throws
    {
        try await withRegistry { rig in
            let wrong = BlobHasher.digest(of: [9])
            for promised in ["\(wrong)", "sha256:xyz", "md5:00", "nothing"] {
                let refused = try await rig.ask(.post, "/v2/a/blobs/uploads/?digest=\(promised)", bytes)
                #expect(refused.status == 400 && refused.code == "DIGEST_INVALID", "\(promised)")
            }
            let place = try await rig.ask(.post, "/v2/a/blobs/uploads/").location
            #expect(try await rig.ask(.put, "\(place)?digest=\(wrong)", bytes).status == 400)
            #expect(try await rig.ask(.get, place).status == 404)
            #expect(try await rig.ask(.put, place, bytes).status == 400, "an upload that ends without a digest")
            #expect(try rig.content.digests().isEmpty)
        }
    }

    @Test("an upload that is cancelled leaves nothing") func cancelled() async throws {
        try await withRegistry { rig in
            let place = try await rig.ask(.post, "/v2/a/blobs/uploads/").location
            _ = try await rig.ask(.patch, place, bytes)
            #expect(try await rig.ask(.delete, place).status == 204)
            #expect(try await rig.ask(.get, place).status == 404)
            #expect(try await rig.ask(.delete, place).status == 404)
            #expect(try await rig.ask(.delete, "/v2/a/blobs/uploads/../../x").status == 404)
        }
    }

    @Test("an upload whose digest turns out to be sha512 is hashed again") func lateAlgorithm() async throws {
        try await withRegistry { rig in
            let digest = BlobHasher.digest(of: bytes, .sha512)
            let place = try await rig.ask(.post, "/v2/a/blobs/uploads/").location
            #expect(try await rig.ask(.put, "\(place)?digest=\(digest)", bytes).digest == digest.description)
            let early = try await rig.ask(.post, "/v2/a/blobs/uploads/?digest-algorithm=sha512")
            #expect(try await rig.ask(.put, "\(early.location)?digest=\(digest)", bytes).status == 201)
            #expect(try await rig.ask(.post, "/v2/a/blobs/uploads/?digest-algorithm=md5").status == 400)
        }
    }

    @Test("a blob is mounted from another repository, by name or from wherever it is") func mounted() async throws {
        try await withRegistry { rig in
            let digest = try await rig.push(bytes, to: "from/here")
            let named = try await rig.ask(.post, "/v2/to/b/blobs/uploads/?mount=\(digest)&from=from/here")
            #expect(named.status == 201 && named.location == "/v2/to/b/blobs/\(digest)")
            let anonymous = try await rig.ask(.post, "/v2/to/c/blobs/uploads/?mount=\(digest)")
            #expect(anonymous.status == 201)
            #expect(try await rig.ask(.get, "/v2/to/c/blobs/\(digest)").body == bytes)
            let absent = try await rig.ask(.post, "/v2/to/d/blobs/uploads/?mount=\(digest)&from=no/where")
            #expect(absent.status == 202 && absent.location.contains("/uploads/"))
            let unknown = try await rig.ask(.post, "/v2/to/d/blobs/uploads/?mount=\(BlobHasher.digest(of: [7]))")
            #expect(unknown.status == 202)
        }
    }

    @Test("a body that breaks off keeps what came, and the client goes on behind it") func brokenOff() async throws {
        try await withRegistry { rig in
            let place = try await rig.ask(.post, "/v2/a/blobs/uploads/").location
            let half = AsyncThrowingStream<ByteBuffer, any Error> { stream in
                stream.yield(ByteBuffer(bytes: bytes[..<7]))
                stream.finish(throwing: Refused(answer: "cut"))
            }
            await #expect(throws: Refused.self) {
                _ = try await rig.ask(.patch, place, stream: RequestBody(asyncSequence: half))
            }
            #expect(try await rig.ask(.get, place).header("Range") == "0-6")
            let digest = BlobHasher.digest(of: bytes)
            let end = try await rig.ask(.put, "\(place)?digest=\(digest)", Array(bytes[7...]))
            #expect(end.status == 201)
        }
    }

    @Test("an upload goes on after a restart") func restarted() async throws {
        try await withScratchDirectory { folder in
            let digest = BlobHasher.digest(of: bytes, .sha512)
            let place: String
            do {
                let rig = try RegistryRig(folder)
                place = try await rig.ask(.post, "/v2/a/blobs/uploads/?digest-algorithm=sha512").location
                _ = try await rig.ask(.patch, place, Array(bytes[..<20]))
            }
            let rig = try RegistryRig(folder)
            #expect(try await rig.ask(.get, place).header("Range") == "0-19")
            #expect(try await rig.ask(.get, place.replacing("/a/", with: "/b/")).status == 404)
            #expect(try await rig.ask(.put, "\(place)?digest=\(digest)", Array(bytes[20...])).status == 201)
            let abandoned = try await rig.ask(.post, "/v2/a/blobs/uploads/").location
            _ = try await rig.ask(.patch, abandoned, bytes)
            let third = try RegistryRig(folder)
            #expect(try third.content.removeAbandoned(olderThan: 0) == 1)
            #expect(try await third.ask(.get, "/v2/a/blobs/\(digest)").body == bytes)
        }
    }

    @Test("deleting a blob takes it from one repository; its bytes go when none has it") func deleted() async throws {
        try await withRegistry { rig in
            let digest = try await rig.push(bytes, to: "a")
            try await rig.push(bytes, to: "b")
            #expect(try await rig.ask(.delete, "/v2/a/blobs/\(digest)").status == 202)
            #expect(try await rig.ask(.delete, "/v2/a/blobs/\(digest)").status == 404)
            #expect(try rig.content.collect(inUse: { [] }).isEmpty)
            #expect(try await rig.ask(.get, "/v2/b/blobs/\(digest)").status == 200)
            #expect(try rig.repositories.removeLooseBlobs(olderThan: 3600) == 0)
            #expect(try rig.repositories.removeLooseBlobs(olderThan: 0) == 1)
            #expect(try rig.content.collect(inUse: { [] }) == [digest])
            #expect(try await rig.ask(.get, "/v2/b/blobs/\(digest)").status == 404)
        }
    }
}
