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
    struct Sources {
        var fromPeers: [PeerID: (pieces: Int, bytes: Int64)] = [:]
        var originPieces = 0
        var originBytes: Int64 = 0
        var inlineBytes: Int64 = 0
        /// For each piece who gave it; nil is the registry.
        var pieces: [Int: PeerID?] = [:]
    }

    private struct State {
        var blobs: [Digest: Sources] = [:]
        var uploads: [UploadID: (blob: Digest, part: FilePart)] = [:]
        /// When the last piece of a blob went out, in seconds since 1970.
        var lastSent: [Digest: Int64] = [:]
        var received: Int64 = 0
        var origin: Int64 = 0
        var sent: Int64 = 0
        var wrong = 0
    }

    private let state = Mutex(State())

    init() {}

    /// Bytes from peers, from registries and to peers, and pieces that were refused.
    package var totals: (received: Int64, origin: Int64, sent: Int64, wrong: Int) {
        state.withLock { ($0.received, $0.origin, $0.sent, $0.wrong) }
    }

    func countWrong() { state.withLock { $0.wrong += 1 } }

    /// A piece is here; from the registry when `peer` is nil.
    func arrived(_ piece: Int, of blob: Digest, _ bytes: Int, from peer: PeerID?) {
        state.withLock { state in
            var sources = state.blobs[blob] ?? Sources()
            sources.pieces[piece] = peer
            if let peer {
                let before = sources.fromPeers[peer] ?? (0, 0)
                sources.fromPeers[peer] = (before.pieces + 1, before.bytes + Int64(bytes))
                state.received += Int64(bytes)
            } else {
                sources.originPieces += 1
                sources.originBytes += Int64(bytes)
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

    /// Where a blob's pieces came from; nil for one that was never begun here.
    func explanation(of blob: Digest) -> JSONValue? {
        guard let sources = state.withLock({ $0.blobs[blob] }) else { return nil }
        let peers = sources.fromPeers.sorted { $0.key < $1.key }.map { id, sum -> JSONValue in
            ["node": .string("\(id)"), "pieces": sum.pieces.json, "bytes": sum.bytes.json]
        }
        return [
            "peers": .array(peers), "originPieces": sources.originPieces.json, "originBytes": sources.originBytes.json,
            "inlineBytes": sources.inlineBytes.json,
            "pieces": .array(
                sources.pieces.sorted { $0.key < $1.key }.map { piece, peer in
                    ["piece": piece.json, "from": .string(peer.map { "\($0)" } ?? "registry")]
                }),
        ]
    }
}
