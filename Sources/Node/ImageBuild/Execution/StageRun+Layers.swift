internal import Archives
internal import Engine
internal import ImageSpec
internal import JSON
internal import Lanes
internal import LinuxKernel
internal import Snapshots

// Steps that make a layer.
extension StageRun {
    /// Goes on from what the same step made before; says whether there was such a thing.
    mutating func reuse(_ key: Digest, history: String) async throws(BuildError) -> Bool {
        guard build.options.usesCache else { return false }
        let cache = build.builder.cache
        var found = await Lanes.shared.run { cache.image(key).map { CachedStep($0) } }
        if let sources = build.cacheSources {
            if let step = found, !sources.contains(where: { step.isPart(of: $0) }) { found = nil }
            let below = draft.layers
            found = found ?? sources.lazy.compactMap { CachedStep(key, of: $0, on: below) }.first
        }
        guard let found else { return false }
        build.hold.keep(found.image)
        let isEmpty = found.layers.count == draft.layers.count
        draft.layers = found.layers
        if found.isWhole { draft.parent = found.image.id }
        addHistory(history, isEmpty: isEmpty, created: found.created, key: key)
        try await output.say(" ---> Using cache\n ---> \(found.image.id.short)\n")
        return true
    }

    /// Makes a layer of what the snapshot `id` holds, and an image that later builds find by `key`.
    mutating func commit(_ id: String, key: Digest, history: String) async throws(BuildError) {
        let (engine, draftBefore) = (engine, draft)
        let layer = try await storing { () async throws(ImageError) in
            try await build.store.addLayer(
                of: id, engine.snapshotter, to: draftBefore, latest: build.epoch, holding: build.hold)
        }
        if let layer { draft.layers.append(layer) }
        addHistory(history, isEmpty: layer == nil, created: FileTime.now().rfc3339, key: key)
        let image = try await makeImage()
        let cache = build.builder.cache
        await Lanes.shared.run { cache.remember(key, image) }
        try await output.say(" ---> \(image.id.short)\n")
    }

    /// The image as it is now, which the next steps go on from.
    mutating func makeImage() async throws(BuildError) -> Image {
        let draftNow = draft
        let image = try await storing { () async throws(ImageError) in
            try await build.store.make(draftNow, holding: build.hold)
        }
        draft.parent = image.id
        return image
    }

    /// An image with the layers so far, for a container to be made of.
    mutating func imageForContainer() async throws(BuildError) -> String {
        if let parent = draft.parent, let image = build.store.image(parent), image.top == draft.top {
            return image.id.description
        }
        return try await makeImage().id.description
    }

    /// Runs `body` on the files so far in a snapshot of its own, which goes afterwards.
    func withSnapshot<Value: Sendable>(_ body: (String) async throws(BuildError) -> Value) async throws(BuildError)
        -> Value
    {
        let snapshotter = engine.snapshotter
        let top = draft.top
        let id = Self.snapshotName()
        try await Lanes.shared.run { () throws(BuildError) in
            _ = try snapshotting { () throws(SnapshotError) in
                try snapshotter.prepare(id, from: top, options: SnapshotOptions())
            }
        }
        let result: Result<Value, BuildError>
        do throws(BuildError) { result = .success(try await body(id)) } catch { result = .failure(error) }
        await Lanes.shared.run { try? snapshotter.remove(id) }
        return try result.get()
    }

    static func snapshotName() -> String {
        var random = SystemRandomNumberGenerator()
        return "build-" + String(random.next(), radix: 36)
    }

    // MARK: WORKDIR

    /// Changes the working directory, which is made when it is missing.
    mutating func enter(_ written: String, text: String) async throws(BuildError) {
        let expander = expander
        let word = try reading { () throws(DockerfileError) in try expander.word(written) }
        guard !word.isEmpty else { throw .invalid("WORKDIR \(written): the path is empty") }
        let path = ConfigEdit.resolve(word, from: execution.workingDir)
        change { $0.workingDir = path }
        var key = CacheKey("WORKDIR", on: draft.top, epoch: build.epoch?.seconds)
        key.add("path", path)
        if try await reuse(key.digest, history: text) { return }
        let snapshotter = engine.snapshotter
        let (run, digest) = (self, key.digest)
        self = try await withSnapshot { (id) async throws(BuildError) in
            var run = run
            try await Lanes.shared.run { () throws(BuildError) in
                try snapshotting { () throws(SnapshotError) in
                    try snapshotter.withRoot(of: id, writable: true) { (tree) throws(ArchiveError) in
                        _ = try tree.makeDirectories(EntryPath(inContainer: path))
                    }
                }
            }
            try await run.commit(id, key: digest, history: text)
            return run
        }
    }
}
