internal import Archives
package import Engine
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
package import Logging
package import NIOCore
internal import Snapshots

/// Builds images out of Dockerfiles: steps run as containers of the engine or write into a snapshot, and become layers.
///
/// ```
/// build/cache/<key>      which image came out of a step
/// build/mounts/<name>    what RUN --mount=type=cache keeps
/// build/work/<random>    one build's context; emptied at start
/// ```
package final class ImageBuilder: Sendable {
    let engine: Engine
    let logger: Logger
    let cache: BuildCache
    let mounts: CacheMounts
    private let work: String

    package init(engine: Engine, logger: Logger = Logger(label: "build")) {
        self.engine = engine
        self.logger = logger
        let folder = engine.buildFolder
        cache = BuildCache(folder: folder + "/cache", store: engine.imageStore)
        mounts = CacheMounts(folder: folder + "/mounts")
        work = folder + "/work"
    }

    /// Removes what builds left that a crash ended, and makes the folders; call it after the engine's own recovery.
    package func recover() async throws(EngineError) {
        let folders = [engine.buildFolder, cache.folder, engine.buildFolder + "/mounts", work]
        let secrets = engine.buildSecretsFolder
        try await Lanes.shared.run { [work, cache] () throws(EngineError) in
            defer { cache.prune(all: false) }
            do throws(SyscallError) {
                try Tree.remove(path: work)
                try Tree.remove(path: secrets)
                try Files.makeDirectory(secrets, mode: 0o700)
                for folder in folders where !Files.exists(folder) { try Files.makeDirectory(folder, mode: 0o700) }
            } catch {
                throw .system(doing: "prepare \(work)", error)
            }
        }
    }

    /// A folder for one build, filled with the archive that `body` brings; who gets it removes it.
    package func receive<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(_ body: Body)
        async throws(BuildError) -> BuildContext
    {
        let context = try await Lanes.shared.run { [work] () throws(BuildError) in try BuildContext(in: work) }
        do throws(BuildError) {
            try await context.receive(body)
            return context
        } catch {
            await context.remove()
            throw error
        }
    }

    /// Reads the Dockerfile and plans; nothing is built yet.
    package func plan(_ context: BuildContext, _ options: BuildOptions) async throws(BuildError) -> Build {
        let text = try await Lanes.shared.run { () throws(BuildError) in
            try context.takeDockerfile(options.dockerfile)
        }
        let dockerfile = try reading { () throws(DockerfileError) in try Dockerfile(parsing: text) }
        return try Build(builder: self, context: context, options: options, dockerfile: dockerfile)
    }

    /// Removes the images between steps that no named image was made from, what the cache says of them (with `all` everything it
    /// says), and the caches that commands mounted; gives the entries forgotten and the bytes.
    package func prune(all: Bool) async -> (keys: [String], bytes: Int64) {
        let (cache, store) = (cache, engine.imageStore)
        let before = store.layersSize
        var ids = await Lanes.shared.run { cache.images() }
        // An image goes before the one it was made from, so the rest is tried again until none goes.
        while true {
            var left: [Digest] = []
            for id in ids where store.image(id)?.isDangling == true {
                do throws(EngineError) {
                    _ = try await engine.removeImage(id.description, force: false, prune: true)
                } catch {
                    left.append(id)
                }
            }
            if left.count == ids.count || left.isEmpty { break }
            ids = left
        }
        let removed = await Lanes.shared.run { cache.prune(all: all) }
        return (removed, await mounts.prune() + max(0, before - store.layersSize))
    }
}
