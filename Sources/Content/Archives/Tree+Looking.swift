internal import CLinux
internal import Glibc
internal import LinuxKernel

extension Tree {
    /// What a path of a tree is.
    package enum Found: Equatable, Sendable {
        case file
        case directory
        case other
    }

    /// What `path` leads to, links followed inside the tree; nil when there is nothing.
    package func look(at path: EntryPath) throws(ArchiveError) -> Found? {
        do throws(SyscallError) {
            let place = try locate(path)
            switch try Names.status(of: place.raw).st_mode & S_IFMT {
            case S_IFREG: return .file
            case S_IFDIR: return .directory
            default: return .other
            }
        } catch {
            if [ENOENT, ENOTDIR, ELOOP].contains(error.errno) { return nil }
            throw .kernel(error)
        }
    }

    /// Where `path` really lies in the tree, every link followed.
    ///
    /// - Throws: `notFound`, also for a link that leads nowhere.
    package func resolved(_ path: EntryPath) throws(ArchiveError) -> EntryPath {
        do throws(SyscallError) {
            let place = try locate(path)
            let (full, top) = (try Names.path(of: place.raw), try Names.path(of: root.raw))
            guard full.starts(with: top) else { throw SyscallError("open", errno: EXDEV, subject: path.description) }
            return (try? EntryPath(full.dropFirst(top == [47] ? 0 : top.count))) ?? path
        } catch {
            if [ENOENT, ENOTDIR, ELOOP].contains(error.errno) { throw .notFound(path.description) }
            throw .kernel(error)
        }
    }

    /// The content of a file, links followed; nil when there is none or it is no plain file.
    ///
    /// - Throws: `tooLarge`.
    package func read(_ path: EntryPath, limit: Int = 16 << 20) throws(ArchiveError) -> [UInt8]? {
        guard try look(at: path) == .file else { return nil }
        return try open(path).readAll(limit: limit)
    }

    /// A plain file as a source, links followed.
    package func open(_ path: EntryPath) throws(ArchiveError) -> DescriptorSource {
        let clean = try resolved(path)
        return DescriptorSource(
            try kernel { () throws(SyscallError) in
                let parent = try directory(clean.parent)
                defer { withExtendedLifetime(parent) {} }
                return try Tree.openFile(clean.name, at: parent.raw)
            })
    }

    /// Makes the directory `path` with what is missing above it; gives what was made, the highest first.
    ///
    /// - Throws: `conflict` when something else is in the way.
    package func makeDirectories(
        _ path: EntryPath, mode: UInt32 = 0o755, owner: (user: UInt32, group: UInt32) = (0, 0)
    ) throws(ArchiveError) -> [EntryPath] {
        var made: [EntryPath] = []
        for depth in 0..<path.components.count {
            let step = EntryPath(components: Array(path.components[...depth]))
            switch try look(at: step) {
            case .directory: continue
            case .file, .other: throw .conflict(entry: "/\(step)", reason: "is not a directory")
            case nil: break
            }
            do throws(SyscallError) {
                let parent = try directory(step.parent)
                defer { withExtendedLifetime(parent) {} }
                try Names.makeDirectory(step.name, at: parent.raw, mode: 0o700)
                try Names.changeOwner(step.name, at: parent.raw, to: owner.user, owner.group)
                try Names.changeMode(step.name, at: parent.raw, to: mode)
            } catch {
                if error.errno == EEXIST { throw .conflict(entry: "/\(step)", reason: "is a link to nowhere") }
                throw .kernel(error)
            }
            made.append(step)
        }
        return made
    }

    /// Removes an empty file or directory; anything else, or nothing, is left as it is.
    package func removeIfEmpty(_ path: EntryPath) {
        guard !path.isRoot, let parent = try? directory(path.parent),
            let status = try? Names.status(path.name, at: parent.raw)
        else { return }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        defer { withExtendedLifetime(parent) {} }
        guard isDirectory || (status.st_mode & S_IFMT == S_IFREG && status.st_size == 0) else { return }
        try? Names.remove(path.name, at: parent.raw, isDirectory: isDirectory)
    }
}
