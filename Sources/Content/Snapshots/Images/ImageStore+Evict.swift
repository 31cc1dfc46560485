package import ImageSpec

extension ImageStore {
    /// Removes images with all their names because space is short; what a container uses by now, or other images stand on, stays.
    package func evict(_ ids: [Digest], uses: [ImageUse]) async throws(ImageError) -> [ImageRemoval] {
        try await change { [self] () throws(ImageError) in
            let used = Set(uses.map(\.image))
            var done: [ImageRemoval] = []
            for id in ids {
                guard !used.contains(id), let image = image(id), read({ $0.children(of: id).isEmpty }) else { continue }
                try forget(id)
                done += (image.tags + image.digests).map { .untagged($0) }
                done.append(.deleted(id))
            }
            try collectNow()
            return done
        }
    }
}
