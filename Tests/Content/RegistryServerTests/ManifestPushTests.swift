import ContentStore
import HTTPTypes
import ImageSpec
import JSON
import TestSupport
import Testing

@testable import RegistryServer

@Suite("Manifests and tags of a registry")
struct ManifestPushTests {
    @Test("a manifest comes back byte for byte, by tag and by digest, also after a restart") func roundTrip()
        async throws
    {
        try await withScratchDirectory { folder in
            var rig = try RegistryRig(folder)
            let digest = try await rig.pushImage("team/app", "v1", 1)
            for _ in 0..<2 {
                for reference in ["v1", "\(digest)"] {
                    let found = try await rig.ask(.get, "/v2/team/app/manifests/\(reference)")
                    #expect(found.status == 200 && BlobHasher.digest(of: found.body) == digest)
                    #expect(found.header("Content-Type") == MediaType.ociManifest.rawValue)
                    #expect(found.digest == digest.description)
                }
                rig = try RegistryRig(folder)
            }
            #expect(try await rig.ask(.get, "/v2/team/app/manifests/v2").code == "MANIFEST_UNKNOWN")
        }
    }

    @Test("what nobody could pull is refused; what others offer is not") func references() async throws {
        try await withRegistry { rig in
            let config = try await rig.push(Array("{}".utf8), to: "a")
            let absent = BlobHasher.digest(of: [5])
            let broken = try await rig.put(RegistryRig.manifest(config: config, layers: [absent]), "a", "x")
            #expect(broken.status == 404 && broken.code == "MANIFEST_BLOB_UNKNOWN")
            #expect(broken.json["errors"]?[0]?["detail"]?["digest"]?.stringValue == "\(absent)")
            let foreign = RegistryRig.manifest(config: config, layers: [absent], layerType: .dockerForeignLayer)
            #expect(try await rig.put(foreign, "a", "x").status == 201)
            let index = ImageIndex(
                mediaType: .ociIndex, manifests: [ContentDescriptor(mediaType: .ociManifest, digest: absent, size: 1)])
            let sparse = try await rig.put(index.encoded(), "a", "i", type: MediaType.ociIndex.rawValue)
            #expect(sparse.status == 201)
        }
    }

    @Test("bytes that are not what they came as are refused; types that nobody knows are kept") func types()
        async throws
    {
        try await withRegistry { rig in
            let garbage = Array("{nonsense".utf8)
            #expect(try await rig.put(garbage, "a", "x").code == "MANIFEST_INVALID")
            let other = try await rig.put(garbage, "a", "x", type: "application/vnd.example.thing")
            #expect(other.status == 201)
            let back = try await rig.ask(.get, "/v2/a/manifests/x")
            #expect(back.body == garbage && back.header("Content-Type") == "application/vnd.example.thing")
            let image = RegistryRig.manifest(config: BlobHasher.digest(of: []), layers: [])
            #expect(try await rig.put(image, "a", "x", type: MediaType.dockerManifest.rawValue).status == 400)
            let wrong = try await rig.put(garbage, "a", "\(BlobHasher.digest(of: [1]))", type: "application/x")
            #expect(wrong.code == "DIGEST_INVALID")
            let long = [UInt8](repeating: 32, count: (8 << 20) + 1)
            #expect(try await rig.put(long, "a", "x", type: "application/x").status == 413)
        }
    }

    @Test("tags are listed in order, in pages that lead to one another") func pages() async throws {
        try await withRegistry { rig in
            let tags = ["Z", "a", "b", "v1", "v1.new", "v10", "v2"]
            for tag in tags.reversed() { try await rig.pushImage("a", tag, 1) }
            #expect(try await names(rig, "/v2/a/tags/list") == tags)
            #expect(try await names(rig, "/v2/a/tags/list?last=b") == ["v1", "v1.new", "v10", "v2"])
            #expect(try await names(rig, "/v2/a/tags/list?last=c&n=1") == ["v1"])
            let none = try await rig.ask(.get, "/v2/a/tags/list?n=0")
            #expect(none.status == 200 && none.header("Link") == nil && none.json["tags"] == [])
            var path = "/v2/a/tags/list?n=3"
            var found: [String] = []
            for _ in 0..<3 {
                let page = try await rig.ask(.get, path)
                found += page.json["tags"]?.arrayValue?.compactMap(\.stringValue) ?? []
                guard let link = page.header("Link") else { break }
                #expect(link.hasSuffix(">; rel=\"next\""))
                path = String(link.dropFirst().prefix { $0 != ">" })
            }
            #expect(found == tags)
            #expect(try await rig.ask(.get, "/v2/none/tags/list").code == "NAME_UNKNOWN")
            #expect(try await rig.ask(.get, "/v2/a/tags/list?n=x").status != 200)
        }
    }

    private func names(_ rig: RegistryRig, _ path: String) async throws -> [String] {
        try await rig.ask(.get, path).json["tags"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    @Test("tags may come with the manifest's digest") func tagParameters() async throws {
        try await withRegistry { rig in
            let config = try await rig.push(Array("{}".utf8), to: "a")
            let bytes = RegistryRig.manifest(config: config, layers: [])
            let digest = BlobHasher.digest(of: bytes, .sha512)
            let answer = try await rig.put(bytes, "a", "\(digest)?tag=one&tag=two")
            #expect(answer.status == 201 && answer.header("OCI-Tag") == "one, two")
            #expect(try await rig.ask(.get, "/v2/a/manifests/two").digest == digest.description)
            #expect(try await rig.put(bytes, "a", "\(digest)?tag=-").status == 400)
            #expect(try await rig.put(bytes, "a", ".NO_TAG").status == 400)
            for method in [HTTPRequest.Method.get, .head, .delete] {
                #expect(try await rig.ask(method, "/v2/a/manifests/.NO_TAG").status == 404)
            }
        }
    }

    @Test("a tag goes alone, a manifest with its tags; the repository stays") func deleted() async throws {
        try await withRegistry { rig in
            let digest = try await rig.pushImage("a", "one", 1)
            try await rig.pushImage("a", "two", 1)
            try await rig.pushImage("a", "three", 3)
            #expect(try await rig.ask(.delete, "/v2/a/manifests/one").status == 202)
            #expect(try await rig.ask(.delete, "/v2/a/manifests/one").status == 404)
            #expect(try await rig.ask(.get, "/v2/a/manifests/\(digest)").status == 200)
            #expect(try await rig.ask(.delete, "/v2/a/manifests/\(digest)").status == 202)
            #expect(try await names(rig, "/v2/a/tags/list") == ["three"])
            #expect(try await rig.ask(.delete, "/v2/a/manifests/three").status == 202)
            #expect(try await rig.ask(.get, "/v2/a/tags/list").json["tags"] == [])
            #expect(try await rig.ask(.delete, "/v2/none/manifests/x").code == "NAME_UNKNOWN")
        }
    }

    @Test("referrers are found by subject, whichever came first, and by type") func referrers() async throws {
        try await withRegistry { rig in
            let absent = BlobHasher.digest(of: [77])
            let signature = try await rig.pushImage("a", "s", 2, subject: absent, type: "application/sig")
            let bill = try await rig.pushImage("a", "b", 3, subject: absent)
            let path = "/v2/a/referrers/\(absent)"
            let all = try await rig.ask(.get, path)
            #expect(all.header("Content-Type") == MediaType.ociIndex.rawValue)
            let found = all.json["manifests"]?.arrayValue ?? []
            #expect(Set(found.compactMap { $0["digest"]?.stringValue }) == ["\(signature)", "\(bill)"])
            #expect(found.allSatisfy { $0["annotations"]?["of"]?.stringValue == "a test" })
            let some = try await rig.ask(.get, "\(path)?artifactType=application/sig")
            #expect(some.header("OCI-Filters-Applied") == "artifactType")
            #expect(some.json["manifests"]?.arrayValue?.compactMap { $0["digest"]?.stringValue } == ["\(signature)"])
            let config = try await rig.ask(.get, "\(path)?artifactType=\(MediaType.ociConfig.rawValue)")
            #expect(config.json["manifests"]?.arrayValue?.count == 1)
            _ = try await rig.ask(.delete, "/v2/a/manifests/\(signature)")
            #expect(try await rig.ask(.get, path).json["manifests"]?.arrayValue?.count == 1)
            let unknown = try await rig.ask(.get, "/v2/none/referrers/\(absent)")
            #expect(unknown.status == 200 && unknown.json["manifests"] == [])
            #expect(try await rig.ask(.get, "/v2/a/referrers/nonsense").status == 400)
            let bytes = RegistryRig.manifest(
                config: try await rig.push(Array("{}".utf8), to: "a"), layers: [], subject: absent)
            #expect(try await rig.put(bytes, "a", "t").header("OCI-Subject") == "\(absent)")
        }
    }

    @Test("a registry that takes no pushes serves, and refuses every change by its code") func readOnly() async throws {
        try await withScratchDirectory { folder in
            let digest = try await RegistryRig(folder).pushImage("a", "x", 1)
            let rig = try RegistryRig(folder, allowsPush: false)
            #expect(try await rig.ask(.get, "/v2/a/manifests/x").digest == "\(digest)")
            for (method, path) in [
                (.post, "/v2/a/blobs/uploads/"), (.put, "/v2/a/manifests/x"), (.delete, "/v2/a/manifests/x"),
                (.delete, "/v2/a/blobs/\(digest)"), (.patch, "/v2/a/blobs/uploads/1"),
            ] as [(HTTPRequest.Method, String)] {
                let refused = try await rig.ask(method, path)
                #expect(refused.status == 405 && refused.code == "UNSUPPORTED", "\(method) \(path)")
            }
            #expect(try await rig.ask(.post, "/v2/a/tags/list").status == 405)
            #expect(try await rig.ask(.get, "/v2/_catalog").json["repositories"] == ["a"])
        }
    }
}
