internal import DiskQuota
internal import Lanes
internal import LinuxKernel
internal import Synchronization
internal import Volumes

/// Named folders that outlive containers: the `local` driver.
///
/// The volumes' own room will put more drivers behind the same calls.
actor VolumeStore: LaneBound {
    nonisolated let lane = BlockingLane()
    private let root: String
    private let spaces: SpaceStore
    private let database: EngineDatabase
    private let events: EventBus
    private let records = Mutex<[String: VolumeRecord]>([:])
    /// Those that somebody is making right now.
    private var making: [String: Announcement<Void>] = [:]

    init(root: String, spaces: SpaceStore, database: EngineDatabase, events: EventBus) {
        self.root = root
        self.spaces = spaces
        self.database = database
        self.events = events
    }

    func load() throws(EngineError) {
        let stored = try database.volumes()
        records.withLock { records in
            for record in stored { records[record.name] = record }
        }
    }

    nonisolated func mountpoint(_ name: String) -> String {
        guard let space = record(name)?.space else { return root + "/" + name + "/_data" }
        return spaces.folder(of: .volume(name), in: space) + "/_data"
    }

    /// Nil when there is no such volume.
    nonisolated func record(_ name: String) -> VolumeRecord? { records.withLock { $0[name] } }

    /// Finds or makes a volume; a new one lies in `space` when there is one.
    func obtain(
        _ name: String, driver: String, options: [String: String], labels: [String: String], anonymous: Bool,
        space: UInt32? = nil
    ) async throws(EngineError) -> VolumeRecord {
        guard driver.isEmpty || driver == "local" else {
            throw .notFound("error looking up volume plugin \(driver): plugin \"\(driver)\" not found")
        }
        while let other = making[name] {
            guard await other.value() != nil else { throw .failed("create \(name): cancelled") }
        }
        if let existing = record(name) { return existing }
        var record = VolumeRecord(name: name, created: .now)
        record.labels = labels
        record.options = options
        record.anonymous = anonymous
        record.space = space
        let announcement = Announcement<Void>()
        making[name] = announcement
        defer {
            making[name] = nil
            announcement.make(())
        }
        return try await make(record)
    }

    private func make(_ wanted: VolumeRecord) async throws(EngineError) -> VolumeRecord {
        var record = wanted
        do throws(VolumesError) {
            if let limit = try VolumeLimit(record.options, of: record.name).limit {
                record.space = try await spaces.open(
                    limit, id: nil, members: [.volume(record.name)], isVolatile: false)
                if let space = record.space { try await spaces.settle(space) }
            }
        } catch {
            if record.space != nil { try? await spaces.leave(.volume(record.name)) }
            throw EngineError(error)
        }
        let made = record
        records.withLock { $0[made.name] = made }
        do throws(EngineError) {
            do throws(SyscallError) {
                try Folders.make(mountpoint(made.name))
            } catch {
                throw .system(doing: "create \(made.name)", error)
            }
            try await database.insert(made)
        } catch {
            records.withLock { $0[made.name] = nil }
            if wanted.space == nil, made.space != nil { try? await spaces.leave(.volume(made.name)) }
            throw error
        }
        events.post(
            Event(type: "volume", action: "create", actor: made.name, attributes: ["driver": "local"], time: .now))
        return made
    }

    nonisolated func find(_ name: String) throws(EngineError) -> VolumeRecord {
        guard let record = record(name) else { throw .noSuchVolume(name) }
        return record
    }

    nonisolated var all: [VolumeRecord] { records.withLock { $0.values.sorted { $0.name < $1.name } } }

    func remove(_ name: String) async throws(EngineError) {
        guard let record = records.withLock({ $0.removeValue(forKey: name) }) else { throw .noSuchVolume(name) }
        try await database.deleteVolume(name)
        if record.space == nil {
            Folders.remove(root + "/" + name)
        } else {
            do throws(VolumesError) { try await spaces.leave(.volume(name)) } catch { throw EngineError(error) }
        }
        events.post(Event(type: "volume", action: "destroy", actor: name, attributes: ["driver": "local"], time: .now))
    }

    /// Bytes on the disk.
    func usage(_ name: String) async -> Int64 {
        // Alone in its space the kernel has counted already.
        if let id = record(name)?.space, let space = await spaces.record(id), space.members == [.volume(name)],
            let usage = try? await spaces.usage(id)
        {
            return Int64(clamping: usage.bytes)
        }
        return Folders.usage(mountpoint(name))
    }
}
