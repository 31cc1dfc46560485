internal import PoolNode
internal import Synchronization

/// How blobs came to which nodes, as those told; the blobs told of last, in memory.
final class TransferBook: Sendable {
    private struct State {
        var blobs: [String: [String: BlobTransfer]] = [:]
        /// Those told of last at the end.
        var order: [String] = []
        var origin: Int64 = 0
        var peers: Int64 = 0
    }

    private let state = Mutex(State())
    private static let limit = 512

    func note(_ transfer: BlobTransfer) {
        state.withLock { state in
            if let place = state.order.firstIndex(of: transfer.blob) { state.order.remove(at: place) }
            state.order.append(transfer.blob)
            // Who tells the same again is counted once.
            let former = state.blobs[transfer.blob]?[transfer.node]
            state.origin.replace(former?.originBytes, with: transfer.originBytes)
            state.peers.replace(former?.peerBytes, with: transfer.peerBytes)
            state.blobs[transfer.blob, default: [:]][transfer.node] = transfer
            while state.order.count > Self.limit { state.blobs[state.order.removeFirst()] = nil }
        }
    }

    func transfers(of blob: String) -> [BlobTransfer] { state.withLock { Array($0.blobs[blob, default: [:]].values) } }

    /// Bytes that came to nodes from registries, and from each other.
    var totals: (origin: Int64, peers: Int64) { state.withLock { ($0.origin, $0.peers) } }
}

extension BlobTransfer {
    fileprivate var peerBytes: Int64 { sources.reduce(0) { $0 + ($1.from == "registry" ? 0 : $1.bytes) } }
}

extension Int64 {
    /// Of a sum of what is not negative; one that cannot grow any more stays.
    fileprivate mutating func replace(_ former: Int64?, with value: Int64) {
        self -= former ?? 0
        self += Swift.min(value, .max - self)
    }
}
