internal import DiskQuota
internal import LinuxKernel
internal import Volumes

extension Container {
    /// Puts limits in the place of those with the same keys, or beside them; checks all before it changes one.
    func updateQuota(_ quotas: [String: String], _ changed: inout ContainerRecord) async throws(EngineError) {
        guard !quotas.isEmpty else { return }
        // What has ended is let go of first.
        if isIdle { await run?.tidied.value() }
        guard changed.hostConfig.storageOpt?["size"] == nil else {
            throw .invalid("conflicting options: the container's limit was set by --storage-opt size")
        }
        changed.config.diskQuota = (changed.config.diskQuota ?? [:]).merging(quotas) { $1 }
        let rules = try changed.quotaRules()
        let members = try quotaTargets(of: changed)
        var pools: [DiskQuotaRules.Pool] = []
        do throws(VolumesError) {
            pools = try rules.pools(for: members.map { DiskQuotaRules.Target($0, isShy: $1.isShy) })
            for pool in pools { try check(pool, changed) }
        } catch {
            throw EngineError(error)
        }
        for pool in pools {
            if let space = changed.spaces?[pool.destinations[0]] {
                do throws(VolumesError) {
                    try await services.spaces.change(space, to: pool.limit, isIdle: isIdle)
                } catch {
                    throw EngineError(error)
                }
            } else {
                try await add(pool, members, &changed)
            }
        }
    }

    private var isIdle: Bool { machine.process == nil }

    /// What the container has that can have a limit, by destination.
    private func quotaTargets(of record: ContainerRecord) throws(EngineError) -> [String: QuotaMember] {
        var members = try QuotaMember.all(of: record, services.volumes)
        members["/"] = QuotaMember(.container(id))
        for (destination, _) in record.spaces ?? [:] where members[destination] == nil {
            members[destination] = QuotaMember(.container(id))
        }
        return members
    }

    /// - Throws: for what no driver does: another grouping of what has limits already.
    private func check(_ pool: DiskQuotaRules.Pool, _ record: ContainerRecord) throws(VolumesError) {
        let spaces = Set(pool.destinations.map { record.spaces?[$0] })
        guard spaces.count == 1 else {
            throw .invalid(
                "disk quota \"\(pool.key)\": \(pool.destinations.joined(separator: ", ")) have different limits, they "
                    + "cannot be put together afterwards")
        }
        if let space = spaces.first ?? nil {
            let together = (record.spaces ?? [:]).filter { $0.value == space }.map(\.key)
            guard Set(together) == Set(pool.destinations) else {
                throw .invalid(
                    "disk quota \"\(pool.key)\": \(together.sorted().joined(separator: ", ")) share a limit, they cannot be "
                        + "taken apart afterwards")
            }
            return
        }
        let driver = services.spaces.choice.driver
        guard isIdle || driver?.abilities.adoption == true else {
            throw .quota(
                .unsupported(
                    driver: driver?.name ?? "missing",
                    "cannot put a first limit on a container that runs: stop it, update it, start it again"))
        }
    }

    /// Limits what had no limit.
    private func add(
        _ pool: DiskQuotaRules.Pool, _ members: [String: QuotaMember], _ changed: inout ContainerRecord
    ) async throws(EngineError) {
        var chosen = pool.destinations.compactMap { members[$0]?.member }
        let adopts = services.spaces.choice.driver?.abilities.adoption == true
        if adopts, let index = chosen.firstIndex(of: .container(id)) {
            let place = services.paths.data + "/" + (try services.rootfs.place(id))
            chosen[index] = .folder(place, of: id)
        }
        var number: UInt32?
        if case .fixed(let id) = pool.sharing { number = id }
        let space: UInt32
        do throws(VolumesError) {
            space = try await services.spaces.open(
                pool.limit, id: number, members: chosen, isVolatile: changed.hostConfig.autoRemove)
        } catch {
            throw EngineError(error)
        }
        if chosen.contains(.container(id)) {
            do throws(EngineError) {
                try await services.rootfs.move(id, to: EnginePaths.quota + "/\(space)/fs/c-\(id)")
            } catch {
                for member in chosen { try? await services.spaces.leave(member) }
                throw error
            }
        }
        do throws(VolumesError) { try await services.spaces.settle(space) } catch { throw EngineError(error) }
        for destination in pool.destinations {
            changed.spaces = (changed.spaces ?? [:]).merging([destination: space]) { $1 }
        }
    }
}
