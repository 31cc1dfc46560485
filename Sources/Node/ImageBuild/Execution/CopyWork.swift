internal import Archives
internal import ContentStore
internal import ImageSpec
internal import LinuxKernel
internal import Patterns

/// Puts what a COPY or ADD selected into a root filesystem; blocking.
struct CopyWork: Sendable {
    let copy: CopyInstruction
    private let source: Tree
    private let remotes: [Int: RemoteFiles]
    let items: [CopyItem]
    /// Absolute, in the image.
    let destination: String
    /// Octal, of `--chmod`.
    let mode: UInt32?
    let excludes: IgnorePatterns
    /// What is made here gets it; with an `epoch` also files of the context, whose times say nothing.
    let time: FileTime
    private let fixesTimes: Bool

    /// - Throws: for a mode that is none, or a pattern that is none.
    init(
        _ copy: CopyInstruction, _ items: [CopyItem], of source: Tree, _ remotes: [Int: RemoteFiles],
        to destination: String, epoch: FileTime?
    ) throws(BuildError) {
        self.copy = copy
        self.items = items
        self.source = source
        self.remotes = remotes
        self.destination = destination
        time = epoch ?? .now()
        fixesTimes = epoch != nil && copy.from == nil
        mode = try copy.mode.map { (text) throws(BuildError) in
            guard let bits = UInt32(text, radix: 8), bits <= 0o7777 else {
                throw .invalid("--chmod=\(text): an octal mode is needed, such as 0755")
            }
            return bits
        }
        do throws(PatternError) {
            excludes = try IgnorePatterns(parsing: copy.excludes.joined(separator: "\n"))
        } catch {
            throw .invalid("--exclude: \(error)")
        }
    }

    // MARK: what it is worth

    /// A digest of names, contents, modes and owners, and not of times.
    func digest() throws(ArchiveError) -> Digest {
        let sink = HashSink()
        var options = archiving
        let adjusts = options.adjusts
        let isContext = copy.from == nil
        options.adjusts = { entry in
            adjusts(&entry)
            entry.modified = FileTime(seconds: 0)
            if isContext { (entry.owner, entry.group) = (0, 0) }
        }
        let archiver = TreeArchiver(to: sink, options: options)
        for (number, item) in items.enumerated() {
            // As a path of its own, so that two sources cannot be taken for one.
            let name = Array("\(number)/".utf8) + (copy.keepsParents ? item.path.bytes : item.name)
            try write(item, to: archiver, as: name)
        }
        return sink.digest
    }

    private var archiving: ArchivingOptions {
        var options = ArchivingOptions()
        let (mode, time, fixesTimes) = (mode, time, fixesTimes)
        options.adjusts = { entry in
            if fixesTimes { entry.modified = time }
            if case .symbolicLink = entry.kind { return }
            if let mode { entry.mode = mode }
        }
        let excludes = excludes
        if excludes != IgnorePatterns() { options.leavesOut = { excludes.excludes($0.description) } }
        return options
    }

    private func tree(of item: CopyItem) -> Tree { item.origin.flatMap { remotes[$0]?.tree } ?? source }

    private func write(_ item: CopyItem, to archiver: TreeArchiver, as name: [UInt8]) throws(ArchiveError) {
        let source = tree(of: item)
        switch item.kind {
        case .directory:
            let handle = try kernel { () throws(SyscallError) in try source.directory(item.place) }
            try archiver.archiveContents(of: handle, as: name)
        case .file, .archive:
            let handle = try kernel { () throws(SyscallError) in try source.directory(item.place.parent) }
            try archiver.archive(item.place.name, in: handle, as: name)
        case .text(let content):
            let entry = ArchiveEntry(
                path: name, kind: .file, mode: mode ?? 0o644, modified: time)
            try archiver.add(entry, content: Array(content.utf8))
        }
    }

    // MARK: doing it

    /// `owner` is that of `--chown`.
    func perform(in root: Tree, owner: (user: UInt32, group: UInt32)?) throws(ArchiveError) {
        let place = try EntryPath(inContainer: destination)
        let there = try root.look(at: place)
        let isDirectory = CopySelection.isDirectory(copy.destination) || there == .directory
        var extraction = ExtractionOptions.plain
        extraction.keepsKinds = true
        if let owner {
            extraction.ownership = .fixed(owner: owner.user, group: owner.group)
        } else if copy.from == nil {
            extraction.ownership = .fixed(owner: 0, group: 0)
        }
        for item in items {
            var target = place
            if copy.keepsParents {
                target = target.appending(item.kind == .directory ? item.path : item.path.parent)
            }
            let isInside = isDirectory || copy.keepsParents
            switch item.kind {
            case .archive:
                try makeDirectory(target, in: root, owner)
                try unpack(item, below: target, in: root, owner)
                continue
            case .directory: try makeDirectory(target, in: root, owner)
            case .file, .text:
                try makeDirectory(isInside ? target : target.parent, in: root, owner)
                if isInside { target = target.appending(item.name) }
            }
            try TreeTransfer.run(into: root, extracting: extraction, archiving: archiving) {
                (archiver) throws(ArchiveError) in
                try write(item, to: archiver, as: target.bytes)
            }
        }
    }

    private func makeDirectory(
        _ path: EntryPath, in root: Tree, _ owner: (user: UInt32, group: UInt32)?
    ) throws(ArchiveError) {
        do throws(ArchiveError) {
            _ = try root.makeDirectories(path, owner: owner ?? (0, 0))
        } catch {
            guard case .conflict(let entry, _) = error else { throw error }
            throw .conflict(entry: "cannot copy to non-directory", reason: entry)
        }
    }

    private func unpack(
        _ item: CopyItem, below target: EntryPath, in root: Tree, _ owner: (user: UInt32, group: UInt32)?
    ) throws(ArchiveError) {
        var options = ExtractionOptions.plain
        if let owner { options.ownership = .fixed(owner: owner.user, group: owner.group) }
        let extractor = TreeExtractor(into: root, below: target, options: options)
        _ = try extractor.extract(try TarReader(try tree(of: item).open(item.place)))
    }
}
