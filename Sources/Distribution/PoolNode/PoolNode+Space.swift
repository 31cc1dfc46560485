package import ContentStore
package import ImageSpec
internal import LinuxKernel
internal import Logging
internal import Peer
internal import Pieces

/// What this node's pieces take on the disk.
extension PoolNode {
    package func holdings() async -> [PoolHolding] {
        var found: [PoolHolding] = []
        for blob in allBlobs {
            let space = await blob.space
            found.append(
                PoolHolding(
                    blob: blob.digest, bytes: space.bytes,
                    lastUse: max(space.lastUse, ledger.lastSent(of: blob.digest) ?? 0), isBusy: isBusy(blob),
                    isShared: space.isShared))
        }
        return found
    }

    /// Whether bytes of it are on their way, to here or from here.
    private func isBusy(_ blob: PoolBlob) -> Bool {
        if ledger.isSending(blob.digest) || wishes.isRead(blob.digest) { return true }
        return origin(of: blob.digest) != nil && !blob.progress.isConfirmed && blob.progress.failure == nil
    }

    /// Leaves blobs, and gives their space back; one that is on its way by now stays.
    package func evict(_ digests: Set<Digest>) async {
        for blob in allBlobs where digests.contains(blob.digest) && !isBusy(blob) {
            do throws(SyscallError) {
                try await erase(blob)
            } catch {
                logger.warning("pieces cannot be removed", metadata: ["blob": "\(blob.digest)", "error": "\(error)"])
            }
        }
        tell(.diskFreed)
    }
}
