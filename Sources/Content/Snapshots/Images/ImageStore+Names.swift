internal import Archives
package import ImageSpec

/// A container that uses an image, as the engine knows it.
package struct ImageUse: Equatable, Sendable {
    package var image: Digest
    /// The container's short id.
    package var container: String
    package var isRunning: Bool

    package init(image: Digest, container: String, isRunning: Bool) {
        self.image = image
        self.container = container
        self.isRunning = isRunning
    }
}

/// One thing that removing images did.
package enum ImageRemoval: Equatable, Sendable {
    case untagged(ImageReference)
    case deleted(Digest)
}

extension ImageStore {
    /// Gives the image that `name` leads to one more name; whatever had it loses it.
    package func tag(_ name: String, as reference: ImageReference) async throws(ImageError) {
        guard reference.digest == nil else {
            throw .invalidReference(reference.familiar, reason: "refusing to create a tag with a digest reference")
        }
        try await change { [self] () throws(ImageError) in
            try add(try image(name), names: [reference])
        }
    }

    /// Notes that the image is to be had under `reference`, which has a digest: after a push.
    package func know(_ id: Digest, as reference: ImageReference) async throws(ImageError) {
        try await change { [self] () throws(ImageError) in
            guard let image = image(id), !image.digests.contains(reference) else { return }
            try add(image, names: [reference])
        }
    }

    /// Takes a name away, and with the last one the image, by Docker's rules.
    ///
    /// - Throws: `conflict` when a container uses the image (with `force` only if it runs), when an id has several names, or
    ///   when other images were made from it.
    package func remove(
        _ name: String, force: Bool = false, keepsParents: Bool = false, uses: [ImageUse] = []
    ) async throws(ImageError) -> [ImageRemoval] {
        try await change { [self] () throws(ImageError) in
            let image = try image(name)
            let removal = ImageRemover(store: self, uses: uses, force: force)
            let done = try removal.remove(image, named: read { $0.reference(name) }, spelled: name)
            let parents = keepsParents ? [] : try removal.removeParents(of: image, after: done)
            try collectNow()
            return done + parents
        }
    }

    /// Removes images that no container uses: the dangling ones, or with `all` every one, that `matches` lets pass.
    ///
    /// Gives what was done and the bytes of file content that went.
    package func prune(
        all: Bool = false, uses: [ImageUse] = [], matches: @escaping @Sendable (Image) -> Bool = { _ in true }
    ) async throws(ImageError) -> (removals: [ImageRemoval], bytes: Int64) {
        try await change { [self] () throws(ImageError) in
            let used = Set(uses.map(\.image))
            var done: [ImageRemoval] = []
            // An image goes before the one it was made from.
            while true {
                let candidate = self.all.first { image in
                    (all || image.isDangling) && !used.contains(image.id) && matches(image)
                        && read { $0.children(of: image.id).isEmpty }
                }
                guard let candidate else { break }
                done += (candidate.tags + candidate.digests).map { .untagged($0) }
                try forget(candidate.id)
                done.append(.deleted(candidate.id))
            }
            return (done, try collectNow())
        }
    }
}

/// Docker's rules for removing an image; used within a change.
private struct ImageRemover {
    let store: ImageStore
    let uses: [ImageUse]
    let force: Bool

    /// `tag` is the name that was spelled, or nil when it was an id.
    func remove(_ image: Image, named tag: ImageReference?, spelled name: String) throws(ImageError) -> [ImageRemoval] {
        let names = image.tags + image.digests
        if let tag {
            let gone = Self.names(goingWith: tag, of: image)
            if gone.count < names.count { return try untag(image, gone) }
            if !force, let use = uses.first(where: { $0.image == image.id }) {
                throw .conflict(
                    name,
                    reason:
                        "unable to remove repository reference \"\(name)\" (must force) - container \(use.container) is using its referenced image \(image.id.short)"
                )
            }
            return try delete(image, byName: true)
        }
        if !force, Set(names.map(\.name)).count > 1 {
            throw .conflict(
                name,
                reason:
                    "unable to delete \(image.id.short) (must be forced) - image is referenced in multiple repositories"
            )
        }
        return try delete(image, byName: false)
    }

    /// With the last tag of a repository go the digests by which the image was known there, as Docker does.
    private static func names(goingWith tag: ImageReference, of image: Image) -> [ImageReference] {
        guard tag.digest == nil, !image.tags.contains(where: { $0.name == tag.name && $0 != tag }) else { return [tag] }
        return [tag] + image.digests.filter { $0.name == tag.name }
    }

    private func untag(_ image: Image, _ names: [ImageReference]) throws(ImageError) -> [ImageRemoval] {
        var image = image
        image.tags.removeAll { names.contains($0) }
        image.digests.removeAll { names.contains($0) }
        try store.put(image)
        return names.map { .untagged($0) }
    }

    private func delete(_ image: Image, byName: Bool) throws(ImageError) -> [ImageRemoval] {
        let names = image.tags + image.digests
        let id = image.id.short
        if let use = uses.first(where: { $0.image == image.id && $0.isRunning }) {
            throw .conflict(
                id,
                reason:
                    "unable to delete \(id) (cannot be forced) - image is being used by running container \(use.container)"
            )
        }
        if !force, let use = uses.first(where: { $0.image == image.id }) {
            throw .conflict(
                id,
                reason:
                    "unable to delete \(id) (must be forced) - image is being used by stopped container \(use.container)"
            )
        }
        if !store.read({ $0.children(of: image.id) }).isEmpty {
            // Its name can go all the same; the image stays for those made from it.
            if byName { return try untag(image, names) }
            throw .conflict(id, reason: "unable to delete \(id) (cannot be forced) - image has dependent child images")
        }
        try store.forget(image.id)
        return names.map { .untagged($0) } + [.deleted(image.id)]
    }

    /// Removes the nameless images below one that was deleted.
    func removeParents(of image: Image, after done: [ImageRemoval]) throws(ImageError) -> [ImageRemoval] {
        guard done.contains(.deleted(image.id)) else { return [] }
        var removed: [ImageRemoval] = []
        var next = image.parent
        while let id = next, let parent = store.image(id), parent.isDangling,
            !uses.contains(where: { $0.image == id }), store.read({ $0.children(of: id).isEmpty })
        {
            try store.forget(id)
            removed.append(.deleted(id))
            next = parent.parent
        }
        return removed
    }
}
