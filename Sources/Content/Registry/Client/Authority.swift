internal import AsyncHTTPClient
internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// Asks the server that gives out tokens for a registry.
///
/// Source: distribution, "Token Authentication Specification" and "OAuth2 Token Authentication".
struct Authority: Sendable {
    let http: HTTPClient
    let userAgent: String

    /// - Throws: `denied` when it will not have these credentials.
    func ask(_ grant: TokenAuthority.Grant) async throws(RegistryError) -> TokenAuthority.Token {
        let began = ContinuousClock.now
        let (value, status) = try await answer(to: request(for: grant), realm: grant.realm)
        guard (200..<300).contains(status) else {
            let reason = value?["details"]?.stringValue ?? value?["message"]?.stringValue ?? "it answered \(status)"
            switch status {
            case 400, 401, 403: throw .denied("\(grant.realm): unauthorized: \(reason)")
            case 429: throw .tooMany("\(grant.realm): \(reason)", after: nil)
            default: throw .refused(status: status, "\(grant.realm): \(reason)")
            }
        }
        guard
            let text = value?["token"]?.stringValue.flatMap({ $0.isEmpty ? nil : $0 })
                ?? value?["access_token"]?.stringValue, !text.isEmpty
        else { throw .malformed("\(grant.realm): no token in the answer") }
        // Tokens without a span live a minute; the last part of it is left out, as a request takes its time.
        let span = max(value?["expires_in"]?.intValue ?? 60, 10)
        return .init(text: text, expiry: began + .seconds(span - min(span / 10, 30)))
    }

    private func request(for grant: TokenAuthority.Grant) throws(RegistryError) -> HTTPClientRequest {
        guard let realm = WebAddress(grant.realm) else { throw .malformed("realm \(grant.realm): no address") }
        guard grant.credentials.identityToken.isEmpty else {
            var form = "grant_type=refresh_token&client_id=pouch"
            form += "&service=\(WebAddress.escaped(grant.service))"
            form += "&scope=\(WebAddress.escaped(grant.scopes.joined(separator: " ")))"
            form += "&refresh_token=\(WebAddress.escaped(grant.credentials.identityToken))"
            var request = HTTPClientRequest(url: realm.text)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
            return request
        }
        var address = realm
        if !grant.service.isEmpty { address = address.adding("service", grant.service) }
        for scope in grant.scopes { address = address.adding("scope", scope) }
        if !grant.credentials.username.isEmpty { address = address.adding("account", grant.credentials.username) }
        var request = HTTPClientRequest(url: address.text)
        if grant.credentials.hasPassword {
            request.headers.add(name: "Authorization", value: grant.credentials.basic)
        }
        return request
    }

    private func answer(
        to request: HTTPClientRequest, realm: String
    ) async throws(RegistryError) -> (JSONValue?, status: Int) {
        var request = request
        request.headers.add(name: "User-Agent", value: userAgent)
        do {
            let response = try await http.execute(request, timeout: .seconds(30), logger: nil)
            let body = try await response.body.collect(upTo: 1 << 20)
            return (try? JSONValue(parsing: Array(body.readableBytesView)), Int(response.status.code))
        } catch {
            throw Transport.failure(error, "GET \(realm)")
        }
    }
}
