internal import Archives
internal import Engine
internal import ImageSpec
internal import Lanes
internal import Snapshots

// COPY and ADD.
extension StageRun {
    mutating func copyFiles(_ written: CopyInstruction, text: String) async throws(BuildError) {
        let copy = try expanded(written)
        let source = try await openSource(copy.from)
        let result: Result<StageRun, BuildError>
        do throws(BuildError) {
            let remotes = try await fetchRemotes(copy)
            result = .success(try await copied(copy, source, remotes, text))
        } catch {
            result = .failure(error)
        }
        await source.finish()
        self = try result.get()
    }

    private func expanded(_ written: CopyInstruction) throws(BuildError) -> CopyInstruction {
        var copy = written
        let expander = expander
        try reading { () throws(DockerfileError) in
            copy.sources = try copy.sources.map { (source) throws(DockerfileError) in try expander.word(source) }
            copy.destination = try expander.word(copy.destination)
            copy.owner = try copy.owner.map { (text) throws(DockerfileError) in try expander.word(text) }
            copy.checksum = try copy.checksum.map { (text) throws(DockerfileError) in try expander.word(text) }
            copy.mode = try copy.mode.map { (text) throws(DockerfileError) in try expander.word(text) }
            for index in copy.heredocs.indices where copy.heredocs[index].expands {
                copy.heredocs[index].content = try expander.document(copy.heredocs[index].content)
            }
        }
        guard !copy.destination.isEmpty else { throw .invalid("the destination is empty") }
        return copy
    }

    private func copied(
        _ copy: CopyInstruction, _ source: SourceTree, _ remotes: [Int: RemoteFiles], _ text: String
    ) async throws(BuildError) -> StageRun {
        let destination = ConfigEdit.resolve(copy.destination, from: execution.workingDir)
        let epoch = build.epoch
        let (work, content) = try await Lanes.shared.run { () throws(BuildError) in
            let items = try CopySelection(copy, in: source.tree, remotes).items()
            let work = try CopyWork(copy, items, of: source.tree, remotes, to: destination, epoch: epoch)
            return (work, try building { () throws(ArchiveError) in try work.digest() })
        }
        var key = CacheKey(copy.isAdd ? "ADD" : "COPY", on: draft.top, epoch: build.epoch?.seconds)
        key.add("destination", destination + (CopySelection.isDirectory(copy.destination) ? "/" : ""))
        key.add("owner", copy.owner ?? (copy.from == nil ? "0:0" : ""))
        key.add("mode", copy.mode ?? "")
        key.add(
            "kinds", work.items.map { $0.kind == .archive ? "archive" : $0.kind == .directory ? "directory" : "file" })
        key.add("content", content.description)
        var run = self
        if try await run.reuse(key.digest, history: text) { return run }
        let digest = key.digest
        let (engine, before) = (engine, run)
        return try await withSnapshot { (id) async throws(BuildError) in
            var run = before
            try await Lanes.shared.run { () throws(BuildError) in
                let outcome = try snapshotting { () throws(SnapshotError) in
                    try engine.snapshotter.withRoot(of: id, writable: true) { root in
                        Self.perform(work, in: root, engine)
                    }
                }
                try outcome.get()
            }
            try await run.commit(id, key: digest, history: text)
            return run
        }
    }

    private static func perform(_ work: CopyWork, in root: Tree, _ engine: Engine) -> Result<Void, BuildError> {
        do throws(BuildError) {
            let owner = try work.copy.owner.map { (text) throws(BuildError) in try Self.owner(text, in: root, engine) }
            try building { () throws(ArchiveError) in try work.perform(in: root, owner: owner) }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private static func owner(
        _ text: String, in root: Tree, _ engine: Engine
    ) throws(BuildError) -> (user: UInt32, group: UInt32) {
        let (passwd, group) = try building { () throws(ArchiveError) in
            (
                try root.read(EntryPath(inContainer: "/etc/passwd")) ?? [],
                try root.read(EntryPath(inContainer: "/etc/group")) ?? []
            )
        }
        do throws(EngineError) { return try engine.owner(text, passwd: passwd, group: group) } catch {
            throw .invalid("--chown=\(text): \(error.message)")
        }
    }
}
