internal import ImageSpec
internal import Synchronization

/// How many read which blobs just now; any thread may tell.
final class BlobWishes: Sendable {
    private struct State {
        var readers: [Digest: Int] = [:]
        /// Blobs that are left when their last reader goes.
        var abandoned: Set<Digest> = []
    }

    private let state = Mutex(State())

    func isRead(_ blob: Digest) -> Bool { state.withLock { $0.readers[blob] != nil } }

    func begin(_ blob: Digest) {
        state.withLock { state in
            state.readers[blob, default: 0] += 1
            state.abandoned.remove(blob)
        }
    }

    /// Says whether the blob is to be left now.
    func end(_ blob: Digest) -> Bool {
        state.withLock { state in
            let rest = (state.readers[blob] ?? 1) - 1
            state.readers[blob] = rest > 0 ? rest : nil
            return rest <= 0 && state.abandoned.remove(blob) != nil
        }
    }

    /// Who ordered the blob does not want it any more; says whether nobody else reads it.
    ///
    /// Otherwise it is left with its last reader, unless another comes before that one has gone.
    func abandon(_ blob: Digest) -> Bool {
        state.withLock { state in
            if state.readers[blob] == nil { return true }
            state.abandoned.insert(blob)
            return false
        }
    }
}

/// One who reads a blob, as long as its stream is held.
final class BlobWish: Sendable {
    private let node: PoolNode
    private let blob: Digest

    init(_ node: PoolNode, _ blob: Digest) {
        (self.node, self.blob) = (node, blob)
        node.wishes.begin(blob)
    }

    deinit { node.wishEnded(blob) }
}
