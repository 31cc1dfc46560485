/// How much disk blobs take.
package struct BlobUsage: Equatable, Sendable {
    package var count = 0
    package var bytes: Int64 = 0
    /// Of these, what somebody holds.
    package var heldCount = 0
    package var heldBytes: Int64 = 0

    package init() {}
}
