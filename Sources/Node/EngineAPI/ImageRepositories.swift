package import ContentStore
package import ImageSpec
internal import RegistryServer
package import Snapshots

/// The images of this machine as repositories that a registry serves; they never change through it.
///
/// `docker.io/library/busybox` is found as `library/busybox`, as `busybox` and under its whole name. Who names a host (`ns=`)
/// gets that registry's images only; who names none gets any of that path. An image that came here with somebody's credentials, or
/// was made from one, is given to nobody, whatever it is called: who may have it gets it through a ``PullThrough``, from its
/// registry, or from here once it was pushed here.
package struct ImageRepositories: RepositorySource {
    private let images: ImageStore

    package init(_ images: ImageStore) { self.images = images }

    package var names: [String] { Set(images.all.flatMap { $0.tags + $0.digests }.map(\.path)).sorted() }

    private static func fits(_ reference: ImageReference, _ name: String, _ namespace: String?) -> Bool {
        if let namespace, namespace != reference.domain { return false }
        return reference.path == name || reference.name == name
            || reference.domain == ImageReference.defaultDomain && reference.path == "library/" + name
    }

    private func isGiven(_ image: Image, as reference: ImageReference) -> Bool {
        !image.isReserved || images.documents.isPublic(image.manifest.digest, in: reference.name)
    }

    /// The images of a repository and the names that lead to them there.
    private func found(_ name: String, _ namespace: String?) -> [(image: Image, names: [ImageReference])] {
        images.all.compactMap { image in
            let names = (image.tags + image.digests).filter {
                Self.fits($0, name, namespace) && isGiven(image, as: $0)
            }
            return names.isEmpty ? nil : (image, names)
        }
    }

    package func exists(_ name: String, namespace: String?) -> Bool { !found(name, namespace).isEmpty }

    package func tags(
        of name: String, namespace: String?, after last: String?, limit: Int?
    ) -> (tags: [String], more: Bool)? {
        let found = found(name, namespace)
        if found.isEmpty { return nil }
        let tags = Set(found.flatMap { $0.names.compactMap(\.tag) }).filter { tag in last.map { tag > $0 } ?? true }
        guard let limit else { return (tags.sorted(), false) }
        return (Array(tags.sorted().prefix(limit)), limit > 0 && tags.count > limit)
    }

    package func manifest(
        _ name: String, _ reference: ManifestReference, namespace: String?
    ) -> ContentDescriptor? {
        found(name, namespace).first { image, names in
            switch reference {
            case .tag(let tag): names.contains { $0.tag == tag }
            case .digest(let digest): image.manifest.digest == digest
            }
        }?.image.manifest
    }

    package func has(blob: Digest, in name: String, namespace: String?) -> Bool {
        found(name, namespace).contains { image, _ in
            image.id == blob || image.layers.contains { $0.blob.digest == blob }
        }
    }

    package func referrers(of subject: Digest, in name: String, namespace: String?) -> [ContentDescriptor] { [] }
}
