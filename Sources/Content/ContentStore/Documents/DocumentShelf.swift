internal import Glibc
package import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Synchronization

/// What registries said that names lead to, kept for the days on which they do not answer.
///
/// The indexes and manifests themselves are blobs of the content store, held by this; a file below its folder for each name.
/// Only so many names are kept: those said longest ago go. Any thread may ask; ``keep(_:)`` blocks on the disk.
package final class DocumentShelf: Sendable {
    private let root: String
    private let limit: Int
    private let names: Mutex<[String: KnownName]>
    private let changing = Mutex(())

    /// Opens or makes the shelf below `root`; a file that cannot be read, or whose documents are gone, goes.
    package init(root: String, content: ContentStore, limit: Int = 4096) throws(ContentError) {
        self.root = root
        self.limit = limit
        try kernel { () throws(SyscallError) in
            do throws(SyscallError) { try Files.makeDirectory(root, mode: 0o700) } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
        var found: [String: KnownName] = [:]
        for file in try kernel({ () throws(SyscallError) in try Files.list(root) }) {
            let path = "\(root)/\(file)"
            guard file.hasSuffix(".json"), let bytes = try? WholeFile.read(path),
                let name = try? KnownName(parsing: bytes),
                name.documents.allSatisfy({ content.contains($0.digest) })
            else {
                unlink(path)
                continue
            }
            found[name.key] = name
        }
        names = Mutex(found)
        content.retain { [weak self] in
            self?.names.withLock { Set($0.values.flatMap { $0.documents.map(\.digest) }) } ?? []
        }
    }

    // MARK: asking

    /// What a tag led to when it was last asked for.
    package func top(of tag: String, in repository: String) -> ContentDescriptor? {
        names.withLock { $0["\(repository):\(tag)"]?.top }
    }

    /// An index or a manifest that the repository gave.
    package func document(_ digest: Digest, in repository: String) -> ContentDescriptor? {
        first(in: repository) { $0.documents.contains { $0.digest == digest } }?
            .documents.first { $0.digest == digest }
    }

    /// Whether the repository is known to have given this to somebody who had no credentials.
    package func isPublic(_ digest: Digest, in repository: String) -> Bool {
        first(in: repository) { $0.isPublic && $0.names(digest) } != nil
    }

    private func first(in repository: String, where test: (KnownName) -> Bool) -> KnownName? {
        names.withLock { $0.values.first { $0.repository == repository && test($0) } }
    }

    // MARK: keeping

    /// Writes down what a registry said; the caller holds the documents by a lease.
    package func keep(_ name: KnownName) throws(ContentError) {
        try changing.withLock { (_) throws(ContentError) in
            var name = name
            if let older = names.withLock({ $0[name.key] }) { name.join(older) }
            let path = file(of: name)
            try kernel { [name] () throws(SyscallError) in try WholeFile.replace(path, with: name.encoded()) }
            let gone = names.withLock { names in
                names[name.key] = name
                let extra = names.values.sorted { ($0.time, $0.key) < ($1.time, $1.key) }
                    .prefix(max(0, names.count - limit))
                for old in extra { names[old.key] = nil }
                return Array(extra)
            }
            for old in gone { unlink(file(of: old)) }
        }
    }

    private func file(of name: KnownName) -> String {
        "\(root)/\(BlobHasher.digest(of: Array(name.key.utf8)).hex).json"
    }
}
