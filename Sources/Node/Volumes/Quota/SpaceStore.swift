package import DiskQuota
internal import Glibc
internal import Lanes
internal import LinuxKernel
internal import Synchronization
internal import Units

/// The limited folders of this machine, and who lies in which.
///
/// A space is written down before it is made and struck out after it is gone, so that ``recover(members:)`` finds what a crash left.
package actor SpaceStore {
    private let root: String
    private let templates: String
    private let wanted: String?
    private let maker: any FilesystemMaker
    private let ledger: any SpaceLedger
    private let found = Mutex<QuotaChoice?>(nil)
    private var records: [UInt32: SpaceRecord] = [:]

    /// Below the numbers that Pouch gives, project ids belong to the machine's administrator.
    private static let firstID: UInt32 = 1 << 24

    /// `root` is a folder of ours on the disk that is to be limited, `templates` one for the loop driver's; `driver` names
    /// the one to use, else the best is.
    package init(
        root: String, templates: String, driver: String?, maker: any FilesystemMaker = MkfsProgram(),
        ledger: any SpaceLedger
    ) {
        self.root = root
        self.templates = templates
        wanted = driver
        self.maker = maker
        self.ledger = ledger
    }

    // MARK: drivers

    /// The driver for new spaces, and why that one.
    ///
    /// Looked for once, when it is first asked for; blocks shortly.
    package nonisolated var choice: QuotaChoice {
        found.withLock { found in
            if let found { return found }
            try? Files.makeDirectory(root, mode: 0o711)
            let choice = QuotaChoice.make(for: root, wanted: wanted, templates: templates, maker: maker)
            // What is missing may be installed meanwhile: only a driver is remembered.
            if choice.driver != nil { found = choice }
            return choice
        }
    }

    private nonisolated func driver() throws(VolumesError) -> any QuotaDriver {
        let choice = choice
        guard let driver = choice.driver else {
            throw .invalid("no disk quota can be enforced on \(root): \(choice.reason)")
        }
        return driver
    }

    /// The driver that made a space, which need not be today's choice.
    private nonisolated func driver(of record: SpaceRecord) throws(VolumesError) -> any QuotaDriver {
        if let driver = choice.driver, driver.name == record.driver { return driver }
        let old = QuotaChoice.make(for: root, wanted: record.driver, templates: templates, maker: maker)
        guard let driver = old.driver else { throw .invalid("disk quota \(record.id): \(old.reason)") }
        return driver
    }

    private nonisolated func space(_ record: SpaceRecord) -> QuotaSpace {
        QuotaSpace(id: record.id, path: "\(root)/\(record.id)", isVolatile: record.isVolatile)
    }

    /// The folder of `member` in a space.
    package nonisolated func folder(of member: SpaceMember, in id: UInt32) -> String {
        "\(root)/\(id)/fs/\(member.folder ?? "")"
    }

    // MARK: asking

    package func space(of member: SpaceMember) -> SpaceRecord? {
        records.values.first { $0.members.contains(member) }
    }

    /// What a container has in spaces; not its volumes.
    package func members(of container: String) -> [SpaceMember] {
        records.values.flatMap(\.members).filter { $0.kind != .volume && $0.container == container }
    }

    package func record(_ id: UInt32) -> SpaceRecord? { records[id] }

    package func usage(_ id: UInt32) async throws(VolumesError) -> QuotaUsage {
        guard let record = records[id] else { throw .notFound("disk quota \(id): not found") }
        let (driver, space) = (try driver(of: record), space(record))
        return try await blocking { () throws(QuotaError) in try driver.usage(space) }
    }

    // MARK: making

    /// Makes a space, or joins the one that has the id `wanted` already, which must have the same limit.
    ///
    /// - Returns: its id; every member that lies in it has an empty folder there.
    package func open(
        _ limit: QuotaLimit, id wanted: UInt32?, members: [SpaceMember], isVolatile: Bool
    ) async throws(VolumesError) -> UInt32 {
        if let wanted, let old = records[wanted] {
            guard old.limit == limit else {
                throw .conflict("quota id \(wanted) has a limit of \(old.limit) already, not \(limit)")
            }
            try await join(wanted, members)
            return wanted
        }
        let driver = try driver()
        try check(limit, driver, members)
        try checkFolders(members, id: nil)
        let id = try unusedID(wanted, driver)
        let record = SpaceRecord(
            id: id, driver: driver.name, bytes: limit.bytes?.bytes, inodes: limit.inodes, isVolatile: isVolatile,
            members: members)
        // Before the first suspension, so that nobody else takes the number.
        records[id] = record
        do throws(VolumesError) {
            try await ledger.save(record, durable: !isVolatile)
            let space = space(record)
            try await blocking { () throws(QuotaError) in try driver.make(space, limit: limit) }
            try await settle(members, in: record, driver)
        } catch {
            await discard(id)
            throw error
        }
        return id
    }

    private nonisolated func check(
        _ limit: QuotaLimit, _ driver: any QuotaDriver, _ members: [SpaceMember]
    ) throws(VolumesError) {
        if !driver.abilities.inodes, limit.inodes != nil {
            throw .quota(.unsupported(driver: driver.name, "cannot limit the number of files"))
        }
        if !driver.abilities.foreignFolders, let path = members.lazy.compactMap(\.path).first {
            throw .quota(
                .unsupported(
                    driver: driver.name,
                    "cannot limit \(path), which was there before: name what to limit, as in --disk-quota /=10g, or give "
                        + "a new volume a size (volume create -o size=10g)"))
        }
        guard let bytes = limit.bytes?.bytes else { return }
        if let size = DiskSpace.size(of: root), bytes > size {
            throw .invalid("a disk quota of \(bytes) bytes is more than the disk of \(root) has, which is \(size)")
        }
    }

    /// A folder elsewhere is counted once.
    private func checkFolders(_ members: [SpaceMember], id: UInt32?) throws(VolumesError) {
        for path in members.compactMap(\.path) {
            if let other = records.values.first(where: { $0.id != id && $0.members.contains { $0.path == path } }) {
                throw .conflict("\(path) has a limit already, under quota id \(other.id)")
            }
        }
    }

    private nonisolated func unused(_ id: UInt32, _ driver: any QuotaDriver) -> Bool {
        !((driver as? ProjectQuota)?.isTaken(id) ?? false)
    }

    private func unusedID(_ wanted: UInt32?, _ driver: any QuotaDriver) throws(VolumesError) -> UInt32 {
        if let wanted {
            guard unused(wanted, driver) else {
                throw .conflict("quota id \(wanted) is in use on this filesystem, by somebody else")
            }
            return wanted
        }
        var id = Self.firstID
        while records[id] != nil || !unused(id, driver) {
            guard id < .max - 1 else { throw .failed("no quota id is left") }
            id += 1
        }
        return id
    }

    private func join(_ id: UInt32, _ members: [SpaceMember]) async throws(VolumesError) {
        guard var record = records[id] else { throw .notFound("disk quota \(id): not found") }
        let driver = try driver(of: record)
        try check(record.limit, driver, members)
        try checkFolders(members, id: id)
        record.members += members
        records[id] = record
        do throws(VolumesError) {
            try await ledger.save(record, durable: !record.isVolatile)
            try await settle(members, in: record, driver)
        } catch {
            for member in members { try? await leave(member) }
            throw error
        }
    }

    /// Makes the members' folders, takes in those that lie elsewhere.
    private func settle(
        _ members: [SpaceMember], in record: SpaceRecord, _ driver: any QuotaDriver
    ) async throws(VolumesError) {
        let space = space(record)
        try await blocking { () throws(QuotaError) in
            for member in members {
                if let folder = member.folder {
                    do throws(SyscallError) {
                        try Files.makeDirectory("\(space.content)/\(folder)", mode: 0o711)
                    } catch {
                        throw .kernel(doing: "make \(space.content)/\(folder)", error)
                    }
                } else if let path = member.path {
                    try driver.takeIn(path, to: space)
                    let usage = try driver.usage(space)
                    if let most = record.bytes, usage.bytes > most {
                        throw .tooSmall("\(path) holds more already than a limit of \(most) bytes allows")
                    }
                }
            }
        }
    }

    /// Does what a new space still lacks, beside its container.
    package func settle(_ id: UInt32) async throws(VolumesError) {
        guard let record = records[id] else { return }
        let (driver, space) = (try driver(of: record), space(record))
        try await blocking { () throws(QuotaError) in try driver.settle(space) }
    }

    // MARK: changing

    /// Gives a space another limit; one that is the same already is fine.
    ///
    /// `isIdle` says that nothing runs in it.
    package func change(_ id: UInt32, to limit: QuotaLimit, isIdle: Bool) async throws(VolumesError) {
        guard var record = records[id] else { throw .notFound("disk quota \(id): not found") }
        guard record.limit != limit else { return }
        let (driver, space) = (try driver(of: record), space(record))
        try check(limit, driver, [])
        try await blocking { () throws(QuotaError) in try driver.change(space, to: limit, isIdle: isIdle) }
        if limit.bytes == nil, let bytes = record.bytes {
            record.bytes = bytes
        } else {
            record.bytes = limit.bytes?.bytes
        }
        if let inodes = limit.inodes { record.inodes = inodes }
        records[id] = record
        try await ledger.save(record, durable: !record.isVolatile)
    }

    // MARK: leaving

    /// Removes what `member` has in its space, and the space with its last member; one that is in none is fine.
    package func leave(_ member: SpaceMember) async throws(VolumesError) {
        guard var record = space(of: member) else { return }
        if record.members == [member] {
            await discard(record.id)
            return
        }
        let (driver, space) = (try driver(of: record), space(record))
        let isShared = record.members.contains { $0 != member && $0.path == member.path }
        try await blocking { () throws(QuotaError) in
            if let path = member.path, !isShared { try driver.letGo(path, of: space) }
            if let folder = member.folder, let error = FolderRemoval.remove("\(space.content)/\(folder)") {
                throw .kernel(doing: "remove \(space.content)/\(folder)", error)
            }
        }
        record.members.removeAll { $0 == member }
        records[record.id] = record
        try await ledger.save(record, durable: !record.isVolatile)
    }

    /// Removes a space with all that is in it; what cannot be removed now is found again by ``recover(members:)``.
    private func discard(_ id: UInt32) async {
        guard let record = records[id] else { return }
        do throws(VolumesError) {
            let (driver, space) = (try driver(of: record), space(record))
            try await blocking { () throws(QuotaError) in
                for path in record.members.compactMap(\.path) { try driver.letGo(path, of: space) }
                try driver.remove(space)
            }
            try await ledger.deleteSpace(id, durable: !record.isVolatile)
            records[id] = nil
        } catch {
            // The record stays and says so: its members are gone, the next recovery tries again.
            records[id]?.members = []
            if let left = records[id] { try? await ledger.save(left, durable: false) }
        }
    }

    // MARK: after a restart

    /// Takes over what is written down: spaces of members that still exist are attached, others go, and so does what no record names.
    ///
    /// - Returns: what went wrong, for the log; the space concerned stays as it is.
    package func recover(exists: (SpaceMember) -> Bool) async throws(VolumesError) -> [String] {
        for record in try ledger.spaces() { records[record.id] = record }
        var complaints: [String] = []
        for record in records.values.sorted(by: { $0.id < $1.id }) {
            let gone = record.members.filter { !exists($0) }
            guard gone.count < record.members.count else {
                await discard(record.id)
                if records[record.id] != nil { complaints.append("disk quota \(record.id): could not be removed") }
                continue
            }
            do throws(VolumesError) {
                let (driver, space) = (try driver(of: record), space(record))
                try await blocking { () throws(QuotaError) in try driver.attach(space) }
                for member in gone { try await leave(member) }
            } catch {
                complaints.append("disk quota \(record.id): \(error)")
            }
        }
        for name in (try? Files.list(root)) ?? [] {
            guard let id = UInt32(name), records[id] == nil, let driver = choice.driver else { continue }
            let space = QuotaSpace(id: id, path: "\(root)/\(name)")
            do throws(VolumesError) {
                try await blocking { () throws(QuotaError) in try driver.remove(space) }
            } catch {
                complaints.append("\(space.path): \(error)")
            }
        }
        return complaints
    }

    private nonisolated func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws(QuotaError) -> Result
    ) async throws(VolumesError) -> Result {
        do throws(QuotaError) {
            return try await Lanes.shared.run(body)
        } catch {
            throw .quota(error)
        }
    }
}
