internal import DiskQuota
internal import LinuxKernel
internal import Logging
internal import Volumes

extension Engine {
    /// Makes the limited spaces that a container asks for; without a quota this does nothing at all.
    ///
    /// - Throws: when a limit cannot be enforced, unless the container is to run without one then.
    func limit(_ record: inout ContainerRecord, _ made: inout HalfMade) async throws(EngineError) {
        let rules = try record.quotaRules()
        guard !rules.isEmpty else { return }
        do throws(EngineError) {
            record.spaces = try await openSpaces(record, rules)
        } catch {
            await leaveSpaces(of: record.id)
            // Its volumes are not made yet: what is reserved for them goes too.
            for mount in record.mounts where mount.kind == .volume && services.volumes.record(mount.source) == nil {
                try? await services.spaces.leave(.volume(mount.source))
            }
            guard record.config.diskQuotaFallback == "ignore" else { throw error }
            made.warnings.append("running without a disk quota: \(error.message)")
            return
        }
        if services.spaces.choice.driver?.abilities.privilegeEscapes == true, record.passesLimits {
            made.warnings.append(
                "the disk quota does not hold for processes with CAP_SYS_RESOURCE on ext4, and this container has it")
        }
    }

    private func openSpaces(
        _ record: ContainerRecord, _ rules: DiskQuotaRules
    ) async throws(EngineError) -> [String: UInt32] {
        var spaces: [String: UInt32] = [:]
        var members = try QuotaMember.all(of: record, services.volumes)
        members["/"] = QuotaMember(.container(record.id))
        do throws(VolumesError) {
            let targets = members.map { DiskQuotaRules.Target($0, isShy: $1.isShy) }
                .sorted { $0.destination < $1.destination }
            for pool in try rules.pools(for: targets) {
                var id: UInt32?
                if case .fixed(let number) = pool.sharing { id = number }
                let space = try await services.spaces.open(
                    pool.limit, id: id, members: pool.destinations.compactMap { members[$0]?.member },
                    isVolatile: record.hostConfig.autoRemove)
                for destination in pool.destinations { spaces[destination] = space }
            }
        } catch {
            throw EngineError(error)
        }
        return spaces
    }

    /// Does beside a container what its new spaces still lack.
    func settle(_ spaces: [String: UInt32]?) {
        guard let spaces, !spaces.isEmpty else { return }
        let (store, logger) = (services.spaces, services.logger)
        services.background.start {
            for id in Set(spaces.values).sorted() {
                do throws(VolumesError) {
                    try await store.settle(id)
                } catch {
                    logger.error("disk quota not settled", metadata: ["space": "\(id)", "error": "\(error)"])
                }
            }
        }
    }

    /// Removes what container `id` has in limited spaces.
    func leaveSpaces(of id: String) async {
        for member in await services.spaces.members(of: id) { try? await services.spaces.leave(member) }
    }

    /// After a restart: limited spaces are usable again, those of nobody are gone.
    func recoverSpaces(_ containers: Set<String>) async {
        let volumes = services.volumes
        do throws(VolumesError) {
            let complaints = try await services.spaces.recover { member in
                switch member.kind {
                case .volume: volumes.record(member.name) != nil
                // A folder is a container's, or a volume's that is the user's.
                case .container, .folder:
                    containers.contains(member.container) || volumes.record(member.container) != nil
                }
            }
            for complaint in complaints { services.logger.error("disk quota", metadata: ["error": "\(complaint)"]) }
        } catch {
            services.logger.error("disk quotas not recovered", metadata: ["error": "\(error)"])
        }
    }

    // MARK: showing

    /// Bytes that a container wrote; of a shared limit all that was written below it, as the kernel counts no finer.
    func written(by record: ContainerRecord) async throws(EngineError) -> Int64 {
        guard let space = record.spaces?["/"], let usage = try? await services.spaces.usage(space) else {
            return try await images.usage(of: record.id)
        }
        return Int64(clamping: usage.bytes)
    }

    /// Lines for `info`: the driver, and why that one.
    var quotaStatus: [[String]] {
        let choice = services.spaces.choice
        return [["Disk Quota Driver", choice.driver?.name ?? "none"], ["Disk Quota Reason", choice.reason]]
    }
}

/// Who gets a limit, and whether only by name.
struct QuotaMember {
    var member: SpaceMember
    var isShy: Bool

    init(_ member: SpaceMember, isShy: Bool = false) {
        self.member = member
        self.isShy = isShy
    }

    /// What of a container, beside its root filesystem, can have a limit; by destination.
    static func all(
        of record: ContainerRecord, _ volumes: VolumeStore
    ) throws(EngineError) -> [String: QuotaMember] {
        var members: [String: QuotaMember] = [:]
        for mount in record.mounts {
            switch mount.kind {
            case .tmpfs: break
            case .bind:
                let source = try Container.bindSource(mount)
                guard (try? Files.status(source))?.isDirectory == true else { continue }
                members[mount.destination] = QuotaMember(.folder(source, of: record.id), isShy: mount.readOnly)
            case .volume:
                let old = volumes.record(mount.source)
                // A volume with a limit keeps it.
                guard old?.space == nil, mount.makesSubpath != true,
                    VolumeSpec.isUnlimited(mount.driverOptions),
                    !VolumeSpec.isElsewhere(old?.options ?? mount.driverOptions),
                    ["", "local"].contains(old?.driver ?? mount.driver)
                else { continue }
                let member: SpaceMember =
                    old == nil
                    ? .volume(mount.source) : .folder(volumes.mountpoint(mount.source), of: record.id)
                members[mount.destination] = QuotaMember(member, isShy: mount.readOnly)
            }
        }
        return members
    }
}

extension ContainerRecord {
    /// The rules of `--disk-quota`, `--quota-id` and docker's `--storage-opt size=`.
    func quotaRules() throws(EngineError) -> DiskQuotaRules {
        var quotas = config.diskQuota ?? [:]
        if let size = hostConfig.storageOpt?["size"] {
            guard quotas.isEmpty else { throw .invalid("conflicting options: --storage-opt size and --disk-quota") }
            quotas["/"] = size
        }
        do throws(VolumesError) {
            return try DiskQuotaRules(quotas, id: config.quotaID ?? "")
        } catch {
            throw EngineError(error)
        }
    }

    /// Whether its processes have CAP_SYS_RESOURCE.
    var passesLimits: Bool {
        let added = (hostConfig.capAdd?.words ?? []).map { $0.uppercased() }
        return hostConfig.privileged || added.contains { ["ALL", "SYS_RESOURCE", "CAP_SYS_RESOURCE"].contains($0) }
    }
}

extension Container {
    /// Removes what it has in limited spaces.
    func leaveSpaces() async throws(EngineError) {
        guard record.spaces != nil else { return }
        do throws(VolumesError) {
            for member in await services.spaces.members(of: id) { try await services.spaces.leave(member) }
        } catch {
            throw EngineError(error)
        }
    }
}
