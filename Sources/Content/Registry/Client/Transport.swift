internal import AsyncHTTPClient
internal import ContentStore
internal import Glibc
internal import JSON
internal import Lanes
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Requests to registries: signed, redirected, tried again.
///
/// Any task may use it. Credentials go to the server they are meant for and to the authority it names, never on with a redirect.
final class Transport: Sendable {
    let settings: RegistrySettings
    private let http: HTTPClient
    private let logger: Logger
    /// What a server last asked for.
    private let challenges = Mutex<[String: [Challenge]]>([:])
    /// Which of the two ways an insecure registry is reached.
    private let schemes = Mutex<[String: String]>([:])
    private let tokens: TokenAuthority

    /// A thread of its own for all registries, so that what comes in by the hundred megabytes keeps nothing else waiting.
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(_ settings: RegistrySettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(settings.connectTimeout), read: TimeAmount(settings.idleTimeout),
                write: TimeAmount(settings.idleTimeout)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroup: Self.loops, configuration: configuration)
        self.http = http
        let authority = Authority(http: http, userAgent: settings.userAgent)
        tokens = TokenAuthority { (grant) async throws(RegistryError) in try await authority.ask(grant) }
    }

    deinit { http.shutdown { _ in } }

    // MARK: where

    /// The servers to ask for `domain`, in order: its mirrors when `reading`, then itself.
    func endpoints(for domain: String, reading: Bool) async throws(RegistryError) -> [Endpoint] {
        var found: [Endpoint] = []
        if reading {
            for text in settings.mirrors[domain] ?? [] {
                guard var address = WebAddress(text) else {
                    throw .settings("mirror \(text): not an http or https URL")
                }
                if address.target.hasSuffix("/") { address.target.removeLast() }
                if address.target.isEmpty { address.target = "/" }
                found.append(try await endpoint(address, isMirror: true))
            }
        }
        let authority = Endpoint.authority(of: domain)
        let address = WebAddress(scheme: "https", authority: authority, target: "/")
        guard settings.isInsecure(authority) else { return found + [try await endpoint(address, isMirror: false)] }
        return found + [try await reach(address)]
    }

    /// A server that is no registry of anybody's: like a mirror it never sees credentials.
    func stranger(at address: WebAddress) async throws(RegistryError) -> Endpoint {
        try await endpoint(address, isMirror: true)
    }

    private func endpoint(_ address: WebAddress, isMirror: Bool) async throws(RegistryError) -> Endpoint {
        let settings = settings
        guard address.scheme == "https" else { return Endpoint(address: address, tls: nil, isMirror: isMirror) }
        let tls = try await Lanes.shared.run { () throws(RegistryError) in
            try RegistryCertificates(folders: settings.certificateFolders).configuration(
                for: address.authority, isInsecure: settings.isInsecure(address.authority))
        }
        return Endpoint(address: address, tls: tls, isMirror: isMirror)
    }

    /// Finds out whether an insecure registry speaks TLS.
    private func reach(_ address: WebAddress) async throws(RegistryError) -> Endpoint {
        let known = schemes.withLock { $0[address.authority] }
        var failure = RegistryError.unreachable("\(address.authority): nobody answers")
        for scheme in known.map({ [$0] }) ?? ["https", "http"] {
            var candidate = address
            candidate.scheme = scheme
            let endpoint = try await endpoint(candidate, isMirror: false)
            if known != nil { return endpoint }
            do throws(RegistryError) {
                let response = try await exchange(Call(.GET, endpoint.at("/v2/")), endpoint.at("/v2/"), endpoint, nil)
                learn(from: response, at: endpoint.address)
                schemes.withLock { $0[address.authority] = scheme }
                return endpoint
            } catch {
                failure = error
            }
        }
        throw failure
    }

    // MARK: asking

    /// Does `call` at `endpoint`; the answer is one of success, its body still to come.
    ///
    /// - Throws: what the registry said; transient failures only after several tries.
    func perform(
        _ call: Call, at endpoint: Endpoint, _ credentials: RegistryCredentials
    ) async throws(RegistryError) -> HTTPClientResponse {
        var failures = 0
        while true {
            do throws(RegistryError) {
                let response = try await signed(call, endpoint, endpoint.isMirror ? .init() : credentials)
                if (200..<300).contains(response.status.code) || call.accepts.contains(response.status.code) {
                    return response
                }
                throw await Self.error(response, call)
            } catch {
                if case .unreachable = error { _ = schemes.withLock { $0.removeValue(forKey: call.address.authority) } }
                failures += 1
                var random = SystemRandomNumberGenerator()
                guard call.isRepeatable, error.isTransient, !error.isUnreachable, !Task.isCancelled,
                    let delay = settings.retry.delay(after: failures, asked: error.delay, using: &random)
                else { throw error }
                logger.debug(
                    "registry request is tried again",
                    metadata: ["request": "\(call.doing)", "error": "\(error)", "delay": "\(delay)"])
                do { try await Task.sleep(for: delay) } catch { throw .interrupted("\(call.doing): cancelled") }
            }
        }
    }

    private func signed(
        _ call: Call, _ endpoint: Endpoint, _ credentials: RegistryCredentials
    ) async throws(RegistryError) -> HTTPClientResponse {
        var authorization = try await authorization(call, endpoint, credentials, rejected: nil)
        for _ in 0..<2 {
            let response = try await exchange(call, call.address, endpoint, authorization)
            guard response.status == .unauthorized else { return response }
            learn(from: response, at: endpoint.address)
            let next = try await self.authorization(call, endpoint, credentials, rejected: authorization)
            guard let next, next != authorization else { return response }
            authorization = next
        }
        return try await exchange(call, call.address, endpoint, authorization)
    }

    private func learn(from response: HTTPClientResponse, at address: WebAddress) {
        guard response.status == .unauthorized else { return }
        let offered = response.headers["WWW-Authenticate"].flatMap(Challenge.parse)
        challenges.withLock { $0[address.authority] = offered }
    }

    private func authorization(
        _ call: Call, _ endpoint: Endpoint, _ credentials: RegistryCredentials, rejected: String?
    ) async throws(RegistryError) -> String? {
        guard call.address.isSameServer(as: endpoint.address) else { return nil }
        if !credentials.registryToken.isEmpty { return "Bearer \(credentials.registryToken)" }
        let offered = challenges.withLock { $0[endpoint.address.authority] } ?? []
        if let bearer = offered.first(where: { $0.scheme == "bearer" }), let realm = bearer.parameters["realm"] {
            // A realm on the registry's own plain-HTTP server is as good as the registry; elsewhere it must not be plain.
            let grant = TokenAuthority.Grant(
                realm: realm, service: bearer.parameters["service"] ?? "", scopes: call.scopes.sorted(),
                credentials: credentials)
            let stale = rejected.map { String($0.dropFirst("Bearer ".count)) }
            return "Bearer " + (try await tokens.token(for: grant, rejected: stale))
        }
        if offered.contains(where: { $0.scheme == "basic" }), credentials.hasPassword { return credentials.basic }
        return nil
    }

    // MARK: one exchange

    /// Sends `call` and follows where the answer leads.
    private func exchange(
        _ call: Call, _ address: WebAddress, _ endpoint: Endpoint, _ authorization: String?
    ) async throws(RegistryError) -> HTTPClientResponse {
        var address = address
        for _ in 0..<10 {
            let isHome = address.isSameServer(as: endpoint.address)
            var request = HTTPClientRequest(url: address.text)
            request.method = call.method
            request.headers = HTTPHeaders(call.headers)
            request.headers.add(name: "User-Agent", value: settings.userAgent)
            if let authorization, isHome { request.headers.add(name: "Authorization", value: authorization) }
            request.body = call.body?()
            request.tlsConfiguration =
                isHome ? endpoint.tls : try await self.endpoint(address, isMirror: true).tls
            let response = try await send(request, call)
            guard [301, 302, 303, 307, 308].contains(response.status.code),
                let location = response.headers.first(name: "Location")
            else { return response }
            guard let next = address.following(location) else {
                throw .malformed("\(call.doing): the registry redirects to \(location), which is no address")
            }
            guard !(address.scheme == "https" && next.scheme == "http" && !settings.isInsecure(next.authority)) else {
                throw .malformed(
                    "\(call.doing): the registry redirects from https to \(next.scheme)://\(next.authority)")
            }
            address = next
        }
        throw .malformed("\(call.doing): the registry redirects without end")
    }

    private func send(_ request: HTTPClientRequest, _ call: Call) async throws(RegistryError) -> HTTPClientResponse {
        do {
            return try await http.execute(request, timeout: .hours(24), logger: nil)
        } catch {
            throw Self.failure(error, call.doing)
        }
    }

    static func failure(_ error: any Error, _ doing: String) -> RegistryError {
        let text = "\(doing): \(describe(error))"
        if let error = error as? HTTPClientError {
            if error == .connectTimeout { return .unreachable(text) }
            if error == .readTimeout || error == .writeTimeout || error == .remoteConnectionClosed
                || error == .deadlineExceeded || error == .cancelled
            {
                return .interrupted(text)
            }
        }
        if let error = error as? IOError {
            return error.errnoCode == ECONNREFUSED || error.errnoCode == EHOSTUNREACH || error.errnoCode == ENETUNREACH
                ? .unreachable(text) : .interrupted(text)
        }
        if error is NIOConnectionError || error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            return .unreachable(text)
        }
        return .interrupted(text)
    }

    private static func describe(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let cause = error.connectionErrors.first { return "dial \(error.host):\(error.port): \(cause.error)" }
            return "lookup \(error.host): no such host"
        }
        if let error = error as? HTTPClientError { return error.shortDescription }
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "the certificate is signed by an unknown authority or for another name; "
                + "put its authority into /etc/pouch/certs.d/HOST/ca.crt"
        }
        if text.contains("ALERT_BAD_CERTIFICATE") || text.contains("CERTIFICATE_REQUIRED") {
            return
                "the registry wants a client certificate: put one into /etc/pouch/certs.d/HOST/client.cert and client.key"
        }
        return text
    }

    // MARK: errors

    /// The most that is read of an answer that says no.
    private static let longestComplaint = 64 << 10

    /// What an answer that is no success says; its body is read for the sake of the message alone.
    private static func error(_ response: HTTPClientResponse, _ call: Call) async -> RegistryError {
        let text = "\(await complaint(response) ?? "\(call.doing): \(response.status)")"
        let after = response.headers.first(name: "Retry-After").flatMap {
            RetryAfter.parse($0, now: Int64(time(nil)))
        }
        switch response.status.code {
        case 401, 403: return .denied(text)
        case 404: return .notFound(text)
        case 429: return .tooMany(text, after: after)
        case 503 where after != nil: return .tooMany(text, after: after)
        case let status: return .refused(status: Int(status), text)
        }
    }

    private static func complaint(_ response: HTTPClientResponse) async -> String? {
        var bytes: [UInt8] = []
        do {
            for try await chunk in response.body {
                bytes += chunk.readableBytesView
                if bytes.count > longestComplaint { break }
            }
        } catch {
            return nil
        }
        guard let value = try? JSONValue(parsing: bytes), let errors = value["errors"]?.arrayValue, !errors.isEmpty
        else {
            return nil
        }
        return errors.map { error in
            let code = (error["code"]?.stringValue ?? "unknown").lowercased().replacing("_", with: " ")
            return "\(code): \(error["message"]?.stringValue ?? "")"
        }.joined(separator: ", ")
    }
}

/// One request to a registry, to be sent as often as need be.
struct Call: Sendable {
    var method: HTTPMethod
    var address: WebAddress
    var headers: [(String, String)] = []
    /// Makes the body anew for every try.
    var body: (@Sendable () -> HTTPClientRequest.Body)?
    /// The rights it needs, such as `repository:library/busybox:pull`.
    var scopes: [String] = []
    /// Statuses outside 200 to 299 that are no failure.
    var accepts: Set<UInt> = []
    /// Sending it twice does no harm.
    var isRepeatable = true

    init(_ method: HTTPMethod, _ address: WebAddress) {
        self.method = method
        self.address = address
    }

    var doing: String { "\(method.rawValue) \(address.text.prefix { $0 != "?" })" }
}

extension RegistryError {
    var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
