internal import AsyncHTTPClient
internal import ContentStore
package import ImageSpec
internal import JSON
package import Logging
internal import NIOCore
internal import NIOHTTP1

/// Registries as this machine reaches them.
///
/// Any task may use it. Connections, tokens and what was learnt of each registry are kept as long as it lives.
///
/// Source: distribution-spec 1.1.
package struct RegistryClient: Sendable {
    let transport: Transport

    package init(_ settings: RegistrySettings = RegistrySettings(), logger: Logger) {
        transport = Transport(settings, logger: logger)
    }

    /// One repository, as seen by who has `credentials`.
    package func repository(
        _ reference: ImageReference, _ credentials: RegistryCredentials = .init()
    ) -> Repository {
        Repository(transport: transport, domain: reference.domain, path: reference.path, credentials: credentials)
    }

    /// Verifies that `credentials` are good at `domain`.
    ///
    /// - Throws: `denied` when they are not.
    package func login(_ domain: String, _ credentials: RegistryCredentials) async throws(RegistryError) {
        for endpoint in try await transport.endpoints(for: domain, reading: false) {
            _ = try await transport.perform(Call(.GET, endpoint.at("/v2/")), at: endpoint, credentials)
        }
    }

    /// The repositories that a registry's old search interface finds.
    ///
    /// Source: Docker Registry HTTP API V1, `/v1/search`, which Docker Hub still serves.
    package func search(
        _ domain: String, term: String, limit: Int, _ credentials: RegistryCredentials
    ) async throws(RegistryError) -> [SearchResult] {
        let host = domain == ImageReference.defaultDomain ? "index.docker.io" : domain
        var failure = RegistryError.unreachable("\(domain): nobody answers")
        for endpoint in try await transport.endpoints(for: host, reading: false) {
            let address = endpoint.at("/v1/search").adding("q", term).adding("n", "\(limit)")
            do throws(RegistryError) {
                let response = try await transport.perform(Call(.GET, address), at: endpoint, credentials)
                let bytes = try await response.wholeBody(limit: 4 << 20, "GET \(address.text)")
                return try SearchResult.parse(bytes)
            } catch {
                failure = error
            }
        }
        throw failure
    }
}

/// A repository that was found by a word.
package struct SearchResult: Equatable, Sendable {
    package var name: String
    package var description: String
    package var stars: Int64
    package var isOfficial: Bool
    package var isAutomated: Bool

    static func parse(_ bytes: [UInt8]) throws(RegistryError) -> [SearchResult] {
        do throws(JSONError) {
            return try JSONField(JSONValue(parsing: bytes))["results"].elements().map { result throws(JSONError) in
                SearchResult(
                    name: try result["name"].string(), description: try result["description"].stringIfPresent() ?? "",
                    stars: try result["star_count"].intIfPresent() ?? 0,
                    isOfficial: try result["is_official"].boolIfPresent() ?? false,
                    isAutomated: try result["is_automated"].boolIfPresent() ?? false)
            }
        } catch {
            throw .malformed("search: \(error)")
        }
    }
}

extension HTTPClientResponse {
    /// All of a body that is known to be small.
    func wholeBody(limit: Int, _ doing: String) async throws(RegistryError) -> [UInt8] {
        var bytes: [UInt8] = []
        if let length = headers.first(name: "Content-Length").flatMap(Int.init) {
            guard length <= limit else { throw .malformed("\(doing): \(length) bytes, more than the \(limit) allowed") }
            bytes.reserveCapacity(length)
        }
        do {
            for try await chunk in body {
                guard bytes.count + chunk.readableBytes <= limit else { throw RegistryError.malformed("") }
                bytes += chunk.readableBytesView
            }
        } catch is RegistryError {
            throw .malformed("\(doing): more than the \(limit) bytes allowed")
        } catch {
            throw Transport.failure(error, doing)
        }
        return bytes
    }
}
