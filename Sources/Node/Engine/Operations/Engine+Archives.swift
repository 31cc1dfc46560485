internal import Archives
internal import Lanes
internal import LinuxKernel
package import NIOCore
internal import RuntimeSpec
internal import Snapshots

extension Engine {
    package func statPath(_ reference: String, path: String) async throws(EngineError) -> PathStat {
        try await visiting(reference) { (files) async throws(EngineError) in try await files.stat(path) }
    }

    /// Runs `body` with the files of a container, of one that does not run with its volumes where it will see them.
    private func visiting<Result: Sendable>(
        _ reference: String, _ body: (ContainerFiles) async throws(EngineError) -> Result
    ) async throws(EngineError) -> Result {
        let container = try await container(reference)
        let isVisiting = try await container.visitVolumes()
        let result: Swift.Result<Result, EngineError>
        do throws(EngineError) {
            result = .success(try await body(files(of: reference)))
        } catch {
            result = .failure(error)
        }
        if isVisiting { await container.leaveVolumes() }
        return try result.get()
    }

    /// A tar of `path`.
    package func readArchive(_ reference: String, path: String) async throws(EngineError) -> (PathStat, ByteStream) {
        let container = try await container(reference)
        let isVisiting = try await container.visitVolumes()
        let (files, stat): (ContainerFiles, PathStat)
        do throws(EngineError) {
            files = try await self.files(of: reference)
            stat = try await files.stat(path)
        } catch {
            if isVisiting { await container.leaveVolumes() }
            throw error
        }
        let pipe = ChunkPipe()
        services.background.start {
            await files.archive(path, into: pipe)
            if isVisiting { await container.leaveVolumes() }
        }
        await container.announce("archive-path")
        return (stat, ByteStream(pipe))
    }

    /// Unpacks a tar, plain or compressed, into the folder `path`.
    package func writeArchive<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ reference: String, path: String, noOverwriteDirNonDir: Bool, copyOwner: Bool, body: Body
    ) async throws(EngineError) {
        let container = try await container(reference)
        var options = ExtractionOptions.plain
        options.keepsKinds = noOverwriteDirNonDir
        if copyOwner {
            let user = try await container.ownUser()
            options.ownership = .fixed(owner: user.uid, group: user.gid)
        }
        let chosen = options
        try await visiting(reference) { (files) async throws(EngineError) in
            try await Self.write(body, into: files, path, chosen)
        }
        await container.announce("extract-to-dir")
    }

    private static func write<Body: AsyncSequence<ByteBuffer, any Error> & Sendable>(
        _ body: Body, into files: ContainerFiles, _ path: String, _ options: ExtractionOptions
    ) async throws(EngineError) {
        let pipe = ChunkPipe()
        let failure = await withTaskGroup(of: Void.self) { group -> EngineError? in
            group.addTask {
                do {
                    for try await chunk in body { try await pipe.send(Array(chunk.readableBytesView)) }
                    pipe.finish()
                } catch {
                    pipe.fail(error)
                }
            }
            defer { pipe.close() }
            do throws(EngineError) {
                try await files.write(path, options: options, from: pipe)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private func files(of reference: String) async throws(EngineError) -> ContainerFiles {
        let view = try await container(reference).seen
        guard view.machine.phase != .removing, view.machine.phase != .dead else {
            throw .conflict("container \(view.id) is being removed")
        }
        let mounts = view.record.mounts.compactMap { plan -> (source: String, plan: PlannedMount)? in
            switch plan.kind {
            case .bind: (plan.source, plan)
            case .volume:
                (services.volumes.mountpoint(plan.source) + (plan.subpath.isEmpty ? "" : "/" + plan.subpath), plan)
            case .tmpfs: nil
            }
        }
        return ContainerFiles(
            id: view.id, process: view.machine.process, snapshots: images.snapshots, mounts: mounts,
            isReadOnly: view.record.hostConfig.readonlyRootfs)
    }

    package func changes(_ reference: String) async throws(EngineError) -> [FilesystemChange] {
        let container = try await container(reference)
        let snapshots = images.snapshots
        return try await Lanes.shared.run { () throws(EngineError) in
            do throws(SnapshotError) {
                return try snapshots.changes(of: container.id).map {
                    FilesystemChange(path: $0.path, kind: $0.kind.rawValue)
                }
            } catch {
                throw EngineError(error)
            }
        }
    }

    /// A tar of the container's root filesystem without what is mounted in it.
    package func export(_ reference: String) async throws(EngineError) -> ByteStream {
        let container = try await container(reference)
        let snapshots = images.snapshots
        let id = container.id
        let pipe = ChunkPipe()
        services.background.start {
            await Lanes.shared.run {
                do throws(SnapshotError) {
                    try snapshots.withRoot(of: id, writable: false) { (tree) throws(ArchiveError) in
                        let sink = PipeSink(pipe)
                        var options = ArchivingOptions()
                        if let owners = snapshots.ownerMap(of: id) { options.owners = owners.inside }
                        try TreeArchiver(to: sink, options: options).archive(tree)
                        try sink.flush()
                    }
                    pipe.finish()
                } catch {
                    pipe.fail(error)
                }
            }
        }
        await container.announce("export")
        return ByteStream(pipe)
    }
}
