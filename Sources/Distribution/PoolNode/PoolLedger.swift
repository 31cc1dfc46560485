internal import Glibc
internal import ImageSpec
internal import JSON
internal import Peer
internal import Pieces
internal import Synchronization
internal import Transfer

/// What travelled, for people and metrics; any thread may write.
package final class PoolLedger: Sendable {
    /// Where one blob's pieces came from.
    struct Sources: Sendable {
        /// A node that gave pieces; times in milliseconds since 1970.
        struct Giver: Sendable {
            var pieces = 0
            var bytes: Int64 = 0
            var first: Int64
            var last: Int64
        }

        var fromPeers: [PeerID: Giver] = [:]
        var fromOrigin: Giver?
        var inlineBytes: Int64 = 0
        /// For each piece who gave it, nil is the registry, and when.
        var pieces: [Int: (from: PeerID?, at: Int64)] = [:]
        /// When somebody here first wanted it, and when it was whole; in milliseconds since 1970.
        var began: Int64?
        var ended: Int64?
        /// What the machine said last.
        var progress: Peer.Progress?
    }

    private struct State {
        var blobs: [Digest: Sources] = [:]
        var uploads: [UploadID: (blob: Digest, part: FilePart)] = [:]
        /// When the last piece of a blob went out, in seconds since 1970.
        var lastSent: [Digest: Int64] = [:]
        /// Of blobs that are gone.
        var troubles = Troubles(stalls: 0, hedges: 0, bans: 0, wasted: 0)
        var received: Int64 = 0
        var origin: Int64 = 0
        var sent: Int64 = 0
        var wrong = 0
    }

    /// How often nothing moved, pieces were asked for twice, and peers were banned; and bytes that came for nothing.
    package typealias Troubles = (stalls: Int, hedges: Int, bans: Int, wasted: Int64)

    private let state = Mutex(State())

    init() {}

    /// In milliseconds since 1970.
    static var now: Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
    }

    /// Bytes from peers, from registries and to peers, and pieces that were refused.
    package var totals: (received: Int64, origin: Int64, sent: Int64, wrong: Int) {
        state.withLock { ($0.received, $0.origin, $0.sent, $0.wrong) }
    }

    package var troubles: Troubles {
        state.withLock { state in
            state.blobs.values.reduce(into: state.troubles) { sum, blob in Self.add(blob.progress?.ledger, to: &sum) }
        }
    }

    private static func add(_ ledger: TransferLedger?, to sum: inout Troubles) {
        guard let ledger else { return }
        sum.stalls += ledger.stalls
        sum.hedges += ledger.hedges
        sum.bans += ledger.bans
        sum.wasted += ledger.wasted
    }

    func countWrong() { state.withLock { $0.wrong += 1 } }

    // MARK: pieces on their way in

    /// Somebody here wants the blob.
    func began(_ blob: Digest) {
        state.withLock { state in
            if state.blobs[blob]?.began == nil { state.blobs[blob, default: Sources()].began = Self.now }
        }
    }

    /// All of it is here; says whether that is news of something that was wanted.
    func completed(_ blob: Digest) -> Bool {
        state.withLock { state in
            guard let sources = state.blobs[blob], sources.began != nil, sources.ended == nil else { return false }
            state.blobs[blob]?.ended = Self.now
            return true
        }
    }

    /// Its pieces are gone; what it cost is remembered in the sums.
    func forget(_ blob: Digest) {
        state.withLock { state in
            Self.add(state.blobs.removeValue(forKey: blob)?.progress?.ledger, to: &state.troubles)
            state.lastSent[blob] = nil
        }
    }

    func note(_ progress: Peer.Progress, of blob: Digest) {
        state.withLock { $0.blobs[blob, default: Sources()].progress = progress }
    }

    /// A piece is here; from the registry when `peer` is nil.
    func arrived(_ piece: Int, of blob: Digest, _ bytes: Int, from peer: PeerID?) {
        let now = Self.now
        state.withLock { state in
            var sources = state.blobs[blob] ?? Sources()
            sources.pieces[piece] = (peer, now)
            var giver = peer.map { sources.fromPeers[$0] } ?? sources.fromOrigin
            if giver == nil { giver = Sources.Giver(first: now, last: now) }
            giver?.pieces += 1
            giver?.bytes += Int64(bytes)
            giver?.last = now
            if let peer {
                sources.fromPeers[peer] = giver
                state.received += Int64(bytes)
            } else {
                sources.fromOrigin = giver
                state.origin += Int64(bytes)
            }
            state.blobs[blob] = sources
        }
    }

    func arrivedInline(_ blob: Digest, _ bytes: Int) {
        state.withLock { $0.blobs[blob, default: Sources()].inlineBytes += Int64(bytes) }
    }

    // MARK: pieces on their way out

    func began(_ id: UploadID, _ part: FilePart, of blob: Digest) {
        state.withLock { $0.uploads[id] = (blob, part) }
    }

    func ended(_ id: UploadID, bytes: Int64) {
        state.withLock { state in
            if let blob = state.uploads.removeValue(forKey: id)?.blob { state.lastSent[blob] = Int64(time(nil)) }
            state.sent += bytes
        }
    }

    func abort(_ id: UploadID) { state.withLock { $0.uploads[id]?.part }?.abort() }
    func isSending(_ blob: Digest) -> Bool { state.withLock { $0.uploads.values.contains { $0.blob == blob } } }
    func lastSent(of blob: Digest) -> Int64? { state.withLock { $0.lastSent[blob] } }

    func sources(of blob: Digest) -> Sources? { state.withLock { $0.blobs[blob] } }
}
