internal import Glibc
package import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Synchronization

/// The repositories that a registry serves, over the blobs of a ``ContentStore`` that it keeps from being collected.
///
/// Reading reads memory. What changes something blocks on the disk, one change at a time: call it from lanes; it survives
/// power loss when it returns. A file per fact, so that every step is one rename or one removal:
/// ```
/// <name>/_blobs/<algorithm>-<hex>        the repository has this blob
/// <name>/_manifests/<algorithm>-<hex>    and this manifest; says what it is
/// <name>/_tags/<tag>=                    and this tag; says which manifest (a tag has no equals sign: temporary names differ)
/// <name>/_uploads/<id>                   and this upload under way
/// ```
/// No part of a repository's name starts with an underscore.
package final class RepositoryStore: Sendable {
    package let root: String
    package let content: ContentStore
    private let index = Mutex(RepositoryIndex())
    private let changing = Mutex(())

    /// Opens or makes the store below `root`, and holds what it finds there.
    package init(root: String, content: ContentStore) throws(ContentError) {
        self.root = root
        self.content = content
        try Self.ensure(root)
        let found = try RepositoryFiles.read(root)
        index.withLock { $0 = found }
        content.retain { [weak self] in self?.index.withLock(\.held) ?? [] }
    }

    // MARK: reading

    package var names: [String] { index.withLock(\.names) }

    package func exists(_ name: String) -> Bool { index.withLock { $0[name] != nil } }

    package func manifest(_ name: String, _ reference: ManifestReference) -> ManifestRecord? {
        index.withLock { $0.manifest(name, reference) }
    }

    package func has(blob: Digest, in name: String) -> Bool {
        index.withLock { $0[name]?.blobs.contains(blob) ?? false }
    }

    /// A repository that has the blob.
    package func holder(of blob: Digest) -> String? { index.withLock { $0.holder(of: blob) } }

    /// Every blob that some repository has, and in which.
    package var holders: [Digest: [String]] { index.withLock(\.holders) }

    /// At most `limit` tags behind `last`, and whether more follow; nil when there is no such repository.
    package func tags(of name: String, after last: String?, limit: Int?) -> (tags: [String], more: Bool)? {
        index.withLock { $0[name]?.tags(after: last, limit: limit) }
    }

    package func referrers(of subject: Digest, in name: String) -> [ManifestRecord] {
        index.withLock { $0.referrers(of: subject, in: name) }
    }

    // MARK: changing

    /// Makes sure that there is a repository of that name.
    package func make(_ name: String) throws(ContentError) {
        if exists(name) { return }
        try change { () throws(ContentError) in
            try Self.ensure(folder(name, "_blobs"))
            index.withLock { $0.make(name) }
        }
    }

    /// Lets a repository have a blob that the caller holds by a lease.
    package func add(blob: Digest, to name: String) throws(ContentError) {
        if has(blob: blob, in: name) { return }
        try change { () throws(ContentError) in
            let folder = folder(name, "_blobs")
            try Self.ensure(folder)
            try write([], to: "\(folder)/\(Self.file(of: blob))")
            index.withLock { $0.add(blob: blob, to: name) }
        }
    }

    /// - Throws: ``ContentError/notFound(_:)``.
    package func remove(blob: Digest, from name: String) throws(ContentError) {
        try change { () throws(ContentError) in
            guard has(blob: blob, in: name) else { throw .notFound(blob) }
            try remove(Self.file(of: blob), from: folder(name, "_blobs"))
            index.withLock { $0.remove(blob: blob, from: name) }
        }
    }

    /// Adds a manifest whose bytes the caller holds by a lease, and lets `tags` lead to it.
    package func add(_ record: ManifestRecord, tags: [String], to name: String) throws(ContentError) {
        try change { () throws(ContentError) in
            let digest = record.descriptor.digest
            if manifest(name, .digest(digest)) != record {
                let folder = folder(name, "_manifests")
                try Self.ensure(folder)
                try write(record.encoded(), to: "\(folder)/\(Self.file(of: digest))")
                index.withLock { $0.add(record, to: name) }
            }
            for tag in tags {
                let folder = folder(name, "_tags")
                try Self.ensure(folder)
                try write(Array(digest.description.utf8), to: "\(folder)/\(tag)=")
                index.withLock { $0.set(tag: tag, to: digest, in: name) }
            }
        }
    }

    /// Takes a tag away; says whether it was there.
    package func remove(tag: String, from name: String) throws(ContentError) -> Bool {
        try change { () throws(ContentError) in
            guard manifest(name, .tag(tag)) != nil else { return false }
            try remove("\(tag)=", from: folder(name, "_tags"))
            index.withLock { $0.remove(tag: tag, from: name) }
            return true
        }
    }

    /// Takes a manifest away with the tags that lead to it; its blobs stay.
    ///
    /// - Throws: ``ContentError/notFound(_:)``.
    package func remove(manifest digest: Digest, from name: String) throws(ContentError) {
        try change { () throws(ContentError) in
            guard manifest(name, .digest(digest)) != nil else { throw .notFound(digest) }
            // Tags first: one that led nowhere would be left by a crash in between.
            for tag in index.withLock({ $0.tags(leadingTo: digest, in: name) }) {
                try remove("\(tag)=", from: folder(name, "_tags"))
                index.withLock { $0.remove(tag: tag, from: name) }
            }
            try remove(Self.file(of: digest), from: folder(name, "_manifests"))
            index.withLock { $0.remove(manifest: digest, from: name) }
        }
    }

    /// Takes away blobs that no manifest of their repository needs and that came before `seconds` ago; gives how many.
    ///
    /// The bytes go with the next collection.
    package func removeLooseBlobs(olderThan seconds: Int) throws(ContentError) -> Int {
        var removed = 0
        for name in names {
            try change { () throws(ContentError) in
                for blob in index.withLock({ $0.loose(in: name) }).sorted() {
                    let path = "\(folder(name, "_blobs"))/\(Self.file(of: blob))"
                    guard Self.age(of: path) ?? 0 >= seconds else { continue }
                    try remove(Self.file(of: blob), from: folder(name, "_blobs"))
                    index.withLock { $0.remove(blob: blob, from: name) }
                    removed += 1
                }
            }
        }
        return removed
    }

    // MARK: uploads

    /// Notes that an upload into `name` is under way, so that it can go on after a restart.
    package func note(upload id: String, in name: String) throws(ContentError) {
        try change { () throws(ContentError) in
            let folder = folder(name, "_uploads")
            try Self.ensure(folder)
            try kernel { () throws(SyscallError) in try WholeFile.replace("\(folder)/\(id)", with: []) }
            index.withLock { $0.make(name) }
        }
    }

    package func hasUpload(_ id: String, in name: String) -> Bool {
        Files.exists("\(folder(name, "_uploads"))/\(id)")
    }

    package func forget(upload id: String, in name: String) {
        try? Files.remove("\(folder(name, "_uploads"))/\(id)")
    }

    // MARK: files

    private func change<Result>(_ body: () throws(ContentError) -> Result) throws(ContentError) -> Result {
        try changing.withLock { (_) throws(ContentError) in try body() }
    }

    private func folder(_ name: String, _ kind: String) -> String { "\(root)/\(name)/\(kind)" }

    static func file(of digest: Digest) -> String { "\(digest.algorithm.rawValue)-\(digest.hex)" }

    private func write(_ bytes: [UInt8], to path: String) throws(ContentError) {
        try kernel { () throws(SyscallError) in try WholeFile.replace(path, with: bytes, durable: true) }
    }

    private func remove(_ name: String, from folder: String) throws(ContentError) {
        try kernel { () throws(SyscallError) in
            do throws(SyscallError) {
                try Files.remove("\(folder)/\(name)")
            } catch {
                guard error.errno == ENOENT else { throw error }
            }
            let directory = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
            let number = directory.raw
            try check("fsync", folder) { fsync(number) }
        }
    }

    /// Makes a folder and those that lead to it, each known to its parent for good.
    private static func ensure(_ path: String) throws(ContentError) {
        if Files.exists(path) { return }
        guard let slash = path.lastIndex(of: "/") else { return }
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        try ensure(parent)
        try kernel { () throws(SyscallError) in
            do throws(SyscallError) {
                try Files.makeDirectory(path, mode: 0o700)
            } catch {
                guard error.errno == EEXIST else { throw error }
            }
            let directory = try Descriptor.open(parent, O_RDONLY | O_DIRECTORY)
            let number = directory.raw
            try check("fsync", parent) { fsync(number) }
        }
    }

    /// Seconds since a file was written.
    static func age(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return max(0, time(nil) - status.st_mtim.tv_sec)
    }
}
