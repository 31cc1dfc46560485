package import ContentStore
internal import ImageSpec
internal import JSON
internal import Logging

/// Indexes and manifests, through the tracker.
extension PoolNode {
    package func document(_ name: String, of repository: String, credentials: [UInt8]) async -> PoolDocument? {
        let claim = DocumentClaim(repository: repository, name: name, credentials: credentials)
        do throws(PoolError) {
            let bytes = try await tracker.post("/v1/documents", claim.encoded())
            guard let answer = try? DocumentAnswer(parsing: bytes) else {
                throw .malformed("tracker: no document")
            }
            return PoolDocument(mediaType: MediaType(rawValue: answer.mediaType), bytes: answer.bytes)
        } catch {
            logger.debug(
                "the tracker gives no manifest", metadata: ["name": "\(repository) \(name)", "error": "\(error)"])
            return nil
        }
    }
}
