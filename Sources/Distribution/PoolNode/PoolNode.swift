package import ContentStore
internal import Identity
package import JSON
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
package import Logging
package import NIOCore
internal import Peer
internal import Pieces
internal import ServiceLifecycle
internal import Synchronization
internal import Transfer

/// This machine's part in a pool: it fetches blobs as pieces from other nodes and gives pieces on.
///
/// The ``Peer`` decides; this performs. ``bind()`` first, then ``run()`` until graceful shutdown. Any task may use it.
package final class PoolNode: Service, BlobPool {
    let settings: ExchangeSettings
    let me: PeerID
    let logger: Logger
    let loop: any EventLoop
    let client: TransferClient
    let tracker: TrackerLink
    let members: Members
    let trust: PoolTrust
    let content: ContentStore
    let origin: RateLimit
    let upload: RateLimit
    let download: RateLimit
    let group: any EventLoopGroup
    let prewarms = Mutex(PrewarmLimits())
    package let ledger = PoolLedger()
    let verified = VerifiedGrants()
    private let started = ContinuousClock.now
    private let inputs: AsyncStream<PoolInput>
    private let input: AsyncStream<PoolInput>.Continuation
    private let server: Mutex<TransferServer?>
    private let blobs = Mutex<[Digest: PoolBlob]>([:])
    /// Blobs whose files are on their way out: who wants one again waits for that.
    private let leaving = Mutex<[Digest: PoolBlob]>([:])
    private let origins = Mutex<[Digest: PoolOrigin]>([:])
    private let uploads = Mutex<UInt64>(0)
    private let urgencies = Mutex<[Digest: Urgency]>([:])
    let wishes = BlobWishes()
    let size: PoolSize
    private let puller: ImagePuller?
    private let grants = Mutex<[Digest: String]>([:])

    /// With a `puller` it follows the tracker's prewarms.
    ///
    /// - Throws: ``PoolError/identity(_:)``.
    package init(
        _ settings: ExchangeSettings, content: ContentStore, group: any EventLoopGroup, logger: Logger,
        puller: ImagePuller? = nil
    ) throws(PoolError) {
        self.puller = puller
        self.settings = settings
        self.content = content
        self.logger = logger
        me = PeerID(settings.credentials.identity.number)
        loop = group.any()
        size = PoolSize(path: "\(settings.root)/pool-size")
        (inputs, input) = AsyncStream.makeStream()
        upload = RateLimit(rate: settings.upload, loop: loop)
        origin = RateLimit(rate: settings.origin, loop: loop)
        download = RateLimit(rate: settings.download, loop: loop)
        self.group = group
        let free = RateLimit(rate: nil, loop: loop)
        do throws(IdentityError) {
            let tls = try settings.credentials.clientContext()
            client = TransferClient(
                tls: settings.isPlain ? nil : tls, group: group,
                download: download, plainNumber: me.raw)
            tracker = TrackerLink(
                TransferClient(tls: tls, group: group, download: free) { [input] in
                    input.yield(.event(.trackerLost))
                }, settings.tracker)
            trust = try PoolTrust(authority: settings.credentials.authority)
            members = Members(trust, client, own: try trust.member(certificate: settings.credentials.certificate))
            server = Mutex(nil)
            let tlsServer = settings.isPlain ? nil : try settings.credentials.serverContext()
            let made = TransferServer(
                host: settings.host, port: settings.port, tls: tlsServer, group: group, upload: upload, logger: logger
            ) { [weak self] request, loop in
                self?.respond(to: request, on: loop) ?? loop.makeSucceededFuture(.refusal(503, "going down"))
            }
            server.withLock { $0 = made }
        } catch {
            throw .identity(error)
        }
    }

    /// Starts to listen, and offers what earlier runs left.
    package func bind() async throws(PoolError) {
        do throws(SyscallError) {
            let root = settings.root
            try await Lanes.shared.run { () throws(SyscallError) in
                do throws(SyscallError) { try Files.makeDirectory(root, mode: 0o700) } catch {
                    guard error.errno == 17 else { throw error }
                }
            }
            await size.read()
        } catch {
            throw .kernel(error)
        }
        do throws(TransferError) { try await server.withLock { $0 }?.bind() } catch { throw .transfer(error) }
    }

    package func run() async throws {
        let server = server.withLock { $0 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server?.run() }
            group.addTask { await PeerLoop(self).run(self.inputs) }
            if let puller {
                let work = PrewarmWork(node: self, puller: puller)
                group.addTask { await work.run() }
            }
            group.addTask {
                await self.offerKept()
                await self.sweep()
            }
            try await group.next()
            input.finish()
            client.close()
            group.cancelAll()
        }
    }

    // MARK: what others tell

    func tell(_ input: PoolInput) { self.input.yield(input) }
    func tell(_ event: PeerEvent) { input.yield(.event(event)) }

    /// Somebody with a good grant asks for a piece; the promise is its answer, whatever becomes of this node.
    func ask(_ request: UploadRequest, _ answer: EventLoopPromise<TransferAnswer>) {
        if case .terminated = input.yield(.asked(request, answer)) { answer.succeed(.refusal(503, "going down")) }
    }

    /// On the clock of the machine.
    var now: Instant { Instant(nanoseconds: Span(ContinuousClock.now - started).nanoseconds) }

    var allBlobs: [PoolBlob] { blobs.withLock { Array($0.values) } }
    /// Leaves a blob and removes its files.
    func erase(_ blob: PoolBlob) async throws(SyscallError) {
        leaving.withLock { $0[blob.digest] = blob }
        blobs.withLock { $0[blob.digest] = nil }
        leave(blob)
        ledger.forget(blob.digest)
        defer { leaving.withLock { $0[blob.digest] = nil } }
        try await blob.erase()
    }

    /// Nobody here wants it any more; whoever came just now to read it is told to ask again.
    func leave(_ blob: PoolBlob) {
        let digest = blob.digest
        tell(.forget(digest))
        blob.progress.interrupt("nobody here wants the blob any more")
        tracker.forget(digest)
        grants.withLock { $0[digest] = nil }
        origins.withLock { $0[digest] = nil }
        urgencies.withLock { $0[digest] = nil }
    }
    func blob(_ digest: Digest) -> PoolBlob? { blobs.withLock { $0[digest] } }
    func origin(of digest: Digest) -> PoolOrigin? { origins.withLock { $0[digest] } }
    func grant(for digest: Digest) -> String? { grants.withLock { $0[digest] } }
    func keep(_ grant: Grant, for digest: Digest) { grants.withLock { $0[digest] = ProofText.encode(grant) } }

    func nextUpload() -> UploadID {
        uploads.withLock { number in
            number += 1
            return UploadID(number)
        }
    }

    // MARK: blobs

    package func source(
        _ repository: String, credentials: [UInt8], origin: any BlobSource, isPrewarm: Bool
    ) -> any BlobSource {
        PoolSource(
            node: self, repository: repository, credentials: credentials, origin: origin,
            urgency: isPrewarm ? .prewarm : .foreground)
    }

    /// Whether anybody waits for the blob.
    func urgency(of digest: Digest) -> Pacer.Urgency {
        urgencies.withLock { $0[digest] } == .prewarm ? .background : .foreground
    }

    package func status() -> JSONValue {
        let (totals, troubles) = (ledger.totals, ledger.troubles)
        let blobs = blobs.withLock { Array($0.values) }.sorted { $0.digest < $1.digest }
        return [
            "node": .string("\(me)"), "name": .string(settings.credentials.identity.name),
            "address": .string(settings.contact.address),
            "tracker": .string("\(settings.tracker.host):\(settings.tracker.port)"), "tls": .bool(!settings.isPlain),
            "received": totals.received.json, "origin": totals.origin.json, "sent": totals.sent.json,
            "wrongPieces": totals.wrong.json, "stalls": troubles.stalls.json, "hedges": troubles.hedges.json,
            "bans": troubles.bans.json, "wasted": troubles.wasted.json,
            "blobs": .array(
                blobs.map { blob in
                    [
                        "blob": blob.digest.json, "size": blob.length.json, "pieces": blob.layout.count.json,
                        "have": blob.progress.have.count.json,
                        "state": .string(
                            blob.progress.failure ?? (blob.progress.isConfirmed ? "complete" : "fetching")),
                    ]
                }),
        ]
    }

    /// Offers the whole blobs that earlier runs left; what was not whole waits until somebody wants it again.
    private func offerKept() async {
        let root = settings.root
        for (digest, length) in await Lanes.shared.run({ PieceFiles.known(below: root) }) {
            guard !Task.isCancelled else { return }
            guard let blob = try? await open(digest, length: length), await blob.have.isFull else { continue }
            var isWhole = await blob.isMerged
            if !isWhole { isWhole = (try? await blob.isWhole()) ?? false }
            guard isWhole else { continue }
            blob.progress.confirm()
            tell(.begin(await blob.order(.prewarm, isComplete: true)))
        }
    }

    /// Takes part in a blob, which `origin` has when nobody else does.
    func begin(_ descriptor: ContentDescriptor, _ origin: any BlobSource, _ urgency: Urgency) async throws(SyscallError)
        -> PoolBlob
    {
        origins.withLock { $0[descriptor.digest] = PoolOrigin(blob: descriptor, source: origin) }
        urgencies.withLock { $0[descriptor.digest] = max($0[descriptor.digest] ?? urgency, urgency) }
        let blob = try await open(descriptor.digest, length: descriptor.size)
        // A full disk may have space by now; if not, it says so again.
        if blob.progress.failure != nil { tell(.diskFreed) }
        blob.progress.begin()
        if !blob.progress.isConfirmed { ledger.began(descriptor.digest) }
        let isComplete = blob.progress.isConfirmed
        tell(.begin(await blob.order(urgency, isComplete: isComplete)))
        if self.blob(descriptor.digest) !== blob {
            // Its files went meanwhile.
            tell(.forget(descriptor.digest))
            blob.progress.interrupt("the blob was removed from this node just now")
        }
        return blob
    }

    /// The blob's files, without any part in it yet.
    func pooled(_ descriptor: ContentDescriptor) async throws(SyscallError) -> PoolBlob {
        try await open(descriptor.digest, length: descriptor.size)
    }

    private func open(_ digest: Digest, length: Int64) async throws(SyscallError) -> PoolBlob {
        if let known = blob(digest) { return known }
        let made = try await opening.run(digest, abandoned: SyscallError("open", errno: 4, subject: digest.description))
        { () async throws(SyscallError) in
            try await self.leaving.withLock { $0[digest] }?.erase()
            return try await PoolBlob.open(digest, length: length, below: self.settings.root)
        }
        return blobs.withLock { blobs in
            if let other = blobs[digest] { return other }
            blobs[digest] = made
            return made
        }
    }

    private let opening = SingleFlight<Digest, PoolBlob, SyscallError>()

    /// Now and then: what the content store has by now need not lie here a second time.
    private func sweep() async {
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            var removed: Set<Digest> = []
            for blob in allBlobs where blob.progress.isConfirmed {
                // What was removed here is not kept behind the user's back.
                if await !blob.merge(content) || content.contains(blob.digest) { continue }
                removed.insert(blob.digest)
            }
            if !removed.isEmpty { await evict(removed) }
        }
    }
}

/// What the loop of a ``PoolNode`` is told.
enum PoolInput: Sendable {
    case event(PeerEvent)
    /// A peer, whose grant was verified, wants a piece; the promise is its answer.
    case asked(UploadRequest, EventLoopPromise<TransferAnswer>)
}
