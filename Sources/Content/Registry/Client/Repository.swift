internal import AsyncHTTPClient
package import ContentStore
package import ImageSpec
internal import JSON
internal import Lanes
internal import NIOCore
internal import NIOHTTP1

/// One repository of a registry, and who asks for it.
package struct Repository: Sendable {
    let transport: Transport
    package let domain: String
    package let path: String
    let credentials: RegistryCredentials

    /// The credentials as Docker's `AuthConfig` in JSON; empty for nobody in particular.
    package var authorization: [UInt8] { credentials.isEmpty ? [] : credentials.encoded() }

    /// Whether it is asked as anybody could: without credentials, and without a certificate of this machine's.
    package func isAnonymous() async -> Bool {
        guard credentials.isEmpty else { return false }
        let (folders, authority) = (transport.settings.certificateFolders, Endpoint.authority(of: domain))
        return await Lanes.shared.run {
            (try? RegistryCertificates(folders: folders).hasOwn(for: authority)) == false
        }
    }

    /// What a manifest is asked for by.
    package enum Name: Hashable, Sendable, CustomStringConvertible {
        case tag(String)
        case digest(Digest)

        package var description: String {
            switch self {
            case .tag(let tag): tag
            case .digest(let digest): digest.description
            }
        }
    }

    /// A manifest or an index as it came, its bytes verified if they were asked for by digest.
    package struct Document: Equatable, Sendable {
        package var descriptor: ContentDescriptor
        package var bytes: [UInt8]

        package init(descriptor: ContentDescriptor, bytes: [UInt8]) {
            self.descriptor = descriptor
            self.bytes = bytes
        }
    }

    /// The largest manifest, as registries agree.
    private static let largestManifest = 4 << 20
    private static let largestConfig = 16 << 20
    private static let manifestTypes: [MediaType] = [
        .ociManifest, .ociIndex, .dockerManifest, .dockerManifestList,
    ]

    var pullScope: String { "repository:\(path):pull" }
    var pushScope: String { "repository:\(path):pull,push" }

    func address(_ rest: String, at endpoint: Endpoint) -> WebAddress { endpoint.at("/v2/\(path)/\(rest)") }

    // MARK: reading

    /// Fetches what `name` leads to; mirrors are asked first.
    ///
    /// - Throws: `notFound`, `denied`; `malformed` when the bytes are not those of the digest.
    package func manifest(_ name: Name) async throws(RegistryError) -> Document {
        try await reading { (endpoint) async throws(RegistryError) in
            var call = Call(.GET, address("manifests/\(name)", at: endpoint))
            call.headers = Self.manifestTypes.map { ("Accept", $0.rawValue) }
            call.scopes = [pullScope]
            let response = try await transport.perform(call, at: endpoint, credentials)
            let bytes = try await response.wholeBody(limit: Self.largestManifest, call.doing)
            return try Self.document(bytes, of: name, response.headers, call.doing)
        }
    }

    private static func document(
        _ bytes: [UInt8], of name: Name, _ headers: HTTPHeaders, _ doing: String
    ) throws(RegistryError) -> Document {
        let promised =
            if case .digest(let digest) = name { digest } else {
                headers.first(name: "Docker-Content-Digest").flatMap { try? Digest(parsing: $0) }
            }
        let digest = BlobHasher.digest(of: bytes, promised?.algorithm ?? .sha256)
        if let promised, promised != digest {
            throw .malformed("\(doing): the bytes are those of \(digest), not of \(promised)")
        }
        let header = headers.first(name: "Content-Type").map { String($0.prefix { $0 != ";" }).trimmingSpaces }
        return Document(
            descriptor: ContentDescriptor(
                mediaType: try mediaType(of: bytes, header, doing), digest: digest, size: Int64(bytes.count)),
            bytes: bytes)
    }

    /// What the document says it is counts; the header only where it says nothing.
    private static func mediaType(of bytes: [UInt8], _ header: String?, _ doing: String) throws(RegistryError)
        -> MediaType
    {
        guard let value = try? JSONValue(parsing: bytes), value.objectValue != nil else {
            throw .malformed("\(doing): not a manifest")
        }
        if let own = value["mediaType"]?.stringValue, !own.isEmpty { return MediaType(rawValue: own) }
        if let header, header != "application/json", !header.hasPrefix("text/") { return MediaType(rawValue: header) }
        return value["manifests"] != nil ? .ociIndex : .ociManifest
    }

    /// All bytes of a blob that is known to be small, such as a config; verified.
    package func smallBlob(_ blob: ContentDescriptor) async throws(RegistryError) -> [UInt8] {
        guard blob.size <= Self.largestConfig else { throw .malformed("blob \(blob.digest): too large for a config") }
        return try await reading { (endpoint) async throws(RegistryError) in
            var call = Call(.GET, address("blobs/\(blob.digest)", at: endpoint))
            call.scopes = [pullScope]
            let response = try await transport.perform(call, at: endpoint, credentials)
            let bytes = try await response.wholeBody(limit: Int(blob.size), call.doing)
            let digest = BlobHasher.digest(of: bytes, blob.digest.algorithm)
            guard digest == blob.digest else {
                throw .malformed("\(call.doing): the bytes are those of \(digest)")
            }
            return bytes
        }
    }

    /// How many bytes a blob has that the registry would give to who asks; nil when it has none.
    ///
    /// No byte of it comes.
    ///
    /// - Throws: `denied` when it would not.
    package func size(of digest: Digest) async throws(RegistryError) -> Int64? {
        try await reading { (endpoint) async throws(RegistryError) in
            var call = Call(.HEAD, address("blobs/\(digest)", at: endpoint))
            call.scopes = [pullScope]
            call.accepts = [404]
            let response = try await transport.perform(call, at: endpoint, credentials)
            guard response.status != .notFound else { return nil }
            guard let size = response.headers.first(name: "Content-Length").flatMap({ Int64($0) }), size >= 0 else {
                throw .malformed("\(call.doing): no length")
            }
            return size
        }
    }

    /// Whether the registry would give the blob to who asks; no byte of it comes.
    ///
    /// - Throws: `denied` when it would not.
    package func gives(_ digest: Digest) async throws(RegistryError) -> Bool {
        try await reading { (endpoint) async throws(RegistryError) in
            var call = Call(.HEAD, address("blobs/\(digest)", at: endpoint))
            call.scopes = [pullScope]
            call.accepts = [404]
            return try await transport.perform(call, at: endpoint, credentials).status != .notFound
        }
    }

    /// Asks every server in turn; what the registry itself says counts.
    func reading<Value: Sendable>(
        _ body: (Endpoint) async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        var failure = RegistryError.unreachable("\(domain): nobody answers")
        for endpoint in try await transport.endpoints(for: domain, reading: true) {
            do throws(RegistryError) {
                return try await body(endpoint)
            } catch {
                failure = error
                if Task.isCancelled { throw error }
            }
        }
        throw failure
    }

    func writing() async throws(RegistryError) -> Endpoint {
        guard let endpoint = try await transport.endpoints(for: domain, reading: false).last else {
            throw .unreachable("\(domain): nobody answers")
        }
        return endpoint
    }
}

extension Repository: BlobSource {
    package func open(_ blob: ContentDescriptor, from offset: Int64) async throws(BlobSourceError) -> BlobStream {
        try await open(blob, from: offset, range: offset > 0 ? "bytes=\(offset)-" : nil)
    }

    package func open(_ blob: ContentDescriptor, _ range: Range<Int64>) async throws(BlobSourceError) -> BlobStream {
        let isWhole = range == 0..<blob.size
        return try await open(
            blob, from: range.lowerBound, range: isWhole ? nil : "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
    }

    private func open(
        _ blob: ContentDescriptor, from offset: Int64, range: String?
    ) async throws(BlobSourceError) -> BlobStream {
        do throws(RegistryError) {
            return try await reading { (endpoint) async throws(RegistryError) in
                try await open(
                    blob, from: offset, range: range, at: address("blobs/\(blob.digest)", at: endpoint), endpoint)
            }
        } catch {
            throw BlobSourceError(error)
        }
    }

    private func open(
        _ blob: ContentDescriptor, from offset: Int64, range: String?, at address: WebAddress, _ endpoint: Endpoint
    ) async throws(RegistryError) -> BlobStream {
        var call = Call(.GET, address)
        call.scopes = [pullScope]
        if let range { call.headers.append(("Range", range)) }
        let response = try await transport.perform(call, at: endpoint, credentials)
        var start: Int64 = 0
        if response.status == .partialContent {
            guard let range = ContentRange(response.headers.first(name: "Content-Range") ?? ""), range.first <= offset
            else { throw .malformed("\(call.doing): a part of the blob that was not asked for") }
            start = range.first
        }
        return BlobStream(start: start, chunks: BodyChunks(body: response.body, doing: call.doing))
    }
}

/// Which bytes of a whole an answer brings.
///
/// Source: RFC 9110, section 14.4.
struct ContentRange: Equatable {
    var first: Int64
    var last: Int64

    /// Reads `bytes 0-99/1234`, with or without the unit and the length, as registries' `Range` has it.
    init?(_ text: String) {
        let range = (text.hasPrefix("bytes") ? text.dropFirst(6) : Substring(text)).prefix { $0 != "/" }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), first >= 0, last >= first - 1
        else { return nil }
        (self.first, self.last) = (first, last)
    }
}

/// The body of an answer, whose failures are those of a blob's source.
struct BodyChunks: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error

    let body: HTTPClientResponse.Body
    let doing: String

    struct Iterator: AsyncIteratorProtocol {
        var body: HTTPClientResponse.Body.AsyncIterator
        let doing: String

        @concurrent mutating func next() async throws -> [UInt8]? {
            do {
                return try await body.next().map { Array($0.readableBytesView) }
            } catch {
                throw BlobSourceError(Transport.failure(error, doing))
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), doing: doing) }
}
