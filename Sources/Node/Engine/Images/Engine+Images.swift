internal import Archives
package import ImageSpec
internal import Lanes
internal import LinuxKernel
package import NIOCore
internal import Snapshots

extension Engine {
    private static let imageFilters: Set<String> = ["before", "dangling", "label", "reference", "since", "until"]

    package func images(all: Bool, filters: Filters, sharedSize: Bool = false) async throws(EngineError)
        -> [ImageSummary]
    {
        if let name = filters.unknown(besides: Self.imageFilters) { throw .invalid("invalid filter '\(name)'") }
        var filter = ImageFilter()
        filter.isDangling = try filters.flag("dangling")
        filter.references = filters["reference"]
        filter.labels = filters["label"]
        filter.before = filters["before"].first
        filter.since = filters["since"].first
        let until = try Self.until(filters)
        let found: [Image]
        do throws(ImageError) { found = try images.store.list(filter) } catch { throw EngineError(error) }
        var uses: [String: Int64] = [:]
        for container in await services.registry.all { uses[container.seen.record.imageID, default: 0] += 1 }
        let shared = sharedSize ? images.store.sharedSizes : [:]
        // What lies between a name and its parents is shown only to those who ask for all.
        let parents = Set(images.store.all.compactMap(\.parent))
        return found.compactMap { image in
            if !all, image.isDangling, parents.contains(image.id), filter.isDangling != true { return nil }
            if let until, image.createdAt >= until { return nil }
            var summary = ImageSummary(image)
            summary.containers = uses[image.id.description] ?? 0
            summary.sharedSize = sharedSize ? shared[image.id] ?? 0 : -1
            return summary
        }
    }

    package func image(_ name: String) async throws(EngineError) -> ImageInspection {
        ImageInspection(try images.find(name), driver: images.driverName, layers: images.store.layers)
    }

    /// Images here are for one platform each, whichever their name's others are.
    ///
    /// - Throws: ``EngineError/notFound(_:)`` where the image is for none of `platforms`; anything goes when there are none.
    package func demandPlatform(_ platforms: [Platform], of name: String) async throws(EngineError) {
        guard !platforms.isEmpty else { return }
        let config = try images.find(name).config
        let own = Platform(os: config.os, architecture: config.architecture, variant: config.variant)
        guard platforms.contains(where: { $0.rank(of: own) == 0 }) else {
            throw .notFound(
                "image with reference \(name) was found but its platform (\(own)) does not match the specified platform "
                    + "(\(platforms.map(\.description).joined(separator: ", ")))")
        }
    }

    package func imageHistory(_ name: String) async throws(EngineError) -> [ImageHistoryEntry] {
        try images.find(name).steps.map { step in
            var entry = ImageHistoryEntry()
            entry.id = step.id ?? "<missing>"
            entry.created = step.created.flatMap { Timestamp(rfc3339: $0) }?.seconds ?? 0
            entry.createdBy = step.command
            entry.tags = step.tags.isEmpty ? nil : step.tags.map(\.familiar)
            entry.size = step.size
            entry.comment = step.comment
            return entry
        }
    }

    /// Gives a line for each image: "Loaded image: busybox:latest".
    package func loadImages<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(_ body: Body)
        async throws(EngineError) -> [String]
    {
        let loaded: [LoadedImage]
        do throws(ImageError) { loaded = try await images.store.load(body.map { Array($0.readableBytesView) }) } catch {
            throw EngineError(error)
        }
        var lines: [String] = []
        for image in loaded {
            if image.names.isEmpty { lines.append("Loaded image ID: \(image.image)") }
            for name in image.names { lines.append("Loaded image: \(name.familiar)") }
            announce("image", "load", image.image.description, name: image.names.first?.familiar)
        }
        return lines
    }

    /// Makes an image of a tar of a root filesystem; gives its id.
    package func importImage<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ body: Body, from source: String = "-", repository: String?, tag: String?, message: String,
        changes: [String], platform: String?
    ) async throws(EngineError) -> String {
        var recipe = ImageRecipe()
        recipe.comment = message.isEmpty ? "Imported from \(source)" : message
        if let platform, !platform.isEmpty {
            do throws(ImageSpecError) { recipe.platform = try Platform(parsing: platform) } catch {
                throw .invalid("\(error)")
            }
        }
        recipe.reference = try Self.reference(repository, tag)
        let id: Digest
        do throws(ImageError) {
            for change in changes where !change.isEmpty { recipe.changes.append(try ConfigChange(parsing: change)) }
            id = try await images.store.importRootFilesystem(body.map { Array($0.readableBytesView) }, recipe)
        } catch {
            throw EngineError(error)
        }
        announce("image", "import", id.description, name: recipe.reference?.familiar)
        return id.description
    }

    static func reference(_ repository: String?, _ tag: String?) throws(EngineError) -> ImageReference? {
        guard let repository, !repository.isEmpty else { return nil }
        let text = tag.flatMap { $0.isEmpty ? nil : repository + ":" + $0 } ?? repository
        do throws(ImageSpecError) { return try ImageReference(parsing: text) } catch {
            throw .invalid("invalid reference format: \(error)")
        }
    }

    package func saveImages(_ names: [String]) async throws(EngineError) -> ByteStream {
        for name in names { _ = try images.find(name) }
        do throws(ImageError) { return ByteStream(try images.store.save(names)) } catch { throw EngineError(error) }
    }

    package func tagImage(_ name: String, repository: String, tag: String) async throws(EngineError) {
        let image = try images.find(name)
        guard let reference = try Self.reference(repository, tag) else {
            throw .invalid("repository name must have at least one component")
        }
        do throws(ImageError) { try await images.store.tag(name, as: reference) } catch { throw EngineError(error) }
        announce("image", "tag", image.id.description, name: reference.familiar)
    }

    package func removeImage(_ name: String, force: Bool, prune: Bool) async throws(EngineError) -> [ImageDeletion] {
        _ = try images.find(name)
        let removals: [ImageRemoval]
        do throws(ImageError) {
            removals = try await images.store.remove(name, force: force, keepsParents: !prune, uses: await imageUses())
        } catch {
            throw EngineError(error)
        }
        return report(removals)
    }

    package func pruneImages(_ filters: Filters) async throws(EngineError) -> PruneReport {
        if let name = filters.unknown(besides: ["dangling", "label", "label!", "until"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        let until = try Self.until(filters)
        let ledger = images.ledger
        let now = Timestamp.now.seconds
        let danglingOnly = try filters.flag("dangling") ?? true
        var report = PruneReport()
        do throws(ImageError) {
            let (removals, bytes) = try await images.store.prune(all: !danglingOnly, uses: await imageUses()) { image in
                filters.allowsLabels(image.config.config?.labels ?? [:]) && !ledger.isPinned(image.id, at: now)
                    && until.map { image.createdAt < $0 } ?? true
            }
            report.imagesDeleted = self.report(removals)
            report.spaceReclaimed = UInt64(max(0, bytes))
        } catch {
            throw EngineError(error)
        }
        return report
    }

    func report(_ removals: [ImageRemoval]) -> [ImageDeletion] {
        removals.map { removal in
            switch removal {
            case .untagged(let reference):
                announce("image", "untag", reference.familiar, name: reference.familiar)
                return ImageDeletion(untagged: reference.familiar)
            case .deleted(let id):
                announce("image", "delete", id.description, name: nil)
                return ImageDeletion(deleted: id.description)
            }
        }
    }

    func imageUses() async -> [ImageUse] {
        await services.registry.all.compactMap { container in
            let view = container.seen
            guard let image = try? Digest(parsing: view.record.imageID) else { return nil }
            return ImageUse(image: image, container: String(container.id.prefix(12)), isRunning: view.isRunning)
        }
    }

    /// Makes an image of what a container wrote; gives its id.
    package func commit(_ request: CommitRequest) async throws(EngineError) -> String {
        let container = try await container(request.container)
        let view = container.seen
        guard view.machine.phase != .removing, view.machine.phase != .dead else {
            throw .conflict("You cannot commit container \(container.id) which is being removed or dead")
        }
        var recipe = ImageRecipe()
        recipe.parent = try? Digest(parsing: view.record.imageID)
        recipe.author = request.author
        recipe.comment = request.comment
        recipe.createdBy = view.record.command.joined(separator: " ")
        recipe.reference = try Self.reference(request.repository, request.tag)
        var config = view.record.config
        if let asked = request.config { config = try ImageMerge.merge(asked, image: config) }
        recipe.config = ImageConfig.Execution(config)
        let pauses = request.pause ? try await Self.pauseIfRunning(container) : false
        let result: Result<Digest, EngineError>
        do throws(ImageError) {
            for change in request.changes where !change.isEmpty {
                recipe.changes.append(try ConfigChange(parsing: change))
            }
            result = .success(try await images.store.commit(container.id, of: images.snapshots, recipe))
        } catch {
            result = .failure(EngineError(error))
        }
        if pauses { try? await container.unpause() }
        let id = try result.get()
        await container.announce("commit", ["comment": request.comment, "imageID": id.description])
        return id.description
    }

    /// Says whether the container is paused now; one that ends meanwhile needs no pause.
    private static func pauseIfRunning(_ container: Container) async throws(EngineError) -> Bool {
        guard container.seen.machine.status == "running" else { return false }
        do throws(EngineError) {
            try await container.pause()
            return true
        } catch {
            guard let process = container.seen.machine.process,
                Processes.startTime(of: process.pid) == process.startTime
            else { return false }
            throw error
        }
    }

    func announce(_ type: String, _ action: String, _ actor: String, name: String?) {
        var attributes: [String: String] = [:]
        if let name { attributes["name"] = name }
        services.events.post(Event(type: type, action: action, actor: actor, attributes: attributes, time: .now))
    }
}

extension Image {
    var createdAt: Timestamp { config.created.flatMap { Timestamp(rfc3339: $0) } ?? .never }
}

extension ImageSummary {
    init(_ image: Image) {
        self.init()
        id = image.id.description
        parentId = image.parent?.description ?? ""
        repoTags = image.tags.map(\.familiar)
        repoDigests = image.digests.map(\.familiar)
        created = image.createdAt.seconds
        size = image.size
        labels = image.config.config?.labels ?? [:]
    }
}

extension ImageInspection {
    init(_ image: Image, driver: String, layers: LayerStore) {
        self.init()
        id = image.id.description
        repoTags = image.tags.map(\.familiar)
        repoDigests = image.digests.map(\.familiar)
        parent = image.parent?.description ?? ""
        comment = image.config.history?.last?.comment ?? ""
        created = image.config.created.flatMap { Timestamp(rfc3339: $0) }
        author = image.config.author ?? ""
        config = ContainerConfig(image.config.config)
        architecture = image.config.architecture
        variant = image.config.variant
        os = image.config.os
        osVersion = image.config.osVersion
        size = image.size
        graphDriver.name = driver
        let folders = image.chain.reversed().map { layers.diff(of: $0) }
        if let upper = folders.first {
            graphDriver.data = ["UpperDir": upper, "LowerDir": folders.dropFirst().joined(separator: ":")]
        }
        rootFS.type = "layers"
        rootFS.layers = image.layers.map(\.diffID.description)
        metadata.lastTagTime = Timestamp(
            nanoseconds: image.lastTagged.seconds * 1_000_000_000 + image.lastTagged.nanoseconds)
    }
}

extension ImageConfig.Execution {
    /// What an image made of a container says about its own containers.
    init(_ config: ContainerConfig) {
        self.init()
        user = config.user.isEmpty ? nil : config.user
        exposedPorts = config.exposedPorts.map { .init($0.keys.sorted()) }
        env = config.env
        entrypoint = config.entrypoint?.words
        cmd = config.cmd?.words
        volumes = config.volumes.map { .init($0.keys.sorted()) }
        workingDir = config.workingDir.isEmpty ? nil : config.workingDir
        labels = config.labels.isEmpty ? nil : config.labels
        stopSignal = config.stopSignal
        shell = config.shell?.words
        onBuild = config.onBuild
        if let own = config.healthcheck {
            var check = ImageConfig.Healthcheck()
            check.test = own.test
            check.interval = own.interval
            check.timeout = own.timeout
            check.startPeriod = own.startPeriod
            check.startInterval = own.startInterval
            check.retries = own.retries
            healthcheck = check
        }
    }
}
