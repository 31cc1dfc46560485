internal import Archives
internal import ContentStore
internal import ImageSpec
internal import JSON

/// Reads an archive of images in one pass, whatever the order of its files.
///
/// Layers are unpacked while they are read, before it is known which image they belong to: a layer's files do not depend on
/// what lies below it. Nothing is visible until ``ImageArchive`` has put the parts together and every digest fits.
struct ImageArchiveReader {
    let unpacker: LayerUnpacker
    let lease: Lease
    /// The layer with this blob, if it is here already and need not be read again.
    let known: (Digest) -> Image.Layer?

    /// The largest file that is kept in memory, such as a config or a manifest.
    private static let largestText: Int64 = 16 << 20

    func read(_ source: any BlockSource) throws(ImageError) -> ImageArchive {
        var archive = ImageArchive()
        let reader = try translating { () throws(ArchiveError) in try TarReader(source) }
        while let entry = try translating({ () throws(ArchiveError) in try reader.nextEntry() }) {
            let path = try translating { () throws(ArchiveError) in try EntryPath(entry.path) }
            switch entry.kind {
            case .file: try read(entry, path, from: reader, into: &archive)
            case .symbolicLink(let target):
                // Docker's older archives name a repeated layer by a link to its first place.
                let below = target.first == UInt8(ascii: "/") ? [] : path.parent.bytes + [UInt8(ascii: "/")]
                archive.links[path.description] = (try? EntryPath(below + target))?.description
            case .hardLink(let target): archive.links[path.description] = (try? EntryPath(target))?.description
            default: continue
            }
        }
        try translating { () throws(ArchiveError) in try source.drain() }
        return archive
    }

    private func read(
        _ entry: ArchiveEntry, _ path: EntryPath, from reader: TarReader, into archive: inout ImageArchive
    )
        throws(ImageError)
    {
        let name = path.description
        if let digest = archive.blobDigest(of: path), let layer = known(digest) {
            archive.files[name] = .present(layer)
            return
        }
        let body = reader.body(of: entry)
        let (head, rest) = try translating { () throws(ArchiveError) in try Self.peek(body) }
        if Self.isArchive(head) || path.name == Array("layer.tar".utf8) {
            archive.files[name] = .layer(try unpacker.unpack(rest, lease: lease))
        } else if entry.size <= Self.largestText {
            archive.files[name] = .text(
                try translating { () throws(ArchiveError) in try rest.readAll(limit: Int(Self.largestText)) })
        }
    }

    /// The first bytes, and a source of all bytes.
    private static func peek(_ source: any BlockSource) throws(ArchiveError) -> ([UInt8], any BlockSource) {
        var head: [UInt8] = []
        while head.count < 512, let block = try source.nextBlock() { head += block }
        return (head, PrefixedSource(head, then: source))
    }

    /// Whether these are the first bytes of a tar or of something compressed.
    private static func isArchive(_ head: [UInt8]) -> Bool {
        let magics: [[UInt8]] = [
            [0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0xfd, 0x37, 0x7a, 0x58, 0x5a], [0x42, 0x5a, 0x68],
        ]
        if magics.contains(where: { head.starts(with: $0) }) { return true }
        guard head.count >= 512 else { return false }
        return head[257..<262].elementsEqual("ustar".utf8) || head[..<512].allSatisfy { $0 == 0 }
    }
}

/// The parts of an archive of images.
struct ImageArchive {
    enum File {
        case text([UInt8])
        case layer(UnpackedLayer)
        /// It was here before.
        case present(Image.Layer)
    }

    var files: [String: File] = [:]
    var links: [String: String] = [:]

    /// One image the archive names.
    struct Content {
        var config: [UInt8]
        var manifest: ContentDescriptor?
        var manifestBytes: [UInt8]?
        var layers: [File]
        var names: [ImageReference]
    }

    /// The digest a path of an OCI layout promises.
    func blobDigest(of path: EntryPath) -> Digest? {
        guard path.components.count == 3, path.components[0] == Array("blobs".utf8),
            let algorithm = Digest.Algorithm(rawValue: String(decoding: path.components[1], as: UTF8.self))
        else { return nil }
        return try? Digest(algorithm, hex: String(decoding: path.components[2], as: UTF8.self))
    }

    /// Follows links from `path` to a file.
    func file(_ path: String) -> File? {
        var path = (try? EntryPath(path.utf8))?.description ?? path
        for _ in 0..<16 {
            if let file = files[path] { return file }
            guard let next = links[path] else { return nil }
            path = next
        }
        return nil
    }

    func text(_ path: String) -> [UInt8]? {
        guard case .text(let bytes)? = file(path) else { return nil }
        return bytes
    }

    // MARK: what it holds

    /// The images, in the archive's order.
    ///
    /// - Throws: `malformed` when it is neither form, or a part is missing.
    func contents() throws(ImageError) -> [Content] {
        if let manifest = text("manifest.json") { return try dockerContents(manifest) }
        if let index = text("index.json") { return try layoutContents(index) }
        throw .malformed("the archive has neither manifest.json nor index.json")
    }

    private func dockerContents(_ bytes: [UInt8]) throws(ImageError) -> [Content] {
        var contents: [Content] = []
        do throws(JSONError) {
            for item in try JSONField(JSONValue(parsing: bytes)).elements() {
                let configPath = try item["Config"].string()
                guard let config = text(configPath) else {
                    throw item["Config"].invalid("the archive has no file \(configPath)")
                }
                var layers: [File] = []
                for path in try item["Layers"].stringsIfPresent() ?? [] {
                    guard let file = file(path) else {
                        throw item["Layers"].invalid("the archive has no file \(path)")
                    }
                    layers.append(file)
                }
                var names: [ImageReference] = []
                for name in try item["RepoTags"].stringsIfPresent() ?? [] {
                    guard let reference = try? ImageReference(parsing: name) else {
                        throw item["RepoTags"].invalid("invalid reference \(name)")
                    }
                    names.append(reference)
                }
                contents.append(Content(config: config, layers: layers, names: names))
            }
        } catch {
            throw .malformed("manifest.json: \(error)")
        }
        // The same archive may hold OCI manifests: an image keeps the one it came with.
        let manifests = (try? layoutContents(text("index.json") ?? [])) ?? []
        return contents.map { content in
            guard let twin = manifests.first(where: { $0.config == content.config }) else { return content }
            var content = content
            (content.manifest, content.manifestBytes) = (twin.manifest, twin.manifestBytes)
            return content
        }
    }

    private func layoutContents(_ bytes: [UInt8]) throws(ImageError) -> [Content] {
        do throws(JSONError) {
            return try contents(of: ImageIndex(parsing: bytes), names: [], depth: 0)
        } catch {
            throw .malformed("index.json: \(error)")
        }
    }

    private func contents(of index: ImageIndex, names: [ImageReference], depth: Int) throws(JSONError) -> [Content] {
        var found: [Content] = []
        for descriptor in index.manifests {
            let names = names + Self.names(in: descriptor.annotations ?? [:])
            // An archive of one platform may still have the index of all: what is not here is not asked for.
            guard let bytes = blob(descriptor.digest) else { continue }
            if descriptor.mediaType.isIndex, depth < 4 {
                found += try contents(of: ImageIndex(parsing: bytes), names: names, depth: depth + 1)
                continue
            }
            let manifest = try ImageManifest(parsing: bytes)
            guard manifest.config.mediaType.isConfig, let config = blob(manifest.config.digest) else { continue }
            let files = manifest.layers.compactMap { file("blobs/\($0.digest.algorithm.rawValue)/\($0.digest.hex)") }
            guard files.count == manifest.layers.count else { continue }
            var described = descriptor
            described.annotations = nil
            found.append(
                Content(config: config, manifest: described, manifestBytes: bytes, layers: files, names: names))
        }
        return depth == 0 ? found : Self.forThisMachine(found)
    }

    /// Of the platforms of one image the one that runs best here; all when none does.
    private static func forThisMachine(_ contents: [Content]) -> [Content] {
        let ranked = contents.compactMap { content -> (content: Content, rank: Int)? in
            guard let config = try? ImageConfig(parsing: content.config) else { return nil }
            let platform = Platform(os: config.os, architecture: config.architecture, variant: config.variant)
            return Platform.host.rank(of: platform).map { (content, $0) }
        }
        guard let best = ranked.min(by: { $0.rank < $1.rank }) else { return contents }
        return [best.content]
    }

    private func blob(_ digest: Digest) -> [UInt8]? {
        guard let bytes = text("blobs/\(digest.algorithm.rawValue)/\(digest.hex)"),
            BlobHasher.digest(of: bytes, digest.algorithm) == digest
        else { return nil }
        return bytes
    }

    private static func names(in annotations: [String: String]) -> [ImageReference] {
        let candidates = [
            annotations["io.containerd.image.name"],
            // By the specification this may be a bare tag, which names nothing by itself.
            annotations["org.opencontainers.image.ref.name"].flatMap {
                $0.contains(":") || $0.contains("/") ? $0 : nil
            },
        ]
        return candidates.compactMap { $0 }.prefix(1).compactMap { try? ImageReference(parsing: $0) }
    }
}
