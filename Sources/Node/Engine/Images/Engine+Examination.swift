internal import ContentStore
internal import ImageSpec
internal import Snapshots

/// `POST /system/check`: what is wrong with the blobs of this machine.
package struct ExaminationReport: Codable, Equatable, Sendable {
    package struct Problem: Codable, Equatable, Sendable {
        package var blob: String
        /// `missing` or `corrupted`.
        package var kind: String
        /// Names of the images that need it, or their ids.
        package var images: [String]
        package var repositories: [String]
        package var removed: Bool
    }

    package var blobs: Int
    package var bytes: Int64
    package var problems: [Problem]
}

/// What the blobs on the disk take; an addition of ours to `GET /system/df`.
package struct BlobsReport: Codable, Equatable, Sendable {
    package var count: Int
    package var size: Int64
    package var active: Int
    package var reclaimable: Int64
}

extension Engine {
    /// Hashes every blob again; with `repair` removes those that are damaged.
    package func examine(repair: Bool) async throws(EngineError) -> ExaminationReport {
        let found: StoreExamination
        do throws(ImageError) { found = try await images.store.examine(repair: repair) } catch {
            throw EngineError(error)
        }
        let problems = found.problems.map { problem in
            ExaminationReport.Problem(
                blob: problem.blob.description, kind: problem.kind.rawValue,
                images: problem.images.map { id in
                    images.store.image(id).flatMap { ($0.tags + $0.digests).first?.familiar } ?? id.description
                }, repositories: problem.repositories, removed: problem.isRemoved)
        }
        return ExaminationReport(blobs: found.blobs, bytes: found.bytes, problems: problems)
    }

    func blobsReport() async throws(EngineError) -> BlobsReport {
        do throws(ImageError) {
            let usage = try await images.store.blobUsage()
            return BlobsReport(
                count: usage.count, size: usage.bytes, active: usage.heldCount,
                reclaimable: usage.bytes - usage.heldBytes)
        } catch {
            throw EngineError(error)
        }
    }
}
