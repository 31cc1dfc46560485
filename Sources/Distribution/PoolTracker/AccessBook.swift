internal import ImageSpec
internal import Pieces
internal import Synchronization

/// Which nodes have proved to which registry that they may have which blobs, and the grants they got for it.
final class AccessBook: Sendable {
    private struct Entry {
        var expires: Int64
        var grant: Grant?
    }

    private let entries = Mutex<[PeerID: [Digest: Entry]]>([:])

    /// `expires` in seconds since 1970.
    func allow(_ node: PeerID, _ blob: Digest, until expires: Int64) {
        entries.withLock { entries in
            let grant = entries[node]?[blob]?.grant
            entries[node, default: [:]][blob] = Entry(expires: expires, grant: grant)
        }
    }

    func has(_ node: PeerID, _ blob: Digest, now: Int64) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[node]?[blob] else { return false }
            if entry.expires > now { return true }
            entries[node]?[blob] = nil
            return false
        }
    }

    /// The grant for what was proved; the same one while it is good for a while, so that peers verify it once.
    func grant(_ node: PeerID, _ blob: Digest, now: Int64, sign: ([UInt8]) -> [UInt8]?) -> Grant? {
        let known = entries.withLock { $0[node]?[blob] }
        guard let known, known.expires > now else { return nil }
        if let grant = known.grant, grant.expires > now + 600 || grant.expires == known.expires { return grant }
        var grant = Grant(node: node, blobs: [blob], expires: known.expires)
        guard let signature = sign(grant.statement) else { return nil }
        grant.signature = signature
        entries.withLock { $0[node]?[blob]?.grant = grant }
        return grant
    }
}
