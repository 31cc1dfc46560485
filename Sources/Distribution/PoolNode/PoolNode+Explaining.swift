internal import Identity
package import ImageSpec
package import JSON
internal import Logging
internal import Peer
internal import Pieces

/// What happened to blobs here and elsewhere, for people.
extension PoolNode {
    /// Where a blob's pieces came from, what holds it up, and how it came to the other nodes.
    package func explanation(of digest: Digest) async -> JSONValue? {
        guard let sources = ledger.sources(of: digest), let blob = blob(digest) else { return nil }
        var json = summary(of: blob, sources).json
        json["pieceSize"] = blob.layout.pieceSize.json
        json["pieceCount"] = blob.layout.count.json
        json["have"] = blob.progress.have.count.json
        json["inlineBytes"] = sources.inlineBytes.json
        json["state"] = .string(state(of: blob, sources))
        json["pieces"] = .array(
            sources.pieces.sorted { $0.key < $1.key }.map { piece, source in
                [
                    "piece": piece.json, "from": .string(source.from.map { "\($0)" } ?? "registry"),
                    "at": source.at.json,
                ]
            })
        var others = await transfers(of: digest)
        if !others.contains(where: { $0.node == "\(me)" }) { others.append(summary(of: blob, sources)) }
        json["pool"] = PoolTransfer(others).json
        return json
    }

    /// In a few words; of one that is under way what it waits for.
    private func state(of blob: PoolBlob, _ sources: PoolLedger.Sources) -> String {
        if let failure = blob.progress.failure { return "failed: \(failure)" }
        if blob.progress.isConfirmed { return "complete" }
        let have = blob.progress.have.count
        if have == blob.layout.count { return "all pieces are here, the whole is compared with its digest" }
        let last = sources.pieces.values.map(\.at).max() ?? sources.began ?? PoolLedger.now
        let silence = Double((PoolLedger.now - last) / 100) / 10
        let words = "fetching: \(have) of \(blob.layout.count) pieces, the last \(silence) s ago"
        guard let progress = sources.progress else { return words + "; the tracker has not been asked yet" }
        guard progress.neighbours > 0 else { return words + "; no other node has any, this one is to ask the registry" }
        return words + "; \(progress.underWay) under way, \(progress.neighbours) nodes take part"
    }

    private func summary(of blob: PoolBlob, _ sources: PoolLedger.Sources) -> BlobTransfer {
        func source(_ from: String, _ giver: PoolLedger.Sources.Giver) -> BlobTransfer.Source {
            BlobTransfer.Source(
                from: from, pieces: giver.pieces, bytes: giver.bytes, first: giver.first, last: giver.last)
        }
        let known = sources.progress?.ledger
        var all = sources.fromPeers.sorted { $0.key < $1.key }.map { source("\($0.key)", $0.value) }
        if let origin = sources.fromOrigin { all.append(source("registry", origin)) }
        return BlobTransfer(
            node: "\(me)", name: settings.credentials.identity.name, blob: blob.digest.description, size: blob.length,
            began: sources.began ?? all.map(\.first).min() ?? 0, ended: sources.ended, sources: all,
            stalls: known?.stalls ?? 0, hedges: known?.hedges ?? 0, bans: known?.bans ?? 0, wasted: known?.wasted ?? 0,
            upload: settings.upload, download: settings.download, origin: settings.origin)
    }

    /// Tells the tracker how a blob came here.
    func report(_ digest: Digest) async {
        guard ledger.completed(digest), let blob = blob(digest), let sources = ledger.sources(of: digest) else {
            return
        }
        do throws(PoolError) {
            _ = try await tracker.post("/v1/transfers", summary(of: blob, sources).encoded())
        } catch {
            logger.debug("the tracker is not told of a transfer", metadata: ["error": "\(error)"])
        }
    }

    /// How a blob came to the nodes that told the tracker.
    private func transfers(of digest: Digest) async -> [BlobTransfer] {
        guard
            let bytes = try? await tracker.post("/v1/transfers/known", JSONValue.string(digest.description).encoded()),
            let found = try? [BlobTransfer](parsing: bytes)
        else { return [] }
        return found
    }
}
