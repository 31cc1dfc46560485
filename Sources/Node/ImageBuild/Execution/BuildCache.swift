internal import Archives
internal import ContentStore
internal import ImageSpec
internal import JSON
internal import LinuxKernel
internal import Snapshots

/// Which image came out of a step the last time; blocking.
///
/// A file for each step, named by all that the step depends on. The images themselves are the store's: when one is removed, its entry
/// means nothing and goes with the next ``prune(keeping:)``.
struct BuildCache: Sendable {
    let folder: String
    let store: ImageStore

    /// The image after the step `key`, if it and its layers are still there.
    func image(_ key: Digest) -> Image? {
        guard let bytes = try? WholeFile.read(path(key)),
            let id = try? Digest(parsing: String(decoding: bytes, as: UTF8.self)), let image = store.image(id),
            image.chain.allSatisfy(store.layers.contains)
        else { return nil }
        return image
    }

    func remember(_ key: Digest, _ image: Image) {
        // A hint that is not written costs one step of a later build.
        try? WholeFile.replace(path(key), with: Array(image.id.description.utf8))
    }

    private func path(_ key: Digest) -> String { "\(folder)/\(key.hex)" }

    /// Removes entries whose image is gone, or all; gives the keys removed and the images they led to.
    func prune(all: Bool) -> [(key: String, image: Digest?)] {
        var removed: [(key: String, image: Digest?)] = []
        for name in (try? Files.list(folder)) ?? [] {
            let bytes = (try? WholeFile.read("\(folder)/\(name)")) ?? []
            let id = try? Digest(parsing: String(decoding: bytes, as: UTF8.self))
            if all || id.flatMap({ store.image($0) }) == nil {
                try? Files.remove("\(folder)/\(name)")
                removed.append((name, id))
            }
        }
        return removed
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
