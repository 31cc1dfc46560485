internal import ContentStore
package import ImageSpec
internal import Lanes
internal import LinuxKernel

/// What looking at every blob of a machine found.
package struct StoreExamination: Equatable, Sendable {
    /// A blob that is not as it should be, and who needs it.
    package struct Problem: Equatable, Sendable {
        package var blob: Digest
        package var kind: ImageProblem.Kind
        package var images: [Digest] = []
        package var repositories: [String] = []
        /// Its bytes were removed, so that the next pull or push brings it again.
        package var isRemoved = false
    }

    package var blobs = 0
    package var bytes: Int64 = 0
    package var problems: [Problem] = []
}

extension ImageStore {
    /// Hashes every blob again, those of repositories included, as long as that takes.
    ///
    /// With `repair`, bytes that are not their digest's are removed: whoever asks for the blob then fetches it again, instead of
    /// being given what is wrong.
    package func examine(repair: Bool) async throws(ImageError) -> StoreExamination {
        try await lanes.run { [self] () throws(ImageError) in
            var needed: [Digest: StoreExamination.Problem] = [:]
            for image in all {
                for blob in Set(image.blobs) {
                    needed[blob, default: .init(blob: blob, kind: .missing)].images.append(image.id)
                }
            }
            for (blob, names) in repositories.holders {
                needed[blob, default: .init(blob: blob, kind: .missing)].repositories = names.sorted()
            }
            var found = StoreExamination()
            let present = try keeping { () throws(ContentError) in Set(try content.digests()) }
            for blob in present.sorted() {
                // It may be collected meanwhile, which is no problem.
                guard let size = try? content.size(of: blob) else { continue }
                found.blobs += 1
                found.bytes += size
                guard try keeping({ () throws(ContentError) in try isCorrupted(blob) }) else { continue }
                var problem = needed[blob] ?? .init(blob: blob, kind: .corrupted)
                problem.kind = .corrupted
                if repair {
                    problem.isRemoved = try keeping { () throws(ContentError) in try content.discardCorrupted(blob) }
                }
                found.problems.append(problem)
            }
            for (blob, problem) in needed where !present.contains(blob) && !content.contains(blob) {
                found.problems.append(problem)
            }
            found.problems.sort { $0.blob < $1.blob }
            return found
        }
    }

    private func isCorrupted(_ blob: Digest) throws(ContentError) -> Bool {
        do throws(ContentError) {
            return try !content.verify(blob)
        } catch {
            switch error {
            case .notFound: return false
            case .kernel(let reason) where reason.errno == 5: return true
            default: throw error
            }
        }
    }
}
