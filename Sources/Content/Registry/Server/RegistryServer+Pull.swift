internal import ContentStore
internal import HTTPTypes
internal import Hummingbird
internal import ImageSpec
internal import JSON
internal import NIOCore

/// Blobs and manifests out.
extension RegistryServer {
    func blob(_ text: String, in name: String, _ request: RegistryRequest) async throws -> Response {
        let digest = try Self.digest(text)
        let type = "application/octet-stream"
        if sources.contains(where: { $0.has(blob: digest, in: name, namespace: request.namespace) }) {
            return try await bytes(of: digest, type: type, request, missing: .blobUnknown(text))
        }
        guard let found = await upstream?.blob(digest, in: name, for: request.caller) else {
            throw RegistryError.blobUnknown(text)
        }
        guard let open = found.open else {
            return try await bytes(of: digest, type: type, request, missing: .blobUnknown(text))
        }
        return try await answer(digest, type: type, size: found.size, request) { range in
            do throws(BlobSourceError) {
                return UpstreamBody.body(try await open(range.lowerBound), range)
            } catch {
                throw RegistryError.blobUnknown(text)
            }
        }
    }

    func manifest(
        _ reference: ManifestReference, in name: String, _ request: RegistryRequest
    ) async throws -> Response {
        // A mirrored registry has the first word on its own names.
        var found = await upstream?.manifest(name, reference, for: request.caller)
        for source in sources where found == nil {
            found = source.manifest(name, reference, namespace: request.namespace)
        }
        guard let found else { throw RegistryError.manifestUnknown(reference.description) }
        return try await bytes(
            of: found.digest, type: found.mediaType.rawValue, request, missing: .manifestUnknown(reference.description))
    }

    /// Streams what is kept under a digest, or the part of it that was asked for.
    private func bytes(
        of digest: Digest, type: String, _ request: RegistryRequest, missing: RegistryError
    ) async throws -> Response {
        let size = try await finding(or: missing) { [content] () throws(ContentError) in try content.size(of: digest) }
        return try await answer(digest, type: type, size: size, request) { range in
            try await finding(or: missing) { [content, lanes] () throws(ContentError) in
                BlobBody(try content.open(digest), range: range, lanes: lanes)
            }.body
        }
    }

    /// Answers with the bytes that were asked for, which `body` gives.
    private func answer(
        _ digest: Digest, type: String, size: Int64, _ request: RegistryRequest,
        body: (Range<Int64>) async throws -> ResponseBody
    ) async throws -> Response {
        let tag = "\"\(digest)\""
        var headers: HTTPFields = [
            .contentType: type, .contentDigest: digest.description, .eTag: tag, .acceptRanges: "bytes",
        ]
        if let namespace = request.namespace { headers[.ociNamespace] = namespace }
        let fields = request.request.headers
        if let known = fields[.ifNoneMatch], known == "*" || known.contains(tag) {
            return Response(status: .notModified, headers: headers)
        }
        let isCurrent = fields[.ifRange].map { $0 == tag } ?? true
        switch request.method == .get && isCurrent ? ByteRange(fields[.range], size: size) : .whole {
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(size)"
            var refusal = RegistryError.rangeInvalid("blob \(digest): has \(size) bytes, not that range").answer
            refusal.headers[.contentRange] = headers[.contentRange]
            return refusal
        case .whole:
            headers[.contentLength] = "\(size)"
            guard request.method == .get else { return Response(status: .ok, headers: headers) }
            return Response(status: .ok, headers: headers, body: try await body(0..<size))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
            headers[.contentLength] = "\(range.count)"
            return Response(status: .partialContent, headers: headers, body: try await body(Range(range)))
        }
    }

    static func digest(_ text: String) throws(RegistryError) -> Digest {
        do throws(ImageSpecError) {
            return try Digest(parsing: text)
        } catch {
            throw .digestInvalid(error.description)
        }
    }
}

extension ManifestReference {
    var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }
}
