internal import ContentStore
internal import Identity
internal import ImageSpec
internal import LinuxKernel
internal import Logging
internal import NIOCore
internal import Peer
internal import Pieces
internal import Transfer

/// Feeds the ``Peer`` one event at a time and performs its effects; nothing here waits.
actor PeerLoop {
    private let node: PoolNode
    private var peer: Peer
    private var contacts: [PeerID: Contact] = [:]
    private var mail: [PeerID: Mailbox] = [:]
    private var fetches: [FetchID: TransferTask] = [:]
    private var uploads: [UploadID: EventLoopPromise<TransferAnswer>] = [:]
    private var requests: [UploadID: UploadRequest] = [:]
    private var runs: [Digest: OriginRun] = [:]
    private var alarm: Scheduled<Void>?

    /// Messages for one peer: one body on its way, the rest behind it, so that none overtakes another.
    private struct Mailbox {
        var waiting: [PeerEnvelope] = []
        var isSending = false
    }

    init(_ node: PoolNode) {
        self.node = node
        var configuration = PeerConfiguration()
        configuration.maySeed = node.settings.credentials.identity.roles.contains(.seed)
        configuration.poolSize = node.size.count
        peer = Peer(node.settings.contact, configuration, seed: UInt64.random(in: .min ... .max))
    }

    func run(_ inputs: AsyncStream<PoolInput>) async {
        await withDiscardingTaskGroup { group in
            for await input in inputs {
                switch input {
                case .event(let event): step(event, &group)
                case .asked(let request, let promise):
                    uploads[request.id] = promise
                    requests[request.id] = request
                    step(.asked(request), &group)
                }
            }
            alarm?.cancel()
            for promise in uploads.values { promise.succeed(.refusal(503, "going down")) }
            for task in fetches.values { task.cancel() }
            group.cancelAll()
        }
    }

    private func step(_ event: PeerEvent, _ group: inout DiscardingTaskGroup) {
        if case .fetched(let id, _) = event { fetches[id] = nil }
        for effect in peer.handle(event, at: node.now) { perform(effect, &group) }
        deliver(&group)
    }

    private func perform(_ effect: PeerEffect, _ group: inout DiscardingTaskGroup) {
        switch effect {
        case .meet(let contact): contacts[contact.id] = contact
        case .send(let envelope, let to): mail[to, default: Mailbox()].waiting.append(envelope)
        case .fetch(let fetch): start(fetch, &group)
        case .cancelFetch(let id): fetches.removeValue(forKey: id)?.cancel()
        case .serve(let id): serve(id, &group)
        case .refuse(let id, let refusal): answer(id, refusal.answer)
        case .abortUpload(let id): node.ledger.abort(id)
        case .announce(let announcement): announce(announcement, &group)
        case .openOrigin(let digest, let pieces): open(digest, pieces, &group)
        case .closeOrigin(let digest): runs.removeValue(forKey: digest)?.stop()
        case .assembled(let digest): compare(digest, &group)
        case .takeInline(let digest, let bytes): take(digest, bytes, &group)
        case .recheck(let digest, let pieces): recheck(digest, pieces, &group)
        case .drop(let digest, let pieces):
            guard let blob = node.blob(digest) else { return }
            let node = node
            group.addTask { await node.drop(pieces, of: blob) }
        case .failed(let digest, let failure):
            node.logger.warning("blob does not come", metadata: ["blob": "\(digest)", "reason": "\(failure)"])
            node.blob(digest)?.progress.fail(failure)
        case .wake(let moment): wake(at: moment)
        }
    }

    private func wake(at moment: Instant) {
        alarm?.cancel()
        let wait = max(0, (moment - node.now).nanoseconds)
        alarm = node.loop.scheduleTask(in: .nanoseconds(wait)) { [node] in node.tell(.tick) }
    }

    private func target(_ id: PeerID) -> TransferTarget? { contacts[id].flatMap { node.target(of: $0) } }

    // MARK: messages

    private func deliver(_ group: inout DiscardingTaskGroup) {
        for (id, box) in mail where !box.waiting.isEmpty && !box.isSending { post(box.waiting, to: id, &group) }
    }

    private func post(_ envelopes: [PeerEnvelope], to id: PeerID, _ group: inout DiscardingTaskGroup) {
        mail[id] = Mailbox(waiting: [], isSending: true)
        guard let target = target(id) else {
            mail[id] = nil
            return node.tell(.unreachable(id))
        }
        var call = TransferCall("POST", "/v1/messages")
        call.body = PeerMessageCodec.encode(envelopes)
        let client = node.client
        group.addTask { [call] in
            do throws(TransferError) {
                _ = try await client.send(call, to: target).success("messages")
                await self.posted(to: id, isReachable: true)
            } catch {
                await self.posted(to: id, isReachable: false)
            }
        }
    }

    private func posted(to id: PeerID, isReachable: Bool) {
        mail[id]?.isSending = false
        if isReachable {
            // Whatever gathered meanwhile goes with the next step, which this asks for.
            if mail[id]?.waiting.isEmpty == false { node.tell(.tick) } else { mail[id] = nil }
        } else {
            mail[id] = nil
            node.tell(.unreachable(id))
        }
    }

    private func announce(_ announcement: Announcement, _ group: inout DiscardingTaskGroup) {
        let node = node
        if node.blob(announcement.blob) != nil, let progress = peer.progress(of: announcement.blob) {
            node.ledger.note(progress, of: announcement.blob)
        }
        group.addTask {
            var announcement = announcement
            if let blob = node.blob(announcement.blob), blob.layout.isInline, announcement.phase == .complete {
                announcement.inline = try? await blob.read(0..<blob.length)
            }
            do throws(PoolError) {
                let reply = try await node.tracker.announce(announcement)
                if let grant = reply.grant { node.keep(grant, for: reply.blob) }
                await node.size.learn(reply.swarm)
                node.tell(.trackerReplied(reply))
            } catch {
                node.logger.debug("the tracker is silent", metadata: ["error": "\(error)"])
                node.tell(.trackerSilent(announcement.blob))
            }
        }
    }

    // MARK: pieces in

    private func start(_ fetch: Fetch, _ group: inout DiscardingTaskGroup) {
        guard let target = target(fetch.from), let blob = node.blob(fetch.blob) else {
            return node.tell(.fetched(fetch.id, .failed))
        }
        let ticket = fetch.ticket.map { "?ticket=\($0)" } ?? ""
        var call = TransferCall("GET", "/v1/blobs/\(fetch.blob)\(ticket)")
        call.range = blob.layout.bytes(of: fetch.piece)
        call.grant = node.grant(for: fetch.blob)
        let urgency = node.urgency(of: fetch.blob)
        call.isBackground = urgency == .background
        call.longestAnswer = Int(blob.layout.length(of: fetch.piece))
        // The machine knows how long a piece may take.
        call.patience = nil
        let task = node.client(for: urgency).start(call, at: target)
        fetches[fetch.id] = task
        let node = node
        group.addTask {
            let outcome = await node.finish(fetch, task, blob, from: target)
            node.tell(.fetched(fetch.id, outcome))
        }
    }

    // MARK: pieces out

    private func answer(_ id: UploadID, _ answer: TransferAnswer) {
        requests[id] = nil
        uploads.removeValue(forKey: id)?.succeed(answer)
    }

    private func serve(_ id: UploadID, _ group: inout DiscardingTaskGroup) {
        guard let request = requests.removeValue(forKey: id), let promise = uploads.removeValue(forKey: id) else {
            return
        }
        let node = node
        guard let blob = node.blob(request.blob) else {
            promise.succeed(.refusal(404, "no such blob"))
            return node.tell(.sendFailed(id, bytes: 0))
        }
        let length = blob.layout.length(of: request.piece)
        group.addTask {
            let part = try? await blob.part(request.piece) { sent in
                node.ledger.ended(id, bytes: sent)
                node.tell(sent == length ? .sent(id, bytes: sent) : .sendFailed(id, bytes: sent))
            }
            guard let part else {
                promise.succeed(.refusal(404, "no such piece"))
                node.tell(.sendFailed(id, bytes: 0))
                await node.recheck(blob, PieceSet(capacity: blob.layout.count, CollectionOfOne(request.piece)))
                return
            }
            node.ledger.began(id, part, of: request.blob)
            promise.succeed(.file(part))
        }
    }

    private func recheck(_ digest: Digest, _ pieces: PieceSet, _ group: inout DiscardingTaskGroup) {
        guard let blob = node.blob(digest) else { return }
        let node = node
        group.addTask { await node.recheck(blob, pieces) }
    }

    // MARK: the registry

    private func open(_ digest: Digest, _ pieces: PieceSet, _ group: inout DiscardingTaskGroup) {
        runs.removeValue(forKey: digest)?.stop()
        guard let blob = node.blob(digest), let origin = node.origin(of: digest) else {
            return node.tell(.originEnded(digest, .refused("blob \(digest): nobody here knows its registry")))
        }
        let run = OriginRun(digest, pieces)
        runs[digest] = run
        let node = node
        group.addTask { await node.fetch(run, blob, origin) }
    }

    // MARK: the whole

    private func compare(_ digest: Digest, _ group: inout DiscardingTaskGroup) {
        // Whoever unpacks it hashes it anyway, and will say what came of it.
        guard let blob = node.blob(digest), !blob.progress.isBeingVerified else { return }
        let node = node
        group.addTask { await node.compare(blob) }
    }

    private func take(_ digest: Digest, _ bytes: [UInt8], _ group: inout DiscardingTaskGroup) {
        guard let blob = node.blob(digest) else { return }
        let node = node
        group.addTask {
            guard BlobHasher.digest(of: bytes, digest.algorithm) == digest, await node.seal(bytes, into: blob) else {
                return node.tell(.contradicted(digest))
            }
            blob.progress.confirm()
            node.tell(.confirmed(digest))
            await node.report(digest)
        }
    }
}

extension Refusal {
    fileprivate var answer: TransferAnswer {
        switch self {
        case .absent: .refusal(404, "no such piece")
        case .busy: .refusal(503, "no slot is free")
        case .banned: .refusal(403, "banned")
        }
    }
}
