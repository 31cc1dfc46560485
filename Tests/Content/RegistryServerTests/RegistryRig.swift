import ContentStore
import HTTPKit
import HTTPTypes
import Hummingbird
import ImageSpec
import JSON
import Logging
import NIOCore
import TestSupport

@testable import RegistryServer

/// A registry in memory of the test process, asked without a network; its files are real.
struct RegistryRig {
    let folder: String
    let repositories: RepositoryStore
    let server: RegistryServer

    var content: ContentStore { repositories.content }

    init(
        _ folder: String, allowsPush: Bool = true, others: [any RepositorySource] = [],
        upstream: (any RegistryUpstream)? = nil
    ) throws {
        self.folder = folder
        let content = try ContentStore(root: "\(folder)/content")
        repositories = try RepositoryStore(root: "\(folder)/repositories", content: content)
        server = RegistryServer(repositories, others: others, upstream: upstream, allowsPush: allowsPush)
    }

    /// What came back.
    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]

        var location: String { headers[.location] ?? "" }
        var digest: String? { headers[HTTPField.Name("Docker-Content-Digest") ?? .eTag] }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        /// The code of the first error.
        var code: String? { json["errors"]?[0]?["code"]?.stringValue }

        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = [], _ fields: [String: String] = [:]
    ) async throws -> Answer {
        try await ask(method, path, stream: RequestBody(buffer: ByteBuffer(bytes: body)), fields)
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, stream: RequestBody, _ fields: [String: String] = [:]
    ) async throws -> Answer {
        var headers = HTTPFields()
        for (name, value) in fields { if let name = HTTPField.Name(name) { headers[name] = value } }
        let head = HTTPRequest(method: method, scheme: "http", authority: "registry", path: path, headerFields: headers)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let response = try await server.respond(
            to: Request(head: head, body: stream), RequestSource(logger: logger, requestID: "1"))
        let collected = Collected()
        try await response.body.write(CollectingWriter(collected: collected))
        return Answer(status: response.status.code, headers: response.headers, body: collected.bytes)
    }

    /// Uploads a blob in one POST.
    @discardableResult
    func push(_ bytes: [UInt8], to name: String, _ algorithm: Digest.Algorithm = .sha256) async throws -> Digest {
        let digest = BlobHasher.digest(of: bytes, algorithm)
        let answer = try await ask(.post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", bytes)
        guard answer.status == 201 else { throw Refused(answer: "\(answer)") }
        return digest
    }

    /// A manifest of a config and layers that were uploaded.
    static func manifest(
        config: Digest, layers: [Digest], subject: Digest? = nil, type: String? = nil,
        layerType: ImageSpec.MediaType = .ociLayerGzip
    ) -> [UInt8] {
        var manifest = ImageManifest(
            mediaType: .ociManifest, artifactType: type,
            config: ContentDescriptor(mediaType: .ociConfig, digest: config, size: 2),
            layers: layers.map { ContentDescriptor(mediaType: layerType, digest: $0, size: 1) })
        manifest.subject = subject.map { ContentDescriptor(mediaType: .ociManifest, digest: $0, size: 1) }
        manifest.annotations = ["of": "a test"]
        return manifest.encoded()
    }

    /// Uploads an image of one layer under `tag`; gives its digest.
    @discardableResult
    func pushImage(_ name: String, _ tag: String, _ seed: UInt8, subject: Digest? = nil, type: String? = nil)
        async throws -> Digest
    {
        let config = try await push(Array("{}".utf8), to: name)
        let layer = try await push([seed, 1, 2, 3], to: name)
        let bytes = Self.manifest(config: config, layers: [layer], subject: subject, type: type)
        let answer = try await put(bytes, name, tag)
        guard answer.status == 201 else { throw Refused(answer: "\(answer)") }
        return BlobHasher.digest(of: bytes)
    }

    func put(
        _ bytes: [UInt8], _ name: String, _ reference: String, type: String = ImageSpec.MediaType.ociManifest.rawValue
    ) async throws -> Answer {
        try await ask(.put, "/v2/\(name)/manifests/\(reference)", bytes, ["Content-Type": type])
    }
}

struct Refused: Error { var answer: String }

/// Runs `body` with a registry on files of its own.
func withRegistry(
    allowsPush: Bool = true, upstream: (any RegistryUpstream)? = nil, _ body: (RegistryRig) async throws -> Void
) async throws {
    try await withScratchDirectory { folder in
        try await body(try RegistryRig(folder, allowsPush: allowsPush, upstream: upstream))
    }
}

private final class Collected: @unchecked Sendable {  // written by one task, read after it
    var bytes: [UInt8] = []
}

private struct CollectingWriter: ResponseBodyWriter {
    let collected: Collected
    func write(_ buffer: ByteBuffer) async throws { collected.bytes += buffer.readableBytesView }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
