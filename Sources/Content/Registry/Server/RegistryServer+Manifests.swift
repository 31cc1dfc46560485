internal import ContentStore
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import ImageSpec
internal import NIOCore

/// Manifests in and away.
extension RegistryServer {
    func put(
        _ reference: ManifestReference, in name: String, _ request: RegistryRequest
    ) async throws -> Response {
        var tags = request.query.all("tag")
        let isExtra = !tags.isEmpty
        if case .tag(let tag) = reference { tags.insert(tag, at: 0) }
        for tag in tags where !RegistryRoute.isTag(tag) { throw RegistryError.manifestInvalid("tag \(tag): not valid") }
        let bytes = try await Self.bytes(of: request)
        let digest: Digest
        switch reference {
        case .digest(let wanted):
            digest = wanted
            let actual = BlobHasher.digest(of: bytes, wanted.algorithm)
            guard actual == wanted else {
                throw RegistryError.digestInvalid("manifest: its digest is \(actual), not \(wanted)")
            }
        case .tag: digest = BlobHasher.digest(of: bytes)
        }
        let type = request.request.headers[.contentType].map { $0.prefix { $0 != ";" }.filter { $0 != " " } }
        let record = try ManifestDocument.record(bytes, type: type, digest: digest)
        try check(record, in: name)
        let lease = content.lease()
        try await blocking { [content, repositories, tags] () throws(ContentError) in
            _ = try content.put(bytes, lease: lease, digest.algorithm)
            try repositories.add(record, tags: tags, to: name)
        }
        withExtendedLifetime(lease) {}
        var headers: HTTPFields = [
            .location: "/v2/\(name)/manifests/\(digest)", .contentDigest: digest.description, .contentLength: "0",
        ]
        if let subject = record.subject { headers[.subject] = subject.description }
        if isExtra { headers[values: .ociTag] = [tags.joined(separator: ", ")] }
        return Response(status: .created, headers: headers)
    }

    private static func bytes(of request: RegistryRequest) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in request.request.body {
            bytes.append(contentsOf: buffer.readableBytesView)
            guard bytes.count <= ManifestDocument.longest else {
                throw RegistryError.manifestTooLarge(limit: ManifestDocument.longest)
            }
        }
        return bytes
    }

    /// Refuses a manifest whose config or layers are not here: nobody could pull it.
    ///
    /// An index may name manifests that are elsewhere, as a mirror of one platform does.
    private func check(_ record: ManifestRecord, in name: String) throws(RegistryError) {
        guard record.descriptor.mediaType.isManifest else { return }
        let missing = Set(record.needs).filter { digest in
            !sources.contains { $0.has(blob: digest, in: name, namespace: nil) }
        }
        guard missing.isEmpty else { throw .manifestBlobUnknown(missing.sorted().map(\.description)) }
    }

    func delete(_ reference: ManifestReference, in name: String) async throws -> Response {
        guard repositories.exists(name) else { throw RegistryError.nameUnknown(name) }
        let unknown = RegistryError.manifestUnknown(reference.description)
        let wasThere = try await finding(or: unknown) { [repositories] () throws(ContentError) in
            switch reference {
            case .tag(let tag): return try repositories.remove(tag: tag, from: name)
            case .digest(let digest):
                try repositories.remove(manifest: digest, from: name)
                return true
            }
        }
        guard wasThere else { throw unknown }
        return Response(status: .accepted)
    }
}
