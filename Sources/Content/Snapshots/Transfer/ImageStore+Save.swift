internal import Archives
internal import ContentStore
internal import ImageSpec
internal import JSON
package import Lanes

extension ImageStore {
    /// Writes images as one archive that streams out: an OCI layout with Docker's `manifest.json` beside, as Docker 25 does.
    ///
    /// Loading it gives the same image ids and manifest digests. Equal images give equal bytes. A name saves what it leads to
    /// under that name, an id under all names of the image. Whoever gives up reading closes the pipe.
    ///
    /// - Throws: `notFound` for the first name that leads nowhere; later failures come through the pipe.
    package func save(_ names: [String]) throws(ImageError) -> ChunkPipe {
        let lease = content.lease()
        var selection: [ImageSelection] = []
        for name in names {
            let image = try image(name)
            for blob in image.blobs { lease.pin(blob) }
            let tags = read { $0.reference(name) }.map { [$0] } ?? []
            if let place = selection.firstIndex(where: { $0.image.id == image.id }) {
                for tag in tags where !selection[place].tags.contains(tag) { selection[place].tags.append(tag) }
            } else {
                selection.append(ImageSelection(image: image, tags: tags))
            }
        }
        let pipe = ChunkPipe()
        let chosen = selection
        lanes.start { [content] in
            do {
                let sink = PipeSink(pipe)
                try ImageArchiveWriter(content: content, sink: sink).write(chosen)
                try sink.flush()
                pipe.finish()
            } catch {
                pipe.fail(error)
            }
            withExtendedLifetime(lease) {}
        }
        return pipe
    }
}

/// An image to be saved, and the names it is to have in the archive.
struct ImageSelection: Sendable {
    var image: Image
    var tags: [ImageReference]
}

/// Writes archives of images: first what describes them, then their blobs, each once.
struct ImageArchiveWriter {
    let content: ContentStore
    let sink: any BlockSink

    func write(_ selection: [ImageSelection]) throws(ImageError) {
        let archiver = TreeArchiver(to: sink)
        try add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: archiver)
        try add("index.json", index(of: selection), to: archiver)
        try add("manifest.json", dockerManifest(of: selection), to: archiver)
        try addDirectory("blobs", to: archiver)
        for algorithm in Digest.Algorithm.allCases {
            let blobs = Set(selection.flatMap(\.image.blobs)).filter { $0.algorithm == algorithm }
            if !blobs.isEmpty { try addDirectory("blobs/\(algorithm.rawValue)", to: archiver) }
            // Texts first: whoever reads them knows the layers before they come.
            let texts = Set(selection.flatMap { [$0.image.id, $0.image.manifest.digest] })
            for blob in blobs.sorted(by: { (texts.contains($0) ? 0 : 1, $0) < (texts.contains($1) ? 0 : 1, $1) }) {
                try add(blob, to: archiver)
            }
        }
        try translating { () throws(ArchiveError) in try archiver.finish() }
    }

    private func add(_ path: String, _ bytes: [UInt8], to archiver: TreeArchiver) throws(ImageError) {
        try translating { () throws(ArchiveError) in
            try archiver.add(ArchiveEntry(path: Array(path.utf8), kind: .file), content: bytes)
        }
    }

    private func addDirectory(_ path: String, to archiver: TreeArchiver) throws(ImageError) {
        try translating { () throws(ArchiveError) in
            try archiver.add(ArchiveEntry(path: Array(path.utf8), kind: .directory, mode: 0o755))
        }
    }

    private func add(_ blob: Digest, to archiver: TreeArchiver) throws(ImageError) {
        let size = try keeping { () throws(ContentError) in try content.size(of: blob) }
        let file = try keeping { () throws(ContentError) in BlobFile(try content.open(blob)) }
        try translating { () throws(ArchiveError) in
            try archiver.add(
                ArchiveEntry(path: Array(Self.path(of: blob).utf8), kind: .file, size: size), from: file.source)
        }
    }

    private static func path(of blob: Digest) -> String { "blobs/\(blob.algorithm.rawValue)/\(blob.hex)" }

    /// One descriptor for each name, as the specification wants it; an image without one has one descriptor.
    private func index(of selection: [ImageSelection]) -> [UInt8] {
        let manifests = selection.flatMap { item -> [ContentDescriptor] in
            var plain = item.image.manifest
            plain.platform = item.image.platform
            return item.tags.isEmpty
                ? [plain]
                : item.tags.map { tag in
                    var named = plain
                    named.annotations = [
                        "io.containerd.image.name": tag.canonical,
                        "org.opencontainers.image.ref.name": tag.tag ?? tag.canonical,
                    ]
                    return named
                }
        }
        return ImageIndex(mediaType: .ociIndex, manifests: manifests).encoded()
    }

    private func dockerManifest(of selection: [ImageSelection]) -> [UInt8] {
        let items = selection.map { item -> JSONValue in
            [
                "Config": .string(Self.path(of: item.image.id)),
                "RepoTags": item.tags.isEmpty ? .null : item.tags.map(\.familiar).json,
                "Layers": item.image.layers.map { Self.path(of: $0.blob.digest) }.json,
            ]
        }
        return JSONValue.array(items).encoded()
    }
}
