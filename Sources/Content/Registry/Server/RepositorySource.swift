package import ContentStore
package import ImageSpec

/// Where a registry finds what it serves, asked for every request from any thread; it answers from memory.
///
/// `namespace` is the host that the client thinks it pulls from, where it said so.
package protocol RepositorySource: Sendable {
    var names: [String] { get }
    func exists(_ name: String, namespace: String?) -> Bool
    /// At most `limit` tags behind `last`, sorted, and whether more follow; nil when there is no such repository.
    func tags(of name: String, namespace: String?, after last: String?, limit: Int?) -> (tags: [String], more: Bool)?
    func manifest(_ name: String, _ reference: ManifestReference, namespace: String?) -> ContentDescriptor?
    func has(blob: Digest, in name: String, namespace: String?) -> Bool
    func referrers(of subject: Digest, in name: String, namespace: String?) -> [ContentDescriptor]
}

extension RepositoryStore: RepositorySource {
    package func exists(_ name: String, namespace: String?) -> Bool { exists(name) }

    package func tags(
        of name: String, namespace: String?, after last: String?, limit: Int?
    ) -> (tags: [String], more: Bool)? {
        tags(of: name, after: last, limit: limit)
    }

    package func manifest(
        _ name: String, _ reference: ManifestReference, namespace: String?
    ) -> ContentDescriptor? {
        manifest(name, reference)?.descriptor
    }

    package func has(blob: Digest, in name: String, namespace: String?) -> Bool { has(blob: blob, in: name) }

    package func referrers(of subject: Digest, in name: String, namespace: String?) -> [ContentDescriptor] {
        referrers(of: subject, in: name).map(\.descriptor)
    }
}
