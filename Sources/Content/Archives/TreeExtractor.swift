internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Unpacks a tar into a tree and nowhere else.
///
/// Parents are resolved by the kernel inside the tree, the last component is always made new, so neither `..` nor links,
/// old or from the archive itself, reach out of it. Blocking, used from one thread.
package final class TreeExtractor {
    private let tree: Tree
    private let options: ExtractionOptions
    private var report = ExtractionReport()
    /// The last parent: entries of one directory usually follow each other.
    private var parent: (path: EntryPath, handle: DirectoryHandle)?
    /// Times of directories, set in the end because filling a directory changes them.
    private var directoryTimes: [(path: EntryPath, time: FileTime)] = []

    /// Where in the tree the archive's root lies.
    private let place: EntryPath

    /// Unpacks below `place`; links that lie there lead wherever the tree's root lets them.
    package init(into tree: Tree, below place: EntryPath = EntryPath(), options: ExtractionOptions) {
        self.tree = tree
        self.place = place
        self.options = options
    }

    /// Unpacks `source`, compressed or not, up to the end of the archive.
    package static func extract(
        _ source: any BlockSource, into tree: Tree, options: ExtractionOptions
    ) throws(ArchiveError) -> ExtractionReport {
        let extractor = TreeExtractor(into: tree, options: options)
        return try extractor.extract(try TarReader(source))
    }

    package func extract(_ reader: TarReader) throws(ArchiveError) -> ExtractionReport {
        while let entry = try reader.nextEntry() {
            report.entries += 1
            guard report.entries <= options.entryLimit else { throw .tooLarge(limit: Int64(options.entryLimit)) }
            try place(entry, from: reader)
        }
        return try finish()
    }

    /// Puts one entry into the tree; its content, if any, is read from `reader`.
    package func place(_ entry: ArchiveEntry, from reader: TarReader) throws(ArchiveError) {
        let path = place.appending(try EntryPath(entry.path))
        if path == place {
            guard entry.kind == .directory else { throw .hostile(entry: entry.name, reason: "would replace the root") }
            return try describeRoot(entry)
        }
        if case .overlay(let attributes) = options.whiteouts, path.name.starts(with: Whiteout.prefix) {
            return try hide(entry, path, attributes)
        }
        _ = try ownership(of: entry)  // before anything is replaced
        let directory = try parentDirectory(of: path, entry)
        try make(entry, path, at: directory.raw, from: reader)
    }

    /// Sets what must come last.
    package func finish() throws(ArchiveError) -> ExtractionReport {
        parent = nil
        for (path, time) in directoryTimes.reversed() {
            try attempt(path) { () throws(SyscallError) in
                if path.isRoot { return try Names.changeTime([46], at: tree.root.raw, to: time) }
                // A directory that a later entry replaced has no time to set.
                guard let handle = try? tree.directory(path.parent),
                    let status = try? Names.status(path.name, at: handle.raw), status.st_mode & S_IFMT == S_IFDIR
                else { return }
                try Names.changeTime(path.name, at: handle.raw, to: time)
            }
        }
        return report
    }

    // MARK: one entry

    private func make(_ entry: ArchiveEntry, _ path: EntryPath, at directory: Int32, from reader: TarReader)
        throws(ArchiveError)
    {
        let name = path.name
        switch entry.kind {
        case .file:
            try makeFile(entry, path, at: directory, from: reader)
            return
        case .directory:
            try makeDirectory(entry, path, at: directory)
            return
        case .hardLink(let target):
            try makeHardLink(entry, path, to: target, at: directory)
            return
        case .symbolicLink(let target):
            guard !target.isEmpty, target.count < 4096 else {
                throw .hostile(entry: entry.name, reason: "is a link to nothing")
            }
            try replacing(entry, path, at: directory) { () throws(SyscallError) in
                try Names.makeSymbolicLink(name, at: directory, to: target)
            }
        case .fifo: try makeNode(entry, path, at: directory, S_IFIFO)
        case .socket: return  // only the process that listens can make one
        case .characterDevice(let major, let minor):
            try makeNode(entry, path, at: directory, S_IFCHR, major, minor)
        case .blockDevice(let major, let minor):
            try makeNode(entry, path, at: directory, S_IFBLK, major, minor)
        }
        try describe(entry, path, at: directory)
    }

    private func makeNode(
        _ entry: ArchiveEntry, _ path: EntryPath, at directory: Int32, _ type: UInt32, _ major: UInt32 = 0,
        _ minor: UInt32 = 0
    ) throws(ArchiveError) {
        try replacing(entry, path, at: directory) { () throws(SyscallError) in
            try Names.makeNode(path.name, at: directory, mode: type | 0o600, major: major, minor: minor)
        }
    }

    private func makeFile(_ entry: ArchiveEntry, _ path: EntryPath, at directory: Int32, from reader: TarReader)
        throws(ArchiveError)
    {
        var made: Descriptor?
        try replacing(entry, path, at: directory) { () throws(SyscallError) in
            made = try Names.open(path.name, at: directory, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        }
        guard let file = made.take() else { return }
        try write(entry, to: file.raw, from: reader)
        let (owner, group) = try ownership(of: entry)
        try attempt(path) { () throws(SyscallError) in
            let number = file.raw
            // Also for root's: below a set-group-id directory a file is born with the directory's group.
            try check("fchown") { fchown(number, owner, group) }
            try check("fchmod") { fchmod(number, entry.mode) }
        }
        // Changing the owner drops capabilities, so attributes follow it.
        try setAttributes(entry) { (attribute) throws(SyscallError) in
            let number = file.raw
            try checkNegative("setxattr", Names.text(attribute.name)) {
                Names.withCString(attribute.name) {
                    clinux_fsetxattr(number, $0, attribute.value, attribute.value.count)
                }
            }
        }
        try attempt(path) { () throws(SyscallError) in
            let number = file.raw
            let times = [entry.modified.timespec, entry.modified.timespec]
            try check("futimens") { futimens(number, times) }
        }
    }

    private func write(_ entry: ArchiveEntry, to file: Int32, from reader: TarReader) throws(ArchiveError) {
        var end: Int64 = 0
        while let (bytes, offset) = try reader.nextData() {
            report.bytes += Int64(bytes.count)
            if let limit = options.byteLimit, report.bytes > limit { throw .tooLarge(limit: limit) }
            var written = 0
            while written < bytes.count {
                written += try kernel { () throws(SyscallError) in
                    try check("write", entry.name) {
                        pwrite(
                            file, bytes.baseAddress.map { $0 + written }, bytes.count - written,
                            Int(offset) + written)
                    }
                }
            }
            end = max(end, offset + Int64(bytes.count))
        }
        if end < entry.size {
            try kernel { () throws(SyscallError) in
                _ = try check("ftruncate", entry.name) { ftruncate(file, Int(entry.size)) }
            }
        }
    }

    private func makeDirectory(_ entry: ArchiveEntry, _ path: EntryPath, at directory: Int32) throws(ArchiveError) {
        let there = try? Names.status(path.name, at: directory)
        if there.map({ $0.st_mode & S_IFMT }) != S_IFDIR {
            let hidden = isWhiteout(there)
            try replacing(entry, path, at: directory) { () throws(SyscallError) in
                try Names.makeDirectory(path.name, at: directory, mode: 0o700)
            }
            if hidden, case .overlay(let attributes) = options.whiteouts {
                try makeOpaque(path.name, at: directory, attributes, path)
            }
        }
        try describe(entry, path, at: directory, timed: false)
        directoryTimes.append((path, entry.modified))
    }

    private func makeHardLink(_ entry: ArchiveEntry, _ path: EntryPath, to target: [UInt8], at directory: Int32)
        throws(ArchiveError)
    {
        let target = place.appending(try EntryPath(target))
        guard target != place else { throw .hostile(entry: entry.name, reason: "is a link to the root") }
        if target == path { return }
        let source = try attempt(target) { () throws(SyscallError) in try tree.directory(target.parent) }
        try replacing(entry, path, at: directory) { () throws(SyscallError) in
            try Names.makeHardLink(path.name, at: directory, to: target.name, at: source.raw)
        }
    }

    // MARK: what an entry looks like

    private func describeRoot(_ entry: ArchiveEntry) throws(ArchiveError) {
        let path = place
        report.describesRoot = true
        let root = try attempt(path) { () throws(SyscallError) in try tree.directory(path) }
        try describe(entry, path, name: [46], at: root.raw, timed: false)
        directoryTimes.append((path, entry.modified))
    }

    private func describe(_ entry: ArchiveEntry, _ path: EntryPath, at directory: Int32, timed: Bool = true)
        throws(ArchiveError)
    {
        try describe(entry, path, name: path.name, at: directory, timed: timed)
    }

    private func describe(_ entry: ArchiveEntry, _ path: EntryPath, name: [UInt8], at directory: Int32, timed: Bool)
        throws(ArchiveError)
    {
        let (owner, group) = try ownership(of: entry)
        try attempt(path) { () throws(SyscallError) in
            try Names.changeOwner(name, at: directory, to: owner, group)
            if case .symbolicLink = entry.kind {} else { try Names.changeMode(name, at: directory, to: entry.mode) }
        }
        try setAttributes(entry) { (attribute) throws(SyscallError) in
            try Attributes.set(attribute, on: name, at: directory)
        }
        if timed {
            try attempt(path) { () throws(SyscallError) in
                try Names.changeTime(name, at: directory, to: entry.modified)
            }
        }
    }

    private func ownership(of entry: ArchiveEntry) throws(ArchiveError) -> (owner: UInt32, group: UInt32) {
        let meant =
            switch options.ownership {
            case .archived: (owner: entry.owner, group: entry.group)
            case .fixed(let owner, let group): (owner: owner, group: group)
            }
        guard let map = options.ownerMap else { return meant }
        guard let mapped = map.outside(owner: meant.owner, group: meant.group) else {
            throw .conflict(
                entry: entry.name, reason: "owner \(meant.owner):\(meant.group) cannot be mapped to the user namespace")
        }
        return mapped
    }

    private func setAttributes(
        _ entry: ArchiveEntry, _ set: (ArchiveEntry.Attribute) throws(SyscallError) -> Void
    ) throws(ArchiveError) {
        for attribute in entry.attributes where !Whiteout.isReserved(attribute.name, options.whiteouts) {
            do throws(SyscallError) {
                try set(attribute)
            } catch {
                // A file system without attributes, or one that keeps this kind for files that are not links.
                guard error.errno == ENOTSUP || error.errno == EPERM else { throw .kernel(error) }
                report.droppedAttributes.insert(attribute.name)
            }
        }
    }

    // MARK: whiteouts

    private func hide(_ entry: ArchiveEntry, _ path: EntryPath, _ attributes: ExtractionOptions.OverlayAttributes)
        throws(ArchiveError)
    {
        if path.name == Whiteout.opaque {
            let directory = try parentDirectory(of: path, entry)
            return try makeOpaque([46], at: directory.raw, attributes, path)
        }
        if path.name.starts(with: Whiteout.metadata) { return }
        let hidden = Array(path.name.dropFirst(Whiteout.prefix.count))
        guard !hidden.isEmpty, hidden != [46], hidden != [46, 46] else {
            throw .hostile(entry: entry.name, reason: "hides nothing that can be")
        }
        let directory = try parentDirectory(of: path, entry)
        if let there = try? Names.status(hidden, at: directory.raw) {
            // What this layer itself has stays; a directory must not let what it hides shine through.
            if there.st_mode & S_IFMT == S_IFDIR { try makeOpaque(hidden, at: directory.raw, attributes, path) }
            return
        }
        try attempt(path) { () throws(SyscallError) in
            try Names.makeNode(hidden, at: directory.raw, mode: S_IFCHR)
        }
    }

    private func makeOpaque(
        _ name: [UInt8], at directory: Int32, _ attributes: ExtractionOptions.OverlayAttributes, _ path: EntryPath
    ) throws(ArchiveError) {
        try attempt(path) { () throws(SyscallError) in
            try Attributes.set(
                .init(name: Array("\(attributes.rawValue).overlay.opaque".utf8), value: [UInt8(ascii: "y")]),
                on: name, at: directory)
        }
    }

    private func isWhiteout(_ status: stat?) -> Bool {
        guard case .overlay = options.whiteouts, let status else { return false }
        return status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    // MARK: places

    /// Runs `create`; when something of the name is there, removes it if the entry may replace it, and tries again.
    private func replacing(
        _ entry: ArchiveEntry, _ path: EntryPath, at directory: Int32, _ create: () throws(SyscallError) -> Void
    ) throws(ArchiveError) {
        do throws(SyscallError) {
            return try create()
        } catch {
            guard error.errno == EEXIST else { throw .kernel(error) }
        }
        if options.keepsKinds {
            let isDirectory = try kernel { () throws(SyscallError) in
                try Names.status(path.name, at: directory).st_mode & S_IFMT == S_IFDIR
            }
            guard isDirectory == (entry.kind == .directory) else {
                throw .conflict(
                    entry: path.description,
                    reason: isDirectory
                        ? "cannot overwrite directory with non-directory"
                        : "cannot overwrite non-directory with directory")
            }
        }
        parent = nil
        try kernel { () throws(SyscallError) in
            try Tree.remove(path.name, at: directory)
            try create()
        }
    }

    /// The directory an entry belongs into, made when the archive did not describe it.
    private func parentDirectory(of path: EntryPath, _ entry: ArchiveEntry) throws(ArchiveError) -> DirectoryHandle {
        let wanted = path.parent
        if let parent, parent.path == wanted { return parent.handle }
        let handle: DirectoryHandle
        do throws(SyscallError) {
            handle = try tree.directory(wanted)
        } catch {
            guard error.errno == ENOENT || error.errno == ENOTDIR else { throw refused(error, path) }
            handle = try makeDirectories(to: wanted, entry)
        }
        parent = (wanted, handle)
        return handle
    }

    private func makeDirectories(to path: EntryPath, _ entry: ArchiveEntry) throws(ArchiveError) -> DirectoryHandle {
        var handle = tree.root
        for depth in 1...path.components.count {
            let step = EntryPath(components: Array(path.components[..<depth]))
            do throws(SyscallError) {
                handle = try tree.directory(step)
                continue
            } catch {
                guard error.errno == ENOENT || error.errno == ENOTDIR else { throw refused(error, step) }
            }
            let there = try? Names.status(step.name, at: handle.raw)
            if isWhiteout(there) {
                try kernel { () throws(SyscallError) in try Names.remove(step.name, at: handle.raw) }
            }
            do throws(SyscallError) {
                try Names.makeDirectory(step.name, at: handle.raw, mode: 0o755)
                try Names.changeMode(step.name, at: handle.raw, to: 0o755)
            } catch {
                throw .hostile(entry: entry.name, reason: "lies below \(step), which is not a directory")
            }
            if isWhiteout(there), case .overlay(let attributes) = options.whiteouts {
                try makeOpaque(step.name, at: handle.raw, attributes, step)
            }
            report.impliedDirectories.append(step)
            handle = try attempt(step) { () throws(SyscallError) in try tree.directory(step) }
        }
        return handle
    }

    private func attempt<Result>(_ path: EntryPath, _ body: () throws(SyscallError) -> Result) throws(ArchiveError)
        -> Result
    {
        do throws(SyscallError) {
            return try body()
        } catch {
            throw refused(error, path)
        }
    }

    /// Loops of links, and links that lead elsewhere, are the archive's doing.
    private func refused(_ error: SyscallError, _ path: EntryPath) -> ArchiveError {
        if error.errno == ELOOP || error.errno == EXDEV {
            return .hostile(entry: path.description, reason: "leads through links to nowhere")
        }
        return .kernel(SyscallError(error.call, errno: error.errno, subject: path.description))
    }
}
