internal import ImageSpec
internal import Snapshots

/// What an earlier build made by a step.
struct CachedStep {
    /// Whose layers these are.
    let image: Image
    /// The lowest first, the step's own last.
    let layers: [Image.Layer]
    let created: String?
    /// The step was the last one of the image.
    let isWhole: Bool

    /// A step that `image` was made for.
    init(_ image: Image) {
        self.image = image
        layers = image.layers
        created = image.config.history?.last?.created
        isWhole = true
    }

    /// The step `key` of `image`, wherever that was built: its history tells; nil when it has no such step on top of `below`.
    init?(_ key: Digest, of image: Image, on below: [Image.Layer]) {
        let history = image.config.history ?? []
        guard let place = history.firstIndex(where: { $0.comment == Self.mark(key) }) else { return nil }
        let count = history[...place].count { $0.emptyLayer != true }
        guard count >= below.count, count <= image.layers.count,
            zip(image.layers, below).allSatisfy({ $0.diffID == $1.diffID })
        else { return nil }
        self.image = image
        layers = Array(image.layers[..<count])
        created = history[place].created
        isWhole = false
    }

    /// Whether `source` has these layers at its bottom.
    func isPart(of source: Image) -> Bool {
        layers.count <= source.layers.count && zip(layers, source.layers).allSatisfy { $0.diffID == $1.diffID }
    }

    /// What an image's history says of a step, so that its layers can be found by those who got the image.
    static func mark(_ key: Digest) -> String { "pouch.step \(key)" }
}
