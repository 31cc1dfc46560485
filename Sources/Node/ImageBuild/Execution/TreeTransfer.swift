internal import Archives
internal import Lanes
internal import LinuxKernel

/// Copies files from tree to tree: one thread reads them, another writes; blocking.
enum TreeTransfer {
    /// `write` puts into the archiver what shall be made in `tree`, with names relative to its root.
    static func run(
        into tree: Tree, extracting: ExtractionOptions, archiving: ArchivingOptions,
        _ write: (TreeArchiver) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        let pipe = ChunkPipe(capacity: 2 << 20)
        let writing = DedicatedThread.start { () throws(ArchiveError) in
            let extractor = TreeExtractor(into: tree, options: extracting)
            _ = try extractor.extract(try TarReader(PipeSource(pipe), decompressing: false))
        }
        let sink = PipeSink(pipe)
        let reading: Result<Void, ArchiveError>
        do throws(ArchiveError) {
            let archiver = TreeArchiver(to: sink, options: archiving)
            try write(archiver)
            try archiver.finish()
            try sink.flush()
            pipe.finish()
            reading = .success(())
        } catch {
            pipe.fail(error)
            reading = .failure(error)
        }
        do throws(ArchiveError) {
            try writing.wait()
        } catch {
            // Whoever failed first tells why; the other only lost its partner.
            if case .failure(let reason) = reading, case .interrupted = error { throw reason }
            throw error
        }
        // The writer stops at the archive's end, before the last blocks of zeros.
        if case .failure(let error) = reading, error != .interrupted("the reader has gone") { throw error }
    }

    /// Copies the file or directory `path` of `source` to `target` below the root of `tree`, owners and all.
    static func copy(_ path: EntryPath, of source: Tree, to target: EntryPath, in tree: Tree) throws(ArchiveError) {
        let clean = try source.resolved(path)
        let isDirectory = try source.look(at: clean) == .directory
        if isDirectory { _ = try tree.makeDirectories(target) }
        try run(into: tree, extracting: .plain, archiving: ArchivingOptions()) { (archiver) throws(ArchiveError) in
            let handle = try kernel { () throws(SyscallError) in
                try source.directory(isDirectory ? clean : clean.parent)
            }
            if isDirectory {
                try archiver.archiveContents(of: handle, as: target.bytes)
            } else {
                try archiver.archive(clean.name, in: handle, as: target.bytes)
            }
        }
    }
}
