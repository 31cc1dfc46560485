extension Engine {
    package func volumes(_ filters: Filters) async throws(EngineError) -> VolumeList {
        if let name = filters.unknown(besides: ["dangling", "driver", "label", "label!", "name"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        let dangling = try filters.flag("dangling")
        let used = await volumeUses()
        var list = VolumeList()
        list.volumes = services.volumes.all.filter { record in
            filters.allows("driver", record.driver) && filters.allowsLabels(record.labels)
                && (filters["name"].isEmpty || filters["name"].contains { record.name.contains($0) })
                && (dangling.map { $0 == (used[record.name] == nil) } ?? true)
        }.map(described)
        return list
    }

    package func createVolume(_ request: VolumeCreateRequest) async throws(EngineError) -> Volume {
        guard request.clusterVolumeSpec == nil else {
            throw .unsupported("ClusterVolumeSpec: there are no cluster volumes")
        }
        let name = request.name.isEmpty ? RandomID.make() : try MountPlan.volumeName(request.name)
        let record = try await services.volumes.obtain(
            name, driver: request.driver, options: request.driverOpts, labels: request.labels,
            anonymous: request.name.isEmpty)
        return described(record)
    }

    package func volume(_ name: String) async throws(EngineError) -> Volume {
        described(try services.volumes.find(name))
    }

    package func removeVolume(_ name: String, force: Bool) async throws(EngineError) {
        if let holders = await volumeUses()[name] {
            throw .conflict("remove \(name): volume is in use - [\(holders.joined(separator: ", "))]")
        }
        do throws(EngineError) {
            try await services.volumes.remove(name)
        } catch {
            guard force, case .notFound = error else { throw error }
        }
    }

    /// Those without a name from a person, and with the filter `all` the others too, that no container has.
    package func pruneVolumes(_ filters: Filters) async throws(EngineError) -> PruneReport {
        if let name = filters.unknown(besides: ["all", "label", "label!"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        let all = try filters.flag("all") ?? false
        let used = await volumeUses()
        var report = PruneReport()
        report.volumesDeleted = []
        for record in services.volumes.all
        where used[record.name] == nil && (all || record.anonymous) && filters.allowsLabels(record.labels) {
            let size = await services.volumes.usage(record.name)
            try await services.volumes.remove(record.name)
            report.volumesDeleted?.append(record.name)
            report.spaceReclaimed += UInt64(max(0, size))
        }
        return report
    }

    /// Ids of the containers that have each volume.
    func volumeUses() async -> [String: [String]] {
        var uses: [String: [String]] = [:]
        for container in await services.registry.all {
            for mount in container.seen.record.mounts where mount.kind == .volume {
                uses[mount.source, default: []].append(container.id)
            }
        }
        return uses
    }

    func described(_ record: VolumeRecord) -> Volume {
        var volume = Volume()
        volume.name = record.name
        volume.createdAt = record.created
        volume.driver = record.driver
        volume.labels = record.labels
        volume.options = record.options
        volume.mountpoint = services.volumes.mountpoint(record.name)
        volume.scope = "local"
        return volume
    }
}
