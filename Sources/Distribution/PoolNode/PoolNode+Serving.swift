internal import Glibc
internal import Identity
internal import ImageSpec
internal import Logging
internal import NIOCore
internal import Peer
internal import Pieces
internal import Transfer

/// What other nodes ask of this one.
extension PoolNode {
    func respond(to request: TransferRequest, on loop: any EventLoop) -> EventLoopFuture<TransferAnswer> {
        let parts = request.path.split(separator: "/").map(String.init)
        guard let caller = caller(of: request) else { return loop.makeSucceededFuture(.refusal(401, "who asks?")) }
        switch (request.method, parts.count, parts.dropFirst().first) {
        case ("GET", 3, "blobs"): return piece(of: parts[2], request, caller, loop)
        case ("POST", 2, "messages"): return loop.makeSucceededFuture(take(request.body, from: caller))
        case ("GET", 3, "members"):
            let found = PeerID(parts[2]).flatMap { members.certificate(of: $0) }
            return loop.makeSucceededFuture(
                found.map { .bytes(status: 200, Array($0.utf8), type: "application/x-pem-file") }
                    ?? .refusal(404, "no certificate of that node here"))
        default: return loop.makeSucceededFuture(.refusal(404, "nothing here"))
        }
    }

    /// Who asks: the certificate says, or where there is none, in networks that are trusted, the caller itself.
    private func caller(of request: TransferRequest) -> PeerID? {
        if settings.isPlain { return request.claimedNumber.map { PeerID($0) } }
        return request.caller.map { PeerID($0.number) }
    }

    private func take(_ body: [UInt8], from caller: PeerID) -> TransferAnswer {
        do throws(WireError) {
            for envelope in try PeerMessageCodec.decode(body) { tell(.received(envelope, from: caller)) }
            return .bytes(status: 200, [], type: "application/octet-stream")
        } catch {
            return .refusal(400, error.description)
        }
    }

    private func piece(
        of text: String, _ request: TransferRequest, _ caller: PeerID, _ loop: any EventLoop
    ) -> EventLoopFuture<TransferAnswer> {
        guard let digest = try? Digest(parsing: text) else { return loop.makeSucceededFuture(.refusal(400, "digest")) }
        guard isGranted(request.grant, digest, to: caller) else {
            return loop.makeSucceededFuture(.refusal(403, "no grant of this pool's tracker for this node and blob"))
        }
        guard let blob = blob(digest) else { return loop.makeSucceededFuture(.refusal(404, "no such blob")) }
        guard let range = request.range.flatMap({ PieceRange.parse($0, size: blob.length) }),
            case let piece = Int(range.lowerBound / Int64(blob.layout.pieceSize)), blob.layout.bytes(of: piece) == range
        else { return loop.makeSucceededFuture(.refusal(416, "not the range of one piece")) }
        let ticket = request.query.split(separator: "&").first { $0.hasPrefix("ticket=") }
        let promise = loop.makePromise(of: TransferAnswer.self)
        ask(
            UploadRequest(
                id: nextUpload(), by: caller, blob: digest, piece: piece,
                ticket: ticket.flatMap { UInt32($0.dropFirst(7)) }), promise)
        return promise.futureResult
    }

    /// Whether the tracker lets `caller` have the blob; it is not asked.
    private func isGranted(_ text: String?, _ digest: Digest, to caller: PeerID) -> Bool {
        guard let text, let grant = ProofText.grant(text) else { return false }
        guard grant.covers(digest, for: caller, at: Int64(time(nil))) else { return false }
        if verified.contains(text) { return true }
        guard trust.authoritySigned(grant.statement, grant.signature) else { return false }
        verified.insert(text)
        return true
    }
}
