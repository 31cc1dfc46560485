internal import ContentStore
internal import ImageSpec
package import JSON
internal import RegistryClient

extension Engine {
    /// Tries credentials at a registry; gives a token for later when the registry offers one.
    ///
    /// `body` is Docker's `AuthConfig`.
    package func login(_ body: JSONValue) async throws(EngineError) {
        let credentials: RegistryCredentials
        let address: String
        do throws(JSONError) {
            credentials = try RegistryCredentials(json: JSONField(body))
            address = try JSONField(body)["serveraddress"].stringIfPresent() ?? ""
        } catch {
            throw .invalid("invalid JSON: \(error)")
        }
        do throws(RegistryError) {
            try await registries.login(Self.domain(ofServer: address), credentials)
        } catch {
            switch error {
            case .denied(let text): throw .unauthorized(text)
            default: throw .failed(error.description)
            }
        }
    }

    /// The registry's host in what a user typed at login, which may be an address with a path.
    static func domain(ofServer address: String) -> String {
        var host = Substring(address)
        for scheme in ["https://", "http://"] where host.hasPrefix(scheme) { host = host.dropFirst(scheme.count) }
        host = host.prefix { $0 != "/" }
        return host.isEmpty || host == "index.docker.io" ? ImageReference.defaultDomain : String(host)
    }

    /// What a registry has under a name: the document it leads to and the platforms it is for.
    package func inspectDistribution(
        _ name: String, authorization: String?
    ) async throws(EngineError) -> DistributionInspection {
        let (reference, repository) = try repository(name, authorization)
        do throws(RegistryError) {
            let document = try await repository.manifest(Self.name(reference))
            let descriptor = document.descriptor
            var platforms: [Platform] = []
            if let index = try? ImageIndex(parsing: document.bytes), descriptor.mediaType.isIndex {
                platforms = index.manifests.compactMap(\.platform)
            } else if let manifest = try? ImageManifest(parsing: document.bytes), manifest.config.mediaType.isConfig,
                let config = try? ImageConfig(parsing: await repository.smallBlob(manifest.config))
            {
                platforms = [Platform(os: config.os, architecture: config.architecture, variant: config.variant)]
            }
            return DistributionInspection(descriptor: descriptor, platforms: platforms)
        } catch {
            throw EngineError(error, image: reference.familiar)
        }
    }

    /// The manifest or index under a name, as its bytes are, with its media type.
    package func manifest(
        _ name: String, authorization: String?
    ) async throws(EngineError) -> (bytes: [UInt8], type: String) {
        let (reference, repository) = try repository(name, authorization)
        do throws(RegistryError) {
            let document = try await repository.manifest(Self.name(reference))
            return (document.bytes, document.descriptor.mediaType.rawValue)
        } catch {
            throw EngineError(error, image: reference.familiar)
        }
    }

    /// Repositories that a registry finds for a word, which may begin with the registry's host.
    package func searchImages(
        _ term: String, limit: Int, filters: Filters, authorization: String?
    ) async throws(EngineError) -> [SearchedImage] {
        if let name = filters.unknown(besides: ["stars", "is-official", "is-automated"]) {
            throw .invalid("invalid filter '\(name)': a search knows stars, is-official and is-automated")
        }
        let (isOfficial, isAutomated) = (try filters.flag("is-official"), try filters.flag("is-automated"))
        let stars = try filters["stars"].map { text throws(EngineError) in
            guard let stars = Int64(text) else { throw .invalid("invalid filter 'stars=[\(text)]'") }
            return stars
        }
        guard (1...100).contains(limit) else { throw .invalid("limit \(limit) is outside the range of [1, 100]") }
        let credentials = try Self.credentials(authorization)
        let first = term.prefix { $0 != "/" }
        let hasHost = first.count < term.count && (first.contains(".") || first.contains(":") || first == "localhost")
        let domain = hasHost ? String(first) : ImageReference.defaultDomain
        let word = hasHost ? String(term.dropFirst(first.count + 1)) : term
        do throws(RegistryError) {
            return try await registries.search(domain, term: word, limit: limit, credentials).filter { found in
                found.isOfficial == isOfficial ?? found.isOfficial
                    && found.isAutomated == isAutomated ?? found.isAutomated
                    && stars.allSatisfy { found.stars >= $0 }
            }.map { found in
                SearchedImage(
                    name: found.name, description: found.description, starCount: found.stars,
                    isOfficial: found.isOfficial, isAutomated: found.isAutomated)
            }
        } catch {
            throw .failed(error.description)
        }
    }

    private func repository(
        _ name: String, _ authorization: String?
    ) throws(EngineError) -> (ImageReference, Repository) {
        let credentials = try Self.credentials(authorization)
        do throws(ImageSpecError) {
            let reference = try ImageReference(parsing: name)
            return (reference, registries.repository(reference, credentials))
        } catch {
            throw .invalid(error.description)
        }
    }

    private static func name(_ reference: ImageReference) -> Repository.Name {
        if let digest = reference.digest { return .digest(digest) }
        return .tag(reference.tag ?? ImageReference.defaultTag)
    }
}
