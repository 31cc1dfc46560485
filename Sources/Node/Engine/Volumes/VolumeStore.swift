internal import DiskQuota
internal import Lanes
internal import LinuxKernel
internal import Synchronization
internal import Volumes

/// Named folders that outlive containers, whichever driver has them: `local`, `tmpfs`, or a plugin of another process.
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
        let record = record(name)
        if let place = record?.place { return place }
        guard let space = record?.space else { return root + "/" + name + "/_data" }
        return spaces.folder(of: .volume(name), in: space) + "/_data"
    }

    /// Nil when there is no such volume.
    nonisolated func record(_ name: String) -> VolumeRecord? { records.withLock { $0[name] } }

    /// Finds or makes a volume; a new one lies in `space` when there is one.
    func obtain(
        _ name: String, driver: String, options: [String: String], labels: [String: String], anonymous: Bool,
        space: UInt32? = nil
    ) async throws(EngineError) -> VolumeRecord {
        while let other = making[name] {
            guard await other.value() != nil else { throw .failed("create \(name): cancelled") }
        }
        if let existing = record(name) {
            guard driver.isEmpty || driver == existing.driver else {
                throw .conflict("volume \(name) is there already, of the driver \(existing.driver)")
            }
            return existing
        }
        var record = VolumeRecord(name: name, created: .now)
        record.driver = driver.isEmpty ? "local" : driver
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
        var made = wanted
        let isOurs = Self.isBuiltIn(made.driver)
        do throws(VolumesError) {
            if isOurs {
                let spec = try VolumeSpec(driver: made.driver, made.options, of: made.name)
                made.place = spec.folder
                if let limit = spec.limit {
                    let member: SpaceMember = spec.folder.map { .folder($0, of: made.name) } ?? .volume(made.name)
                    if let folder = spec.folder { try Self.makeFolder(folder) }
                    let space = try await spaces.open(limit, id: nil, members: [member], isVolatile: false)
                    made.space = space
                    try await spaces.settle(space)
                }
            } else {
                let (plugin, record) = (made.driver, made)
                try await Lanes.shared.run { () throws(VolumesError) in
                    try VolumePlugin.find(plugin).create(record.name, record.options)
                }
                made.place = ""
            }
        } catch {
            throw EngineError(error)
        }
        let record = made
        records.withLock { $0[record.name] = record }
        do throws(EngineError) {
            if isOurs {
                do throws(VolumesError) { try Self.makeFolder(mountpoint(record.name)) } catch {
                    throw EngineError(error)
                }
            }
            try await database.insert(record)
        } catch {
            records.withLock { $0[record.name] = nil }
            if wanted.space == nil { try? await leaveSpace(record) }
            throw error
        }
        post("create", record)
        return record
    }

    static func isBuiltIn(_ driver: String) -> Bool { ["", "local", "tmpfs"].contains(driver) }

    private static func makeFolder(_ path: String) throws(VolumesError) {
        do throws(SyscallError) { try Folders.make(path) } catch { throw .kernel(doing: "make \(path)", error) }
    }

    private func leaveSpace(_ record: VolumeRecord) async throws(VolumesError) {
        try await spaces.leave(record.place.map { .folder($0, of: record.name) } ?? .volume(record.name))
    }

    private nonisolated func post(_ action: String, _ record: VolumeRecord) {
        events.post(
            Event(
                type: "volume", action: action, actor: record.name, attributes: ["driver": record.driver], time: .now))
    }

    // MARK: use

    /// Makes a volume's folder usable for a container that is about to start; gives the folder.
    func activate(_ name: String, for container: String) async throws(EngineError) -> String {
        let record = try find(name)
        let folder = mountpoint(name)
        do throws(VolumesError) {
            if Self.isBuiltIn(record.driver) {
                guard let mount = try VolumeSpec(driver: record.driver, record.options, of: name).mount else {
                    return folder
                }
                try mount.perform(on: folder)
                return folder
            }
            let place = try await Lanes.shared.run { () throws(VolumesError) in
                try VolumePlugin.find(record.driver).mount(name, for: container)
            }
            records.withLock { $0[name]?.place = place }
            return place
        } catch {
            throw EngineError(error)
        }
    }

    /// Ends that; `isLast` says that no other container runs with it.
    func deactivate(_ name: String, for container: String, isLast: Bool) async throws(EngineError) {
        guard let record = record(name) else { return }
        do throws(VolumesError) {
            if Self.isBuiltIn(record.driver) {
                guard isLast, record.place == nil,
                    try VolumeSpec(driver: record.driver, record.options, of: name).mount != nil
                else { return }
                try FilesystemMount.undo(on: mountpoint(name))
            } else {
                try await Lanes.shared.run { () throws(VolumesError) in
                    try VolumePlugin.find(record.driver).unmount(name, for: container)
                }
            }
        } catch {
            throw EngineError(error)
        }
    }

    nonisolated func find(_ name: String) throws(EngineError) -> VolumeRecord {
        guard let record = record(name) else { throw .noSuchVolume(name) }
        return record
    }

    nonisolated var all: [VolumeRecord] { records.withLock { $0.values.sorted { $0.name < $1.name } } }

    /// Removes a volume with what is in it; a folder of the user's stays as it is.
    func remove(_ name: String) async throws(EngineError) {
        let record = try find(name)
        do throws(VolumesError) {
            if !Self.isBuiltIn(record.driver) {
                try await Lanes.shared.run { () throws(VolumesError) in
                    try VolumePlugin.find(record.driver).remove(name)
                }
            } else if record.place == nil {
                try FilesystemMount.undo(on: mountpoint(name))
            }
        } catch {
            throw EngineError(error)
        }
        guard records.withLock({ $0.removeValue(forKey: name) }) != nil else { throw .noSuchVolume(name) }
        try await database.deleteVolume(name)
        if record.space != nil {
            do throws(VolumesError) { try await leaveSpace(record) } catch { throw EngineError(error) }
        }
        if record.place == nil, record.space == nil { Folders.remove(root + "/" + name) }
        post("destroy", record)
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
