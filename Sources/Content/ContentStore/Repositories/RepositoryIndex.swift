internal import ImageSpec

/// Which repository has which blobs, manifests and tags; in memory, pure.
struct RepositoryIndex {
    /// One repository.
    struct Repository: Equatable {
        var blobs: Set<Digest> = []
        var manifests: [Digest: ManifestRecord] = [:]
        var tags: [String: Digest] = [:]
        /// The tags in the order of their bytes.
        var sortedTags: [String] = []
        /// By subject; what points at a manifest that is not there counts too.
        var referrers: [Digest: Set<Digest>] = [:]
    }

    private(set) var repositories: [String: Repository] = [:]

    subscript(name: String) -> Repository? { repositories[name] }

    var names: [String] { repositories.keys.sorted() }

    /// Every blob that some repository has, manifests included.
    var held: Set<Digest> {
        var held: Set<Digest> = []
        for repository in repositories.values {
            held.formUnion(repository.blobs)
            held.formUnion(repository.manifests.keys)
        }
        return held
    }

    func manifest(_ name: String, _ reference: ManifestReference) -> ManifestRecord? {
        guard let repository = repositories[name] else { return nil }
        return switch reference {
        case .digest(let digest): repository.manifests[digest]
        case .tag(let tag): repository.tags[tag].flatMap { repository.manifests[$0] }
        }
    }

    /// Every blob that some repository has, and in which.
    var holders: [Digest: [String]] {
        var holders: [Digest: [String]] = [:]
        for (name, repository) in repositories {
            for digest in repository.blobs.union(repository.manifests.keys) {
                holders[digest, default: []].append(name)
            }
        }
        return holders
    }

    /// A repository that has the blob, the first by name.
    func holder(of blob: Digest) -> String? {
        repositories.filter { $0.value.blobs.contains(blob) }.keys.min()
    }

    mutating func make(_ name: String) {
        if repositories[name] == nil { repositories[name] = Repository() }
    }

    mutating func add(blob: Digest, to name: String) {
        repositories[name, default: Repository()].blobs.insert(blob)
    }

    mutating func remove(blob: Digest, from name: String) {
        repositories[name]?.blobs.remove(blob)
    }

    mutating func add(_ record: ManifestRecord, to name: String) {
        let digest = record.descriptor.digest
        repositories[name, default: Repository()].manifests[digest] = record
        if let subject = record.subject { repositories[name]?.referrers[subject, default: []].insert(digest) }
    }

    mutating func set(tag: String, to digest: Digest, in name: String) {
        repositories[name, default: Repository()].set(tag: tag, to: digest)
    }

    mutating func remove(tag: String, from name: String) {
        repositories[name]?.remove(tag: tag)
    }

    /// Takes a manifest away with every tag that leads to it.
    mutating func remove(manifest digest: Digest, from name: String) {
        guard let record = repositories[name]?.manifests.removeValue(forKey: digest) else { return }
        for tag in tags(leadingTo: digest, in: name) { repositories[name]?.remove(tag: tag) }
        guard let subject = record.subject else { return }
        repositories[name]?.referrers[subject]?.remove(digest)
        if repositories[name]?.referrers[subject]?.isEmpty == true { repositories[name]?.referrers[subject] = nil }
    }

    func tags(leadingTo digest: Digest, in name: String) -> [String] {
        repositories[name]?.tags.filter { $0.value == digest }.keys.sorted() ?? []
    }

    func referrers(of subject: Digest, in name: String) -> [ManifestRecord] {
        guard let repository = repositories[name], let found = repository.referrers[subject] else { return [] }
        return found.sorted().compactMap { repository.manifests[$0] }
    }

    /// The blobs of a repository that none of its manifests needs.
    func loose(in name: String) -> Set<Digest> {
        guard let repository = repositories[name] else { return [] }
        return repository.blobs.subtracting(repository.manifests.values.flatMap(\.needs))
    }
}

extension RepositoryIndex.Repository {
    fileprivate mutating func set(tag: String, to digest: Digest) {
        if tags.updateValue(digest, forKey: tag) == nil { sortedTags.insert(tag, at: place(of: tag)) }
    }

    fileprivate mutating func remove(tag: String) {
        if tags.removeValue(forKey: tag) != nil { sortedTags.remove(at: place(of: tag)) }
    }

    /// Where `tag` stands, or would stand, in the order.
    private func place(of tag: String) -> Int {
        var low = 0
        var high = sortedTags.count
        while low < high {
            let middle = (low + high) / 2
            if sortedTags[middle] < tag { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// At most `limit` tags behind `last`; also says whether more follow.
    func tags(after last: String?, limit: Int?) -> (tags: [String], more: Bool) {
        var rest = sortedTags[...]
        if let last {
            let start = place(of: last)
            rest = sortedTags[start...]
            if rest.first == last { rest = rest.dropFirst() }
        }
        guard let limit else { return (Array(rest), false) }
        return (Array(rest.prefix(limit)), limit > 0 && rest.count > limit)
    }
}
