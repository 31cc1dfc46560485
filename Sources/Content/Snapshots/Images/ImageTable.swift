internal import Archives
internal import ImageSpec

/// The images in memory and the names that lead to them; pure.
struct ImageTable {
    private(set) var images: [Digest: Image] = [:]
    private var names: [ImageReference: Digest] = [:]

    subscript(id: Digest) -> Image? { images[id] }

    func id(of reference: ImageReference) -> Digest? { names[reference] }

    mutating func put(_ image: Image) {
        if let old = images[image.id] { forget(namesOf: old) }
        images[image.id] = image
        for name in image.tags + image.digests { names[name] = image.id }
    }

    @discardableResult
    mutating func remove(_ id: Digest) -> Image? {
        guard let image = images.removeValue(forKey: id) else { return nil }
        forget(namesOf: image)
        return image
    }

    private mutating func forget(namesOf image: Image) {
        for name in image.tags + image.digests where names[name] == image.id { names[name] = nil }
    }

    /// Images made from `id` by commit or build.
    func children(of id: Digest) -> [Image] { images.values.filter { $0.parent == id } }

    /// Finds what a person named: a reference, an id, or the start of one.
    ///
    /// - Throws: `notFound`, `ambiguous`.
    func find(_ name: String) throws(ImageError) -> Image {
        if let id = try? Digest(parsing: name), let image = images[id] { return image }
        if ImageReference.looksLikeID(name), let id = try? Digest(hex: name), let image = images[id] { return image }
        if let reference = try? ImageReference(parsing: name), let id = lookup(reference), let image = images[id] {
            return image
        }
        let prefix = name.hasPrefix("sha256:") ? String(name.dropFirst(7)) : name
        guard !prefix.isEmpty, prefix.utf8.allSatisfy(Self.isHexDigit) else { throw .notFound(name) }
        let matches = images.values.filter { $0.id.hex.hasPrefix(prefix) }
        guard matches.count < 2 else { throw .ambiguous(prefix) }
        guard let match = matches.first else { throw .notFound(name) }
        return match
    }

    /// The tag that `name` spells, if it is one that leads somewhere; nil when it names an id.
    func reference(_ name: String) -> ImageReference? {
        guard (try? Digest(parsing: name)) == nil, let reference = try? ImageReference(parsing: name),
            lookup(reference) != nil
        else { return nil }
        return names[reference] == nil ? withoutTag(reference) : reference
    }

    /// A reference with both a tag and a digest is looked up by its digest, as Docker does.
    private func lookup(_ reference: ImageReference) -> Digest? {
        names[reference] ?? names[withoutTag(reference)]
    }

    private func withoutTag(_ reference: ImageReference) -> ImageReference {
        guard let digest = reference.digest else { return reference }
        return reference.at(digest)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
