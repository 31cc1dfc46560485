internal import Archives
internal import ContentStore
internal import Glibc
internal import ImageSpec
package import JSON
internal import Lanes
internal import LinuxKernel
internal import Logging
internal import Snapshots
internal import Synchronization

/// The space of images, kept within its limit: what can be fetched again goes, used longest ago first.
extension Engine {
    /// Looks after the space now and whenever images came, until cancelled; does nothing without marks.
    package func keepSpace() async {
        guard configuration.imageSpace != nil else { return }
        while !Task.isCancelled {
            do throws(EngineError) {
                try await collectImages()
            } catch {
                services.logger.warning("images cannot be collected", metadata: ["error": "\(error.message)"])
            }
            await images.collection.pause()
        }
    }

    /// Collects what is above the marks, once.
    func collectImages() async throws(EngineError) {
        guard let marks = spaceMarks else { return }
        try await evict(Eviction(await storedThings()).victims(marks))
    }

    /// Makes room for so many bytes that nobody waits for.
    ///
    /// - Throws: ``EngineError/failed(_:)`` when that could only be had from what is used, travels or is pinned.
    package func makeRoom(for bytes: Int64, of name: String) async throws(EngineError) {
        if let free = MachineSpace.free(at: configuration.dataRoot), bytes > free {
            throw .failed("\(name): no space: \(bytes) bytes may be needed, the disk has \(free)")
        }
        guard let marks = spaceMarks else { return }
        let eviction = Eviction(await storedThings())
        guard let victims = eviction.room(for: bytes, marks) else {
            throw .failed(
                "\(name): no space: \(bytes) bytes may be needed, \(eviction.taken) of \(marks.limit) are taken, and what is "
                    + "there is in use, pinned or on its way")
        }
        try await evict(victims)
    }

    private var spaceMarks: SpaceMarks? {
        guard let settings = configuration.imageSpace else { return nil }
        guard let limit = settings.limit ?? MachineSpace.total(at: configuration.dataRoot) else { return nil }
        return SpaceMarks(limit: limit, high: settings.high, low: settings.low)
    }

    // MARK: what there is

    /// Images, blobs that only the pool has, and blobs that were pushed here; nothing for a caller who was cancelled.
    private func storedThings() async -> [StoredThing] {
        guard await recovered.value() != nil else { return [] }
        let now = Int64(time(nil))
        let used = Set(await imageUses().map(\.image))
        for id in used { images.ledger.noteUse(of: id, at: now) }
        let pool = pool.withLock { $0 }
        let holdings = await pool?.holdings() ?? []
        return await Lanes.shared.run { [images] in images.things(used: used, holdings, now: now) }
    }

    private func evict(_ victims: [StoredThing]) async throws(EngineError) {
        guard !victims.isEmpty else { return }
        let names = Set(victims.map(\.name))
        let doomed = images.store.all.filter { names.contains(ImageService.name(of: $0)) }.map(\.id)
        let uses = await imageUses()
        let removals: [ImageRemoval]
        do throws(ImageError) {
            removals = try await images.store.evict(doomed, uses: uses)
        } catch {
            throw EngineError(error)
        }
        _ = report(removals)
        let gone = removals.count { if case .deleted = $0 { true } else { false } }
        images.collection.count(gone)
        services.logger.info("images collected", metadata: ["images": "\(gone)", "things": "\(victims.count)"])
        guard let pool = pool.withLock({ $0 }) else { return }
        let content = images.store.content
        let blobs = await pool.holdings().filter { holding in
            !holding.isBusy
                && (names.contains(ImageService.name(of: holding))
                    || holding.isShared && !content.contains(holding.blob))
        }
        await pool.evict(Set(blobs.map(\.blob)))
    }

    // MARK: pins

    /// Keeps what `reference` leads to from being collected for so many seconds.
    package func pinImage(_ reference: String, seconds: Int64) async throws(EngineError) {
        let image = try images.find(reference)
        let ledger = images.ledger
        do throws(SyscallError) {
            try await Lanes.shared.run { () throws(SyscallError) in
                try ledger.pin(image.id, until: Int64(time(nil)) + seconds)
            }
        } catch {
            throw .system(doing: "pin \(reference)", error)
        }
    }

    /// The space of images, for people and metrics.
    package func imageSpace() async -> JSONValue {
        let eviction = Eviction(await storedThings())
        var json: JSONValue = [
            "bytes": eviction.taken.json, "collected": images.collection.collected.json,
            "pinned": images.ledger.pins(at: Int64(time(nil))).json,
        ]
        if let marks = spaceMarks {
            json["limit"] = marks.limit.json
            json["high"] = marks.highBytes.json
            json["low"] = marks.lowBytes.json
        }
        return json
    }

    package var imagesCollected: Int { images.collection.collected }
    package var imagesPinned: Int { images.ledger.pins(at: Int64(time(nil))) }
}

extension ImageService {
    static func name(of image: Image) -> String { "image \(image.id)" }
    static func name(of holding: PoolHolding) -> String { "pieces of \(holding.blob)" }

    /// Everything that takes space; blocks on the disk.
    func things(used: Set<Digest>, _ holdings: [PoolHolding], now: Int64) -> [StoredThing] {
        let all = store.all
        ledger.keep(only: Set(all.map(\.id)))
        try? ledger.save()
        let parents = Set(all.compactMap(\.parent))
        let busy = Set(holdings.filter(\.isBusy).map(\.blob))
        var owned: Set<Digest> = []
        var things = all.map { image -> StoredThing in
            var parts: [String: Int64] = [:]
            for digest in image.contentDigests {
                owned.insert(digest)
                parts["blob \(digest)"] = (try? store.content.size(of: digest)) ?? 0
            }
            for (chain, layer) in zip(image.chain, image.layers) { parts["layer \(chain)"] = layer.size }
            var thing = StoredThing(
                name: Self.name(of: image), parts: parts,
                lastUse: max(ledger.lastUse(of: image.id) ?? 0, image.arrived.seconds, image.lastTagged.seconds))
            if used.contains(image.id) || parents.contains(image.id) {
                thing.hold = .inUse
            } else if image.digests.isEmpty {
                thing.hold = .irreplaceable
            } else if ledger.isPinned(image.id, at: now) {
                thing.hold = .pinned
            } else if image.layers.contains(where: { busy.contains($0.blob.digest) }) {
                thing.hold = .travelling
            }
            return thing
        }
        // Of pieces that the content store has too the disk holds the bytes once.
        for holding in holdings where !owned.contains(holding.blob) {
            let part = holding.isShared ? "blob \(holding.blob)" : "pieces \(holding.blob)"
            things.append(
                StoredThing(
                    name: Self.name(of: holding), parts: [part: holding.bytes], lastUse: holding.lastUse,
                    hold: holding.isBusy ? .travelling : nil))
        }
        for digest in (try? store.content.digests()) ?? [] where !owned.contains(digest) {
            let size = (try? store.content.size(of: digest)) ?? 0
            things.append(
                StoredThing(
                    name: "blob \(digest)", parts: ["blob \(digest)": size], lastUse: now, hold: .irreplaceable))
        }
        return things
    }
}
