package import ContentStore
package import Engine
package import ImageSpec
internal import RegistryClient
package import RegistryServer
internal import Units

/// Other registries, for who pulls from this machine's.
package struct PullThrough: RegistryUpstream {
    private let mirror: ImageMirror

    package init(_ mirror: ImageMirror) { self.mirror = mirror }

    package func manifest(
        _ name: String, _ reference: ManifestReference, for caller: UpstreamCaller
    ) async -> ContentDescriptor? {
        guard let credentials = Self.credentials(caller.authorization) else { return nil }
        let wanted: Repository.Name =
            switch reference {
            case .tag(let tag): .tag(tag)
            case .digest(let digest): .digest(digest)
            }
        return await mirror.document(wanted, of: name, namespace: caller.namespace, for: credentials)
    }

    package func blob(_ digest: Digest, in name: String, for caller: UpstreamCaller) async -> UpstreamBlob? {
        guard let credentials = Self.credentials(caller.authorization),
            let found = await mirror.blob(digest, of: name, namespace: caller.namespace, for: credentials)
        else { return nil }
        return UpstreamBlob(size: found.size, open: found.open)
    }

    /// Reads `Basic`, with which registries are asked; nil for what cannot be passed on.
    private static func credentials(_ field: String?) -> RegistryCredentials? {
        guard let field, !field.isEmpty else { return RegistryCredentials() }
        let halves = field.split(separator: " ", maxSplits: 1)
        guard halves.count == 2, halves[0].lowercased() == "basic", let bytes = Base64.decoded(String(halves[1])),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return RegistryCredentials(
            username: String(decoding: bytes[..<colon], as: UTF8.self),
            password: String(decoding: bytes[(colon + 1)...], as: UTF8.self))
    }
}
