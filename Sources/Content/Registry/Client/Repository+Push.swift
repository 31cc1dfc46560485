internal import AsyncHTTPClient
internal import ContentStore
package import ImageSpec
internal import Lanes
internal import LinuxKernel
internal import NIOCore
internal import NIOHTTP1

extension Repository {
    /// How a blob came to be in the repository.
    package enum Arrival: Equatable, Sendable {
        case alreadyThere
        /// The registry took it from another of its repositories.
        case mounted(from: String)
        case uploaded
    }

    package func hasBlob(_ digest: Digest) async throws(RegistryError) -> Bool {
        let endpoint = try await writing()
        var call = Call(.HEAD, address("blobs/\(digest)", at: endpoint))
        call.scopes = [pushScope]
        call.accepts = [404]
        return try await transport.perform(call, at: endpoint, credentials).status != .notFound
    }

    /// Brings a blob into the repository, by the least effort that does.
    ///
    /// `file` holds its bytes. `candidates` are repositories of the same registry that may have it. `progress` is told how many
    /// bytes have gone, from any task.
    package func push(
        _ blob: ContentDescriptor, file: String, from candidates: [String] = [],
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws(RegistryError) -> Arrival {
        if try await hasBlob(blob.digest) { return .alreadyThere }
        let endpoint = try await writing()
        for candidate in candidates where candidate != path {
            // A registry that cannot mount answers with an upload session, which we leave to expire.
            if try await begin(at: endpoint, mounting: blob.digest, from: candidate) == nil {
                return .mounted(from: candidate)
            }
        }
        let upload = Upload(repository: self, endpoint: endpoint, blob: blob, file: file, progress: progress)
        try await upload.run()
        return .uploaded
    }

    /// Starts an upload; nil when the blob was mounted instead.
    func begin(
        at endpoint: Endpoint, mounting digest: Digest? = nil, from other: String? = nil
    ) async throws(RegistryError) -> WebAddress? {
        var call = Call(.POST, address("blobs/uploads/", at: endpoint))
        call.scopes = [pushScope]
        if let digest, let other {
            call.address = call.address.adding("mount", digest.description).adding("from", other)
            call.scopes.append("repository:\(other):pull")
        }
        call.headers = [("Content-Length", "0")]
        let response = try await transport.perform(call, at: endpoint, credentials)
        if response.status == .created { return nil }
        return try Self.location(response, call)
    }

    static func location(_ response: HTTPClientResponse, _ call: Call) throws(RegistryError) -> WebAddress {
        guard let text = response.headers.first(name: "Location"), let address = call.address.following(text) else {
            throw .malformed("\(call.doing): the registry does not say where to upload to")
        }
        return address
    }

    /// Makes `bytes` known as a manifest under `name`; gives its digest as the registry has it.
    @discardableResult
    package func put(_ bytes: [UInt8], type: MediaType, as name: Name) async throws(RegistryError) -> Digest? {
        let endpoint = try await writing()
        var call = Call(.PUT, address("manifests/\(name)", at: endpoint))
        call.scopes = [pushScope]
        call.headers = [("Content-Type", type.rawValue)]
        call.body = { .bytes(ByteBuffer(bytes: bytes)) }
        let response = try await transport.perform(call, at: endpoint, credentials)
        return response.headers.first(name: "Docker-Content-Digest").flatMap { try? Digest(parsing: $0) }
    }
}

/// One blob on its way up: in one piece, or in chunks that a broken connection does not undo.
///
/// Source: distribution-spec 1.1, "Pushing Blobs".
struct Upload {
    let repository: Repository
    let endpoint: Endpoint
    let blob: ContentDescriptor
    let file: String
    let progress: @Sendable (Int64) -> Void

    private var transport: Transport { repository.transport }

    func run() async throws(RegistryError) {
        let policy = transport.settings.retry
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while true {
            do throws(RegistryError) {
                guard let session = try await repository.begin(at: endpoint) else { return }
                if blob.size > transport.settings.chunkSize { return try await sendChunks(to: session) }
                return try await finish(session, with: 0..<blob.size)
            } catch {
                failures += 1
                guard error.isTransient, !error.isUnreachable, !Task.isCancelled,
                    let delay = policy.delay(after: failures, asked: error.delay, using: &random)
                else { throw error }
                do { try await Task.sleep(for: delay) } catch {
                    throw .interrupted("push of \(blob.digest): cancelled")
                }
            }
        }
    }

    /// Sends the last bytes, or all, and names the digest.
    private func finish(_ session: WebAddress, with range: Range<Int64>) async throws(RegistryError) {
        var call = request(.PUT, session.adding("digest", blob.digest.description), range)
        call.isRepeatable = false
        _ = try await transport.perform(call, at: endpoint, repository.credentials)
        progress(blob.size)
    }

    private func sendChunks(to session: WebAddress) async throws(RegistryError) {
        var session = session
        var sent: Int64 = 0
        var failures = 0
        var random = SystemRandomNumberGenerator()
        while sent < blob.size {
            let range = sent..<min(blob.size, sent + transport.settings.chunkSize)
            var call = request(.PATCH, session, range)
            call.headers.append(("Content-Range", "\(range.lowerBound)-\(range.upperBound - 1)"))
            call.isRepeatable = false
            do throws(RegistryError) {
                let response = try await transport.perform(call, at: endpoint, repository.credentials)
                session = try Repository.location(response, call)
                let taken = response.headers.first(name: "Range").flatMap { ContentRange($0)?.last }.map { $0 + 1 }
                sent = min(taken ?? range.upperBound, range.upperBound)
                failures = 0
            } catch {
                failures += 1
                let isOutOfStep = if case .refused(416, _) = error { true } else { false }
                guard error.isTransient || isOutOfStep, !Task.isCancelled,
                    let delay = transport.settings.retry.delay(after: failures, asked: error.delay, using: &random)
                else { throw error }
                do { try await Task.sleep(for: delay) } catch {
                    throw .interrupted("push of \(blob.digest): cancelled")
                }
                (session, sent) = try await status(of: session)
            }
        }
        try await finish(session, with: blob.size..<blob.size)
    }

    /// How far the registry has got.
    private func status(of session: WebAddress) async throws(RegistryError) -> (WebAddress, Int64) {
        var call = Call(.GET, session)
        call.scopes = [repository.pushScope]
        let response = try await transport.perform(call, at: endpoint, repository.credentials)
        let range = response.headers.first(name: "Range").flatMap { ContentRange($0) }
        // An upload without a byte is told as 0-0 by some, which is one byte to others: begin anew to be sure.
        guard let range, range.last > 0 else { throw .interrupted("push of \(blob.digest): the upload is lost") }
        return (try Repository.location(response, call), range.last + 1)
    }

    private func request(_ method: HTTPMethod, _ address: WebAddress, _ range: Range<Int64>) -> Call {
        var call = Call(method, address)
        call.scopes = [repository.pushScope]
        call.headers = [("Content-Type", "application/octet-stream")]
        if range.isEmpty {
            call.headers.append(("Content-Length", "0"))
            return call
        }
        let (file, progress) = (file, progress)
        call.body = {
            .stream(
                FileChunks(path: file, range: range, progress: progress),
                length: .known(range.upperBound - range.lowerBound))
        }
        return call
    }
}

/// A part of a file, read on lanes as it is asked for.
struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let path: String
    let range: Range<Int64>
    let progress: @Sendable (Int64) -> Void

    struct Iterator: AsyncIteratorProtocol {
        let path: String
        var offset: Int64
        let end: Int64
        let progress: @Sendable (Int64) -> Void
        private static let chunk: Int64 = 256 << 10

        mutating func next() async throws -> ByteBuffer? {
            guard offset < end else { return nil }
            let (path, offset, count) = (path, offset, Int(Swift.min(Self.chunk, end - offset)))
            let bytes = try await Lanes.shared.run { () throws(SyscallError) in
                try FilePart.read(path, from: offset, count: count)
            }
            guard !bytes.isEmpty else { throw SyscallError("read", errno: 5, subject: "\(path) became shorter") }
            self.offset += Int64(bytes.count)
            progress(self.offset)
            return ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(path: path, offset: range.lowerBound, end: range.upperBound, progress: progress)
    }
}
