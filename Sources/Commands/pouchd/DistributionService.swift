internal import Engine
internal import Glibc
internal import HTTPKit
internal import Identity
internal import Logging
internal import NIOCore
internal import Pieces
internal import PoolNode
internal import Prewarm
internal import ServiceLifecycle
internal import Snapshots
internal import Transfer

/// The pool as a member of the daemon's service group: joins, then takes part.
struct DistributionService: Service, CustomStringConvertible {
    let defaults: DistributionDefaults
    let engine: Engine
    let dataRoot: String
    let metrics: MetricsRegistry
    let group: any EventLoopGroup
    let logger: Logger

    /// Between two tries to reach the tracker.
    private static let pause = Duration.seconds(2)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // A daemon starts without its pool, too: images come from registries until the tracker answers.
            while !Task.isCancelled {
                do throws(PoolError) {
                    return try await takePart()
                } catch {
                    logger.warning("the pool is out of reach", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    private func takePart() async throws(PoolError) {
        let join = PoolJoin(host: defaults.tracker.host, port: defaults.tracker.port, group: group)
        let credentials = try await join.credentials(
            name: defaults.node ?? Self.hostName, token: try defaults.readToken(), folder: "\(dataRoot)/pool-identity")
        let host: String
        if let advertise = defaults.advertise {
            host = advertise
        } else if defaults.listen.host == "0.0.0.0" {
            host = try await join.ownAddress(credentials)
        } else {
            host = defaults.listen.host
        }
        let address = host.contains(":") ? host : "\(host):\(defaults.listen.port)"
        let contact = Contact(id: PeerID(credentials.identity.number), address: address)
        var settings = ExchangeSettings(
            root: "\(dataRoot)/pool", tracker: join.target, credentials: credentials, contact: contact,
            host: defaults.listen.host, port: defaults.listen.port)
        settings.isPlain = defaults.isPlain
        settings.upload = defaults.upload
        settings.download = defaults.download
        settings.origin = defaults.origin
        let node = try PoolNode(
            settings, content: engine.imageStore.content, group: group, logger: logger,
            puller: puller)
        try await node.bind()
        measure(node)
        engine.join(node)
        logger.info("the pool is joined", metadata: ["node": "\(contact.id)", "address": "\(address)"])
        do { try await node.run() } catch { logger.error("the pool's part ended", metadata: ["error": "\(error)"]) }
    }

    /// Brings an image here as `pouch pull` does, behind all that somebody waits for, and pins it for the order's time.
    private var puller: ImagePuller {
        { [engine] image, order, progress in
            let isTagged = image.contains("@") || (image.split(separator: "/").last?.contains(":") ?? false)
            var pull = try await engine.findImages(
                image, tag: isTagged ? nil : "latest", platform: nil, authorization: order.authorizations[image])
            pull.isPrewarm = true
            // A layer is kept as it came and as files, which are often twice as large.
            try await engine.makeRoom(for: 3 * pull.missingBytes(), of: image)
            try await pull.run { message in
                guard let id = message.id, !message.status.hasPrefix("Pulling from") else { return }
                progress(
                    LayerProgress(
                        layer: id, status: message.status, current: message.current ?? 0, total: message.total ?? 0))
            }
            if let ttl = order.ttl { try await engine.pinImage(image, seconds: ttl) }
        }
    }

    private func measure(_ node: PoolNode) {
        let ledger = node.ledger
        metrics.counter("pouch_pool_received_bytes_total", help: "Bytes of pieces that came from other nodes.") {
            Double(ledger.totals.received)
        }
        metrics.counter("pouch_pool_origin_bytes_total", help: "Bytes of pieces that came from registries.") {
            Double(ledger.totals.origin)
        }
        metrics.counter("pouch_pool_sent_bytes_total", help: "Bytes of pieces that went to other nodes.") {
            Double(ledger.totals.sent)
        }
        metrics.counter("pouch_pool_stalls_total", help: "Times that nothing moved for a while.") {
            Double(ledger.troubles.stalls)
        }
        metrics.counter("pouch_pool_hedges_total", help: "Pieces that were asked for twice.") {
            Double(ledger.troubles.hedges)
        }
        metrics.counter("pouch_pool_bans_total", help: "Nodes that this one stopped talking to.") {
            Double(ledger.troubles.bans)
        }
        metrics.counter("pouch_pool_wasted_bytes_total", help: "Bytes that came and were not needed, or wrong.") {
            Double(ledger.troubles.wasted)
        }
        metrics.counter("pouch_images_collected_total", help: "Images that went because space was short.") { [engine] in
            Double(engine.imagesCollected)
        }
        metrics.gauge("pouch_images_pinned", help: "Images that stay whatever needs the space.") { [engine] in
            Double(engine.imagesPinned)
        }
        metrics.counter(
            "pouch_pool_wrong_pieces_total", help: "Pieces that were refused, as they did not match their proofs."
        ) {
            Double(ledger.totals.wrong)
        }
    }

    /// Said by the service group's log, which must not tell the token.
    var description: String { "DistributionService" }

    /// The first label of the machine's name, in the letters that a node's name may have.
    private static var hostName: String {
        var name = utsname()
        uname(&name)
        let bytes = withUnsafeBytes(of: &name.nodename) { Array($0.prefix { $0 != 0 && $0 != 46 }) }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }
}
