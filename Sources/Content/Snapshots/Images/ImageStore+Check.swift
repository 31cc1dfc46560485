internal import ContentStore
package import ImageSpec
internal import Lanes

/// Something an image cannot do without that is not as it should be.
package struct ImageProblem: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case missing
        /// The bytes on the disk are no longer its own.
        case corrupted
    }

    package var image: Digest
    package var blob: Digest
    package var kind: Kind

    package init(image: Digest, blob: Digest, kind: Kind) {
        self.image = image
        self.blob = blob
        self.kind = kind
    }
}

extension ImageStore {
    /// Hashes every blob of every image again, as long as that takes; gives what is wrong.
    package func check() async throws(ImageError) -> [ImageProblem] {
        try await lanes.run { [self] () throws(ImageError) in
            var verdicts: [Digest: ImageProblem.Kind?] = [:]
            var problems: [ImageProblem] = []
            for image in all {
                for blob in image.blobs {
                    let verdict: ImageProblem.Kind?
                    if let known = verdicts[blob] { verdict = known } else { verdict = try look(at: blob) }
                    verdicts[blob] = .some(verdict)
                    if let verdict { problems.append(ImageProblem(image: image.id, blob: blob, kind: verdict)) }
                }
            }
            return problems
        }
    }

    private func look(at blob: Digest) throws(ImageError) -> ImageProblem.Kind? {
        do throws(ContentError) {
            return try content.verify(blob) ? nil : .corrupted
        } catch {
            if case .notFound = error { return .missing }
            throw .content(error)
        }
    }
}
