internal import ContentStore
internal import ImageSpec
internal import JSON

/// What the bytes of a pushed manifest say about it; pure.
enum ManifestDocument {
    /// In bytes; the specification asks for 4 MiB at least.
    static let longest = 8 << 20

    /// Reads a manifest that came as `type`, which may be one that nobody here knows: that is kept as it is.
    ///
    /// - Throws: `manifestInvalid`.
    static func record(
        _ bytes: [UInt8], type: String?, digest: Digest
    ) throws(RegistryError) -> ManifestRecord {
        let json = try? JSONValue(parsing: bytes)
        let written = json?["mediaType"]?.stringValue
        let type = MediaType(rawValue: type ?? written ?? guess(json))
        var record = ManifestRecord(
            descriptor: ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count)))
        guard type.isManifest || type.isIndex else { return record }
        if let written, written != type.rawValue {
            throw .manifestInvalid("manifest: came as \(type) and says that it is \(written)")
        }
        do throws(JSONError) {
            if type.isManifest { try read(ImageManifest(parsing: bytes), into: &record) }
            if type.isIndex { try read(ImageIndex(parsing: bytes), into: &record) }
        } catch {
            throw .manifestInvalid("manifest: \(error)")
        }
        return record
    }

    private static func read(_ manifest: ImageManifest, into record: inout ManifestRecord) {
        record.subject = manifest.subject?.digest
        let type = manifest.artifactType.flatMap { $0.isEmpty ? nil : $0 } ?? manifest.config.mediaType.rawValue
        record.descriptor.artifactType = type
        record.descriptor.annotations = manifest.annotations
        record.needs = manifest.blobs.filter(isDistributed).map(\.digest)
    }

    private static func read(_ index: ImageIndex, into record: inout ManifestRecord) {
        record.subject = index.subject?.digest
        record.descriptor.artifactType = index.artifactType
        record.descriptor.annotations = index.annotations
        record.needs = index.manifests.map(\.digest)
    }

    /// Whether a registry is expected to have a layer: some may only be had where their makers offer them.
    private static func isDistributed(_ blob: ContentDescriptor) -> Bool {
        !(blob.mediaType == .dockerForeignLayer || blob.mediaType.rawValue.contains(".nondistributable."))
    }

    private static func guess(_ json: JSONValue?) -> String {
        if json?["manifests"] != nil { return MediaType.ociIndex.rawValue }
        return json?["config"] != nil ? MediaType.ociManifest.rawValue : "application/octet-stream"
    }
}
