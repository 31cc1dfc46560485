internal import Lanes
internal import LinuxKernel

/// Named folders that outlive containers: the `local` driver.
///
/// The volumes' own room will put more drivers behind the same calls.
actor VolumeStore: LaneBound {
    nonisolated let lane = BlockingLane()
    private let root: String
    private let database: EngineDatabase
    private let events: EventBus
    private var records: [String: VolumeRecord] = [:]

    init(root: String, database: EngineDatabase, events: EventBus) {
        self.root = root
        self.database = database
        self.events = events
    }

    func load() throws(EngineError) {
        for record in try database.volumes() { records[record.name] = record }
    }

    nonisolated func mountpoint(_ name: String) -> String { root + "/" + name + "/_data" }

    /// Finds or makes a volume.
    func obtain(
        _ name: String, driver: String, options: [String: String], labels: [String: String], anonymous: Bool
    ) async throws(EngineError) -> VolumeRecord {
        guard driver.isEmpty || driver == "local" else {
            throw .notFound("error looking up volume plugin \(driver): plugin \"\(driver)\" not found")
        }
        if let existing = records[name] { return existing }
        if let option = options.keys.sorted().first {
            throw .invalid("create \(name): invalid option: \"\(option)\"")
        }
        var record = VolumeRecord(name: name, created: .now)
        record.labels = labels
        record.anonymous = anonymous
        do throws(SyscallError) {
            try Folders.make(mountpoint(name))
        } catch {
            throw .system(doing: "create \(name)", error)
        }
        records[name] = record
        try await database.insert(record)
        events.post(Event(type: "volume", action: "create", actor: name, attributes: ["driver": "local"], time: .now))
        return record
    }

    func find(_ name: String) throws(EngineError) -> VolumeRecord {
        guard let record = records[name] else { throw .noSuchVolume(name) }
        return record
    }

    var all: [VolumeRecord] { records.values.sorted { $0.name < $1.name } }

    func remove(_ name: String) async throws(EngineError) {
        guard records[name] != nil else { throw .noSuchVolume(name) }
        records[name] = nil
        try await database.deleteVolume(name)
        Folders.remove(root + "/" + name)
        events.post(Event(type: "volume", action: "destroy", actor: name, attributes: ["driver": "local"], time: .now))
    }

    /// Bytes on the disk.
    func usage(_ name: String) -> Int64 { Folders.usage(mountpoint(name)) }
}
