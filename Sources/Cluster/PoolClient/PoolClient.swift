internal import AsyncHTTPClient
package import ClusterModel
package import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// A pool's server over HTTP.
///
/// Any task may use it. Requests end after ``Timing/request``; a watch lasts as long as the server sends something within
/// ``Timing/silence``.
package final class PoolClient: PoolAccess {
    package struct Timing: Sendable {
        package var connect = Duration.seconds(5)
        package var request = Duration.seconds(30)
        /// A server sends a bookmark each minute.
        package var silence = Duration.seconds(150)
        package init() {}
    }

    /// No answer to one request is larger.
    private static let largestAnswer = 512 << 20

    package let address: PoolAddress
    private let timing: Timing
    private let http: HTTPClient
    package let userAgent: String

    /// - Throws: ``PoolError/malformed(_:)`` for certificates or an address that cannot be used.
    package init(_ address: PoolAddress, timing: Timing = Timing(), userAgent: String = "pouch") throws(PoolError) {
        self.address = address
        self.timing = timing
        self.userAgent = userAgent
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(timing.connect), read: TimeAmount(timing.silence)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        if address.server.hasPrefix("https://") { configuration.tlsConfiguration = try Self.tls(address) }
        http = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }

    deinit { http.shutdown { _ in } }

    static func tls(_ address: PoolAddress) throws(PoolError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            if !address.authority.isEmpty {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(address.authority.utf8)))
            }
            if address.skipsVerification { tls.certificateVerification = .none }
            if !address.certificate.isEmpty {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(address.certificate.utf8))
                    .map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(address.key.utf8), format: .pem))
            }
        } catch {
            throw .malformed("\(address.server): its certificates cannot be used: \(error)")
        }
        return tls
    }

    package func send(_ request: PoolRequest) async throws(PoolError) -> JSONValue {
        let (code, bytes) = try await exchange(request)
        return try Self.value(code, bytes, request)
    }

    private static func value(_ code: Int, _ bytes: [UInt8], _ request: PoolRequest) throws(PoolError) -> JSONValue {
        let value: JSONValue
        do throws(JSONError) {
            value = bytes.isEmpty ? .null : try JSONValue(parsing: bytes)
        } catch {
            guard (200..<300).contains(code) else {
                let text = String(decoding: bytes.prefix(200), as: UTF8.self)
                throw .refused(code: code, reason: "", message: "\(request.path): the server answered \(code): \(text)")
            }
            throw .malformed("\(request.path): \(error)")
        }
        guard (200..<300).contains(code) else { throw PoolError(code: code, status: value) }
        return value
    }

    /// The answer as text, such as a log's.
    package func text(_ request: PoolRequest) async throws(PoolError) -> String {
        let (code, bytes) = try await exchange(request)
        guard (200..<300).contains(code) else { throw try Self.failure(code, bytes, request) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func failure(_ code: Int, _ bytes: [UInt8], _ request: PoolRequest) throws(PoolError) -> PoolError {
        _ = try value(code, bytes, request)
        return .malformed("\(request.path): the server answered \(code)")
    }

    private func exchange(_ request: PoolRequest) async throws(PoolError) -> (Int, [UInt8]) {
        do {
            let response = try await http.execute(
                try outgoing(request), deadline: .now() + TimeAmount(timing.request), logger: nil)
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            return (Int(response.status.code), Array(body.readableBytesView))
        } catch let error as PoolError {
            throw error
        } catch {
            throw .unreachable("\(address.server): \(error)")
        }
    }

    /// Hands over the pieces of an answer as they come, until it ends.
    package func stream(
        _ request: PoolRequest, _ take: ([UInt8]) async throws(PoolError) -> Void
    ) async throws(PoolError) {
        do {
            let response = try await http.execute(try outgoing(request), deadline: .distantFuture, logger: nil)
            guard response.status == .ok else {
                let body = Array(try await response.body.collect(upTo: 1 << 20).readableBytesView)
                throw try Self.failure(Int(response.status.code), body, request)
            }
            for try await piece in response.body { try await take(Array(piece.readableBytesView)) }
        } catch let error as PoolError {
            throw error
        } catch {
            throw .unreachable("\(address.server): \(error)")
        }
    }

    package func watch(
        _ path: String, query: [String: String], _ take: (PoolEvent) async -> Void
    ) async throws(PoolError) {
        try await watch(PoolRequest(.get, path, query: query), take)
    }

    /// The same, where the request says more than path and query.
    package func watch(_ request: PoolRequest, _ take: (PoolEvent) async -> Void) async throws(PoolError) {
        var lines = EventLines()
        try await stream(request) { (piece) throws(PoolError) in
            for event in try lines.take(piece) { await take(event) }
        }
    }

    private func outgoing(_ request: PoolRequest) throws(PoolError) -> HTTPClientRequest {
        var target = request.path
        if !request.query.isEmpty {
            let pairs = request.query.sorted { $0.key < $1.key }
            target +=
                "?" + pairs.map { "\(Percent.encoded($0.key))=\(Percent.encoded($0.value))" }.joined(separator: "&")
        }
        var outgoing: HTTPClientRequest
        if address.server.hasPrefix("unix://") {
            let socket = String(address.server.dropFirst("unix://".count))
            outgoing = HTTPClientRequest(url: "http+unix://\(Percent.encoded(socket))\(target)")
        } else {
            outgoing = HTTPClientRequest(url: address.server + target)
        }
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        outgoing.headers.add(name: "Accept", value: request.accept ?? "application/json")
        outgoing.headers.add(name: "User-Agent", value: userAgent)
        if !address.token.isEmpty { outgoing.headers.add(name: "Authorization", value: "Bearer \(address.token)") }
        if let body = request.body {
            outgoing.headers.add(name: "Content-Type", value: request.patch?.rawValue ?? "application/json")
            outgoing.body = .bytes(body.encoded())
        }
        return outgoing
    }
}

/// Cuts a watch's answer into its events.
struct EventLines {
    private var rest: [UInt8] = []

    /// - Throws: ``PoolError`` for a line that is no event, or that says that the watch failed.
    mutating func take(_ piece: [UInt8]) throws(PoolError) -> [PoolEvent] {
        var events: [PoolEvent] = []
        var start = piece.startIndex
        while let end = piece[start...].firstIndex(of: 10) {
            rest += piece[start..<end]
            start = end + 1
            defer { rest.removeAll(keepingCapacity: true) }
            if let event = try Self.event(rest) { events.append(event) }
        }
        rest += piece[start...]
        return events
    }

    private static func event(_ line: [UInt8]) throws(PoolError) -> PoolEvent? {
        guard !line.isEmpty else { return nil }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: line) } catch {
            throw .malformed("a line of a watch: \(error)")
        }
        let object = value["object"] ?? .null
        guard let type = value["type"]?.stringValue else { throw .malformed("a line of a watch without a type") }
        if type == "ERROR" { throw PoolError(code: 500, status: object) }
        return PoolEvent.Kind(rawValue: type).map { PoolEvent($0, object) }
    }
}

/// Texts in addresses.
package enum Percent {
    package static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
