internal import Archives
internal import ContentStore
internal import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Snapshots

/// Which image came out of a step the last time; blocking.
///
/// A file for each step, named by all that the step depends on. The images themselves are the store's: when one is removed, its entry
/// means nothing and goes with the next ``prune(all:)``.
struct BuildCache: Sendable {
    let folder: String
    let store: ImageStore

    /// The image after the step `key`, if it and its layers are still there.
    func image(_ key: Digest) -> Image? {
        guard let id = entry(key.hex), let image = store.image(id), image.chain.allSatisfy(store.layers.contains)
        else { return nil }
        return image
    }

    func remember(_ key: Digest, _ image: Image) {
        // A hint that is not written costs one step of a later build.
        try? WholeFile.replace(path(key), with: Array(image.id.description.utf8))
    }

    private func path(_ key: Digest) -> String { "\(folder)/\(key.hex)" }

    /// The images that entries lead to.
    func images() -> [Digest] {
        var found: Set<Digest> = []
        for name in (try? Files.list(folder)) ?? [] {
            if let id = entry(name) { found.insert(id) }
        }
        return Array(found)
    }

    /// Removes entries whose image is gone, or all; gives the keys of those removed.
    @discardableResult
    func prune(all: Bool) -> [String] {
        ((try? Files.list(folder)) ?? []).filter { name in
            guard all || entry(name).flatMap({ store.image($0) }) == nil else { return false }
            return (try? Files.remove("\(folder)/\(name)")) != nil
        }
    }

    private func entry(_ name: String) -> Digest? {
        guard let bytes = try? WholeFile.read("\(folder)/\(name)") else { return nil }
        return try? Digest(parsing: String(decoding: bytes, as: UTF8.self))
    }
}

/// All that a step's outcome depends on.
struct CacheKey {
    private var parts: [JSONValue]

    /// `top` is the chain ID below the step.
    init(_ kind: String, on top: Digest?, epoch: Int64?) {
        parts = [.string(kind), .string(top?.description ?? "scratch"), epoch.map { .integer($0) } ?? .null]
    }

    mutating func add(_ name: String, _ value: String) { parts.append([.string(name), .string(value)]) }

    mutating func add(_ name: String, _ values: [String]) {
        parts.append([.string(name), .array(values.map { .string($0) })])
    }

    var digest: Digest { BlobHasher.digest(of: JSONValue.array(parts).encoded()) }
}

/// Hashes what would be copied.
final class HashSink: BlockSink {
    private var hasher = BlobHasher()

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) { hasher.update(bytes) }

    var digest: Digest { hasher.digest }
}
