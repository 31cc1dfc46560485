internal import Identity
internal import ImageSpec
internal import Peer
internal import Pieces
internal import Synchronization
internal import Transfer

/// What prewarms may use, and what they leave.
extension PoolNode {
    /// From now on pieces that nobody waits for come at most that fast, in bytes a second, from nodes and registries together.
    func limitPrewarms(_ rate: Int64?) {
        guard prewarms.withLock({ $0.rate }) != rate else { return }
        guard let rate else {
            let old = prewarms.withLock { state in
                defer { state = PrewarmLimits() }
                return state.client
            }
            old?.close()
            return
        }
        let limit = RateLimit(rate: rate, loop: loop)
        let tls = settings.isPlain ? nil : try? settings.credentials.clientContext()
        guard settings.isPlain || tls != nil else { return }
        let made = PrewarmLimits(
            rate: rate,
            client: TransferClient(
                tls: tls, group: group, download: RateLimit(all: [limit, download], loop: loop), plainNumber: me.raw),
            origin: RateLimit(all: [limit, origin], loop: loop))
        let old = prewarms.withLock { state in
            defer { state = made }
            return state.client
        }
        old?.close()
    }

    /// Who fetches a blob's pieces from nodes.
    func client(for urgency: Pacer.Urgency) -> TransferClient {
        urgency == .background ? prewarms.withLock { $0.client } ?? client : client
    }

    /// What limits pieces from registries.
    func originLimit(for urgency: Pacer.Urgency) -> RateLimit {
        urgency == .background ? prewarms.withLock { $0.origin } ?? origin : origin
    }

    /// Stops what only prewarms wanted and is not whole, as soon as nobody reads it; its pieces stay for another try.
    func leavePrewarms() {
        for blob in allBlobs where mayLeave(blob) && wishes.abandon(blob.digest) { leave(blob) }
    }

    /// Somebody who read the blob does not any more.
    func wishEnded(_ digest: Digest) {
        guard wishes.end(digest), let blob = blob(digest), mayLeave(blob) else { return }
        leave(blob)
    }

    private func mayLeave(_ blob: PoolBlob) -> Bool {
        !blob.progress.isConfirmed && urgency(of: blob.digest) == .background
    }
}

/// The means of pieces that nobody waits for, while a prewarm has a rate of its own.
struct PrewarmLimits: Sendable {
    var rate: Int64?
    var client: TransferClient?
    var origin: RateLimit?
}
