internal import Glibc
internal import HTTPKit
package import Identity
internal import ImageSpec
internal import JSON
internal import Lanes
internal import LinuxKernel
package import Logging
package import NIOCore
internal import Pieces
internal import PoolNode
internal import Prewarm
package import RegistryClient
internal import ServiceLifecycle
internal import Synchronization
internal import Tracker
package import Transfer

/// The tracker of one pool: it lets nodes in, knows who has what, and grants what the registry would give.
///
/// The ``Tracker`` decides; this performs. What it keeps on the disk is its authority, the certificates it made, the tokens that
/// were used, and the prewarms; who has what comes back with the nodes' announcements. ``bind()`` first, then ``run()`` until graceful shutdown.
package final class PoolTracker: Service {
    private let authority: CertificateAuthority
    private let book: TokenBook
    private let archive: MemberArchive
    private let registries: RegistryClient
    private let logger: Logger
    private let server = Mutex<TransferServer?>(nil)
    private let machine: Mutex<Tracker>
    private let access = AccessBook()
    private let proofs: ProofBook
    private let documents: DocumentDesk
    private let transfers = TransferBook()
    private let metrics: TrackerMetrics
    private let desk: PrewarmDesk
    private let people: HTTPServer?
    private let started = ContinuousClock.now
    private let jobs: AsyncStream<Job>
    private let job: AsyncStream<Job>.Continuation

    /// A question that needs a registry, and who waits for the answer.
    private struct Job: Sendable {
        var ask: @Sendable () async -> TransferAnswer
        var promise: EventLoopPromise<TransferAnswer>
    }

    /// How long a proof at the registry lets a node fetch from its peers, in seconds.
    private static let lifetime: Int64 = 3600

    /// Opens the tracker whose state is below `folder`; blocks on the disk.
    ///
    /// People reach it at the Unix socket `socket`, and may write their plans as `readYAML` reads them.
    package init(
        folder: String, host: String, port: Int, socket: String?, registries: RegistrySettings,
        group: any EventLoopGroup, logger: Logger, readYAML: @escaping YAMLReader
    ) throws(IdentityError) {
        authority = try CertificateAuthority(folder: folder)
        do throws(SyscallError) { desk = try PrewarmDesk(folder: "\(folder)/prewarms", logger: logger) } catch {
            throw .file(path: "\(folder)/prewarms", errno: error.errno)
        }
        metrics = TrackerMetrics()
        let api = PrewarmAPI(desk: desk, readYAML: readYAML, metrics: metrics.registry)
        people = socket.map { path in
            HTTPServer(listeners: [.unix(UnixListener(path: path, group: nil))], group: group, logger: logger) {
                request, source in try await api.respond(to: request, source)
            }
        }
        book = try TokenBook(folder: "\(folder)/tokens")
        archive = try MemberArchive(folder: "\(folder)/members")
        self.registries = RegistryClient(registries, logger: logger)
        proofs = ProofBook(lifetime: Self.lifetime)
        documents = DocumentDesk(self.registries, proofs)
        self.logger = logger
        (jobs, job) = AsyncStream.makeStream()
        metrics.measure(desk, documents, transfers)
        var configuration = TrackerConfiguration()
        // A pool that has no member yet has nothing either that its tracker could have forgotten.
        if archive.isEmpty { configuration.relearning = .zero }
        machine = Mutex(Tracker(configuration, seed: UInt64.random(in: .min ... .max), at: .zero))
        let credentials = try Self.credentials(authority, "\(folder)/server")
        let made = TransferServer(
            host: host, port: port, tls: try credentials.serverContext(admitsStrangers: true), group: group,
            upload: RateLimit(rate: nil, loop: group.any()), logger: logger
        ) { [weak self] request, loop in
            self?.respond(to: request, on: loop) ?? loop.makeSucceededFuture(.refusal(503, "going down"))
        }
        server.withLock { $0 = made }
    }

    private static func credentials(
        _ authority: CertificateAuthority, _ folder: String
    ) throws(IdentityError) -> NodeCredentials {
        if let kept = try NodeCredentials(folder: folder) { return kept }
        let (key, request) = try NodeCredentials.makeRequest(name: "tracker")
        let certificate = try authority.certificate(for: "tracker", [.tracker], request: request)
        let made = try NodeCredentials(authority: authority.pem, certificate: certificate, key: key)
        try made.save(to: folder)
        return made
    }

    /// - Throws: ``TransferError/listen(_:)``.
    package func bind() async throws(TransferError) {
        try await server.withLock { $0 }?.bind()
        do { try await people?.bind() } catch { throw .listen("\(error)") }
    }

    package var boundPort: Int? { server.withLock { $0?.boundPort } }

    package func run() async throws {
        let server = server.withLock { $0 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server?.run() }
            group.addTask { await self.work() }
            group.addTask { await self.keepTime() }
            if let people { group.addTask { try await people.run() } }
            try await group.next()
            job.finish()
            group.cancelAll()
        }
    }

    private var now: Instant { Instant(nanoseconds: Span(ContinuousClock.now - started).nanoseconds) }

    private func keepTime() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            note(handle(.tick))
            await Lanes.shared.run { [desk] in desk.tick(now: Int64(time(nil))) }
        }
    }

    private func handle(_ event: TrackerEvent) -> [TrackerEffect] {
        let now = now
        return machine.withLock { $0.handle(event, at: now) }
    }

    private func note(_ effects: [TrackerEffect]) {
        for case .note(let note) in effects {
            metrics.count(note)
            switch note {
            case .seedElected(let blob, let node, let pieces, let copies):
                logger.info(
                    "seed elected",
                    metadata: [
                        "blob": "\(blob)", "node": "\(node)", "pieces": "\(pieces)", "copies so far": "\(copies)",
                    ])
            case .seedLost(let blob, let node):
                logger.warning("seed lost", metadata: ["blob": "\(blob)", "node": "\(node)"])
            case .banned(let node, let reason):
                logger.warning("node banned", metadata: ["node": "\(node)", "reason": "\(reason)"])
            case .stalled(let blob): logger.warning("nothing moves", metadata: ["blob": "\(blob)"])
            }
        }
    }

    // MARK: requests

    private func respond(to request: TransferRequest, on loop: any EventLoop) -> EventLoopFuture<TransferAnswer> {
        switch (request.method, request.path) {
        case ("GET", "/v1/authority"):
            return loop.makeSucceededFuture(
                .bytes(status: 200, Array(authority.pem.utf8), type: "application/x-pem-file"))
        case ("POST", "/v1/join"): return onLane(loop) { self.join(request.body) }
        default: break
        }
        guard let caller = request.caller else {
            return loop.makeSucceededFuture(.refusal(401, "join first: the tracker knows nodes by their certificates"))
        }
        let id = PeerID(caller.number)
        switch (request.method, request.path) {
        case ("GET", "/v1/address"):
            return loop.makeSucceededFuture(.bytes(status: 200, Array(request.address.utf8), type: "text/plain"))
        case ("POST", "/v1/orders"): return onLane(loop) { self.order(request.body, caller.name) }
        case ("POST", "/v1/access"): return prove(request.body, id, loop)
        case ("POST", "/v1/documents"): return document(request.body, loop)
        case ("POST", "/v1/transfers"): return loop.makeSucceededFuture(note(request.body, id))
        case ("POST", "/v1/transfers/known"): return loop.makeSucceededFuture(known(request.body))
        case ("POST", "/v1/announce"): return loop.makeSucceededFuture(announce(request.body, id))
        case ("GET", let path) where path.hasPrefix("/v1/members/"):
            return onLane(loop) { self.certificate(of: String(path.dropFirst(12))) }
        default: return loop.makeSucceededFuture(.refusal(404, "nothing here"))
        }
    }

    private func onLane(
        _ loop: any EventLoop, _ body: @escaping @Sendable () -> TransferAnswer
    ) -> EventLoopFuture<TransferAnswer> {
        let promise = loop.makePromise(of: TransferAnswer.self)
        Lanes.shared.start { promise.succeed(body()) }
        return promise.futureResult
    }

    private func join(_ body: [UInt8]) -> TransferAnswer {
        guard let wish = try? JoinRequest(parsing: body) else { return .refusal(400, "join: malformed") }
        do throws(IdentityError) {
            try NodeIdentity.check(wish.name)
            let roles = try book.redeem(secret: wish.secret, now: Int64(time(nil)))
            let certificate = try authority.certificate(for: wish.name, roles, request: wish.request)
            let member = try PoolTrust(authority: authority.pem).member(certificate: certificate)
            try archive.keep(member)
            logger.info(
                "node joined",
                metadata: ["name": "\(wish.name)", "node": "\(PeerID(member.identity.number))"])
            return .bytes(status: 200, Array(certificate.utf8), type: "application/x-pem-file")
        } catch {
            switch error {
            case .badToken, .tokenUsed, .tokenRevoked, .tokenExpired: return .refusal(403, error.description)
            case .malformed, .name, .untrusted: return .refusal(400, error.description)
            case .expired, .file, .cryptography: return .refusal(500, error.description)
            }
        }
    }

    private func order(_ body: [UInt8], _ node: String) -> TransferAnswer {
        guard let value = try? JSONValue(parsing: body), let list = value.arrayValue,
            case let reports = list.compactMap({ try? PrewarmReport(json: JSONField($0)) }), reports.count == list.count
        else { return .refusal(400, "orders: malformed") }
        let orders = desk.exchange(node, reports, now: Int64(time(nil)))
        return .bytes(status: 200, JSONValue.array(orders.map(\.json)).encoded(), type: "application/json")
    }

    private func certificate(of text: String) -> TransferAnswer {
        guard let id = PeerID(text), let pem = archive.certificate(of: id.raw) else {
            return .refusal(404, "no such member")
        }
        return .bytes(status: 200, Array(pem.utf8), type: "application/x-pem-file")
    }

    private func announce(_ body: [UInt8], _ id: PeerID) -> TransferAnswer {
        let announcement: Announcement
        do throws(WireError) { announcement = try TrackerMessageCodec.decodeAnnouncement(body) } catch {
            return .refusal(400, error.description)
        }
        guard announcement.contact.id == id else { return .refusal(403, "this is another node's announcement") }
        let isFetching = announcement.phase == .fetching
        guard !isFetching || access.has(id, announcement.blob, now: Int64(time(nil))) else {
            return .refusal(403, "prove first that the registry gives this blob to this node")
        }
        metrics.countAnnouncement()
        let effects = handle(.announced(announcement))
        note(effects)
        for case .reply(var reply, let to) in effects where to == id {
            if isFetching {
                reply.grant = access.grant(id, announcement.blob, now: Int64(time(nil))) { statement in
                    try? authority.sign(statement)
                }
            }
            return .bytes(status: 200, TrackerMessageCodec.encode(reply), type: "application/octet-stream")
        }
        return .refusal(500, "no answer")
    }

    // MARK: registries

    private func prove(_ body: [UInt8], _ id: PeerID, _ loop: any EventLoop) -> EventLoopFuture<TransferAnswer> {
        guard let claim = try? AccessClaim(parsing: body) else {
            return loop.makeSucceededFuture(.refusal(400, "access: malformed"))
        }
        return later(loop) { [self] in await ask(claim, for: id) }
    }

    private func note(_ body: [UInt8], _ id: PeerID) -> TransferAnswer {
        guard let transfer = try? BlobTransfer(parsing: body) else { return .refusal(400, "transfer: malformed") }
        guard transfer.node == "\(id)" else { return .refusal(403, "this is another node's transfer") }
        transfers.note(transfer)
        return .bytes(status: 200, [], type: "text/plain")
    }

    private func known(_ body: [UInt8]) -> TransferAnswer {
        guard let blob = (try? JSONValue(parsing: body))?.stringValue else {
            return .refusal(400, "transfers: malformed")
        }
        return .bytes(status: 200, transfers.transfers(of: blob).encoded(), type: "application/json")
    }

    private func document(_ body: [UInt8], _ loop: any EventLoop) -> EventLoopFuture<TransferAnswer> {
        guard let claim = try? DocumentClaim(parsing: body) else {
            return loop.makeSucceededFuture(.refusal(400, "document: malformed"))
        }
        return later(loop) { [self] in
            do throws(RegistryError) {
                let found = try await documents.find(claim, now: Int64(time(nil)))
                let answer = DocumentAnswer(mediaType: found.descriptor.mediaType.rawValue, bytes: found.bytes)
                return .bytes(status: 200, answer.encoded(), type: "application/json")
            } catch {
                return Self.refusal(error)
            }
        }
    }

    /// Answers when a registry has.
    private func later(
        _ loop: any EventLoop, _ ask: @escaping @Sendable () async -> TransferAnswer
    ) -> EventLoopFuture<TransferAnswer> {
        let promise = loop.makePromise(of: TransferAnswer.self)
        let isTaken = job.yield(Job(ask: ask, promise: promise))
        if case .terminated = isTaken { promise.succeed(.refusal(503, "going down")) }
        return promise.futureResult
    }

    private func work() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs {
                group.addTask { job.promise.succeed(await job.ask()) }
            }
        }
    }

    /// Asks the registry, as the node would; once an hour for all nodes that come with the same credentials.
    private func ask(_ claim: AccessClaim, for node: PeerID) async -> TransferAnswer {
        guard let reference = try? ImageReference(parsing: claim.repository),
            let credentials = claim.credentials.isEmpty
                ? RegistryCredentials() : try? RegistryCredentials(parsing: claim.credentials)
        else { return .refusal(400, "access: malformed") }
        let key = ProofBook.key(claim.repository, claim.credentials, claim.blob)
        if let expiry = proofs.expiry(key, now: Int64(time(nil))) {
            access.allow(node, claim.blob, until: expiry)
            return .bytes(status: 200, [], type: "text/plain")
        }
        do throws(RegistryError) {
            metrics.countQuestion()
            guard try await registries.repository(reference, credentials).gives(claim.blob) else {
                return .refusal(404, "\(claim.repository): the registry has no blob \(claim.blob)")
            }
            let now = Int64(time(nil))
            proofs.note(key, now: now)
            access.allow(node, claim.blob, until: now + Self.lifetime)
            return .bytes(status: 200, [], type: "text/plain")
        } catch {
            return Self.refusal(error)
        }
    }

    private static func refusal(_ error: RegistryError) -> TransferAnswer {
        switch error {
        case .denied, .malformed, .settings: .refusal(403, error.description)
        case .notFound: .refusal(404, error.description)
        case .tooMany, .unreachable, .interrupted, .refused: .refusal(502, error.description)
        }
    }
}
