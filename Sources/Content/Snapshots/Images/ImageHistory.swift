package import ImageSpec

/// One step of how an image was made.
package struct ImageStep: Equatable, Sendable {
    /// The image that stood here, where it is known: only the newest step's.
    package var id: String?
    /// RFC 3339.
    package var created: String?
    package var command: String
    package var comment: String
    /// Bytes of file content that the step added.
    package var size: Int64
    package var tags: [ImageReference]
}

extension Image {
    /// How it was made, the newest step first.
    package var steps: [ImageStep] {
        var sizes = layers.map(\.size)[...]
        var steps: [ImageStep] = []
        for entry in config.history ?? [] {
            let size = entry.emptyLayer == true ? 0 : sizes.popFirst() ?? 0
            steps.append(
                ImageStep(
                    created: entry.created, command: entry.createdBy ?? "", comment: entry.comment ?? "", size: size,
                    tags: []))
        }
        // Layers that no history tells of.
        steps += sizes.map { ImageStep(created: config.created, command: "", comment: "", size: $0, tags: []) }
        if steps.isEmpty {
            steps = [ImageStep(created: config.created, command: "", comment: "", size: 0, tags: [])]
        }
        steps[steps.count - 1].id = id.description
        steps[steps.count - 1].tags = tags
        return steps.reversed()
    }
}
