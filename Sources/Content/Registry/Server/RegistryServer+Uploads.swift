internal import ContentStore
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import ImageSpec

/// Blobs in: whole, in chunks, or from another repository.
extension RegistryServer {
    func begin(in name: String, _ request: RegistryRequest) async throws -> Response {
        if let text = request.query["mount"], let mounted = try await mount(text, in: name, request) { return mounted }
        let digest = try request.query["digest"].map { text throws(RegistryError) in try Self.digest(text) }
        let upload = try await uploads.begin(in: name, try Self.algorithm(request) ?? digest?.algorithm ?? .sha256)
        guard let digest else { return Self.accepted(upload, offset: 0) }
        return try await finish(upload, as: digest, request)
    }

    private static func algorithm(_ request: RegistryRequest) throws(RegistryError) -> Digest.Algorithm? {
        guard let text = request.query["digest-algorithm"] else { return nil }
        guard let algorithm = Digest.Algorithm(rawValue: text) else {
            throw .digestInvalid("digest-algorithm \(text): neither sha256 nor sha512")
        }
        return algorithm
    }

    /// Lets a repository have a blob that another has; nil when there is none to be had, so that the client uploads.
    private func mount(_ text: String, in name: String, _ request: RegistryRequest) async throws -> Response? {
        let digest = try Self.digest(text)
        let lease = content.lease()
        lease.pin(digest)
        let isThere =
            if let from = request.query["from"], !from.isEmpty {
                sources.contains { $0.has(blob: digest, in: from, namespace: nil) }
            } else {
                repositories.holder(of: digest) != nil
            }
        guard isThere else { return nil }
        let added = try await blocking { [content, repositories] () throws(ContentError) in
            guard content.contains(digest) else { return false }
            try repositories.add(blob: digest, to: name)
            return true
        }
        withExtendedLifetime(lease) {}
        return added ? Self.created(blob: digest, in: name) : nil
    }

    func append(to id: String, in name: String, _ request: RegistryRequest) async throws -> Response {
        let upload = try await uploads.find(id, in: name)
        try await append(to: upload, request)
        return Self.accepted(upload, offset: try await upload.offset())
    }

    private func append(to upload: Upload, _ request: RegistryRequest) async throws {
        let range = try ChunkRange(request.request.headers[.contentRange])
        try await upload.append(request.request.body, range: range)
    }

    func finish(_ id: String, in name: String, _ request: RegistryRequest) async throws -> Response {
        guard let text = request.query["digest"] else {
            throw RegistryError.digestInvalid("upload: ends without a digest")
        }
        let digest = try Self.digest(text)
        return try await finish(try await uploads.find(id, in: name), as: digest, request)
    }

    private func finish(
        _ upload: Upload, as digest: Digest, _ request: RegistryRequest
    ) async throws -> Response {
        try await append(to: upload, request)
        let lease = content.lease()
        do {
            try await upload.finish(as: digest, lease: lease)
        } catch let error as RegistryError {
            await uploads.end(upload)
            throw error
        }
        try await blocking { [repositories] () throws(ContentError) in
            try repositories.add(blob: digest, to: upload.name)
        }
        withExtendedLifetime(lease) {}
        await uploads.end(upload)
        return Self.created(blob: digest, in: upload.name)
    }

    func status(of id: String, in name: String) async throws -> Response {
        let upload = try await uploads.find(id, in: name)
        var answer = Self.accepted(upload, offset: try await upload.offset())
        answer.status = .noContent
        return answer
    }

    func cancel(_ id: String, in name: String) async throws -> Response {
        let upload = try await uploads.find(id, in: name)
        await upload.cancel()
        await uploads.end(upload)
        return Response(status: .noContent)
    }

    func delete(blob text: String, in name: String) async throws -> Response {
        let digest = try Self.digest(text)
        try await finding(or: .blobUnknown(text)) { [repositories] () throws(ContentError) in
            try repositories.remove(blob: digest, from: name)
        }
        return Response(status: .accepted)
    }

    private static func accepted(_ upload: Upload, offset: Int64) -> Response {
        Response(
            status: .accepted,
            headers: [
                .location: "/v2/\(upload.name)/blobs/uploads/\(upload.id)", .range: "0-\(max(0, offset - 1))",
                .uploadID: upload.id, .contentLength: "0",
            ])
    }

    private static func created(blob digest: Digest, in name: String) -> Response {
        Response(
            status: .created,
            headers: [
                .location: "/v2/\(name)/blobs/\(digest)", .contentDigest: digest.description, .contentLength: "0",
            ])
    }
}
