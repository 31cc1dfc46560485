internal import ContentStore
internal import Glibc
internal import Identity
internal import ImageSpec
internal import LinuxKernel
internal import Logging
internal import NIOCore
internal import Peer
internal import Pieces
internal import Transfer

/// Pieces on their way in.
extension PoolNode {
    /// Where a node is reached; nil for an address that is none.
    func target(of contact: Contact) -> TransferTarget? {
        guard let colon = contact.address.lastIndex(of: ":"),
            let port = Int(contact.address[contact.address.index(after: colon)...])
        else { return nil }
        var host = contact.address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return TransferTarget(
            host: String(host), port: port, serverName: NodeIdentity.serverName(of: contact.id.raw))
    }

    /// Waits for a piece, verifies it, and keeps it: nothing is written that does not match its proof.
    func finish(
        _ fetch: Fetch, _ task: TransferTask, _ blob: PoolBlob, from target: TransferTarget
    ) async -> FetchOutcome {
        guard let reply = try? await task.reply.get() else { return .failed }
        switch reply.status {
        case 200, 206: break
        case 404: return .absent
        case 503: return .busy
        default: return .failed
        }
        let bytes = reply.body
        guard let proof = ProofText.decode(reply.proof),
            await members.verify(proof, piece: fetch.piece, of: blob, bytes, from: target)
        else {
            ledger.countWrong()
            return .wrong
        }
        do throws(SyscallError) {
            try await blob.store(fetch.piece, bytes, proof)
            ledger.arrived(fetch.piece, of: fetch.blob, bytes.readableBytes, from: fetch.from)
            return .verified(proof)
        } catch {
            note(error, of: fetch.blob)
            return .failed
        }
    }

    /// The disk refused something of a blob: it waits for space, or ends with the disk's words.
    func note(_ error: SyscallError, of digest: Digest) {
        logger.error("pieces cannot be kept", metadata: ["blob": "\(digest)", "error": "\(error)"])
        tell(
            error.errno == ENOSPC || error.errno == EDQUOT
                ? .diskFull(digest) : .diskFailed(digest, error.description))
    }

    /// Deletes pieces that are not to be believed.
    func drop(_ pieces: PieceSet, of blob: PoolBlob) async {
        do throws(SyscallError) { try await blob.drop(pieces) } catch { note(error, of: blob.digest) }
    }

    /// Fetches pieces from the registry, gives this node's word on each, and tells of each as it comes.
    func fetch(_ run: OriginRun, _ blob: PoolBlob, _ origin: PoolOrigin) async {
        let maySeed = settings.credentials.identity.roles.contains(.seed)
        let pace = { () -> OriginPace in
            // Somebody may have begun to wait for it meanwhile.
            let urgency = self.urgency(of: blob.digest)
            return (self.originLimit(for: urgency), urgency)
        }
        let end = await run.fetch(origin, blob.layout, pace: pace) { piece, bytes in
            guard let proof = prove(piece, bytes, of: blob) else { return false }
            do throws(SyscallError) {
                try await blob.store(piece, bytes, proof)
            } catch {
                note(error, of: blob.digest)
                return false
            }
            ledger.arrived(piece, of: blob.digest, bytes.readableBytes, from: nil)
            tell(.originPiece(blob.digest, piece: piece, maySeed ? proof : nil))
            return true
        }
        if !run.isStopped { tell(.originEnded(blob.digest, end)) }
    }

    private func prove(_ piece: Int, _ bytes: ByteBuffer, of blob: PoolBlob) -> PieceProof? {
        let hash = PieceFiles.hash(bytes)
        let statement = PieceProof.statement(author: me, hash: hash, about: piece, of: blob.digest, layout: blob.layout)
        guard let signature = try? settings.credentials.sign(statement) else { return nil }
        return PieceProof(author: me, hash: hash, signature: signature)
    }

    /// Keeps a tiny blob that came whole.
    func seal(_ bytes: [UInt8], into blob: PoolBlob) async -> Bool {
        guard Int64(bytes.count) == blob.length else { return false }
        for piece in 0..<blob.layout.count {
            let range = blob.layout.bytes(of: piece)
            let part = ByteBuffer(bytes: bytes[Int(range.lowerBound)..<Int(range.upperBound)])
            guard let proof = prove(piece, part, of: blob) else { return false }
            do throws(SyscallError) {
                try await blob.store(piece, part, proof)
            } catch {
                note(error, of: blob.digest)
                return false
            }
        }
        ledger.arrivedInline(blob.digest, bytes.count)
        return true
    }

    // MARK: is it right?

    /// Hashes the whole; says whether it is the right one.
    @discardableResult
    func compare(_ blob: PoolBlob) async -> Bool {
        let isWhole: Bool
        do throws(SyscallError) { isWhole = try await blob.isWhole() } catch {
            // Bytes that cannot be read say nothing about who gave them.
            if await !recheck(blob, .all(of: blob.layout.count)) { note(error, of: blob.digest) }
            return false
        }
        if isWhole { blob.progress.confirm() } else { await drop(.all(of: blob.layout.count), of: blob) }
        tell(isWhole ? .confirmed(blob.digest) : .contradicted(blob.digest))
        if isWhole { await report(blob.digest) }
        return isWhole
    }

    /// Reads pieces again that somebody found wrong; those that the disk has damaged go.
    ///
    /// Says whether there were any.
    @discardableResult
    func recheck(_ blob: PoolBlob, _ pieces: PieceSet) async -> Bool {
        let damaged = await blob.damaged(among: pieces)
        if !damaged.isEmpty {
            logger.error(
                "the disk has damaged pieces of a blob; they are fetched again",
                metadata: ["blob": "\(blob.digest)", "pieces": "\(damaged)"])
            await drop(damaged, of: blob)
        }
        tell(.rechecked(blob.digest, damaged: damaged))
        return !damaged.isEmpty
    }

    /// Takes the word of who has read the blob and hashed it; says whether another read gives other bytes.
    func judged(_ blob: PoolBlob, _ verdict: BlobVerdict) async -> Bool {
        let isLast = blob.progress.verifierWent()
        switch verdict {
        case .right where blob.progress.have.isFull:
            blob.progress.confirm()
            tell(.confirmed(blob.digest))
            await report(blob.digest)
        case .wrong where blob.progress.have.isFull:
            // Either the disk has changed something since it was verified, or a seed lied.
            await recheck(blob, .all(of: blob.layout.count))
            guard blob.progress.have.isFull else { return true }
            return await !compare(blob)
        case .right, .wrong, .unknown:
            if isLast, blob.progress.have.isFull, !blob.progress.isConfirmed { await compare(blob) }
        }
        return false
    }
}
