internal import JSON

extension Engine {
    package func inspect(_ reference: String, size: Bool = false) async throws(EngineError) -> ContainerInspection {
        let view = try await container(reference).seen
        let record = view.record
        var inspection = ContainerInspection()
        inspection.id = record.id
        inspection.created = record.created
        inspection.path = record.command.first ?? ""
        inspection.args = Array(record.command.dropFirst())
        inspection.state = view.state
        inspection.image = record.imageID
        let folder = services.paths.container(record.id)
        inspection.hostnamePath = folder + "/hostname"
        inspection.hostsPath = folder + "/hosts"
        inspection.resolvConfPath = folder + "/resolv.conf"
        inspection.logPath = record.hostConfig.logConfig.type == "none" ? "" : services.paths.log(record)
        inspection.name = "/" + record.name
        inspection.restartCount = view.restartCount
        inspection.driver = images.driverName
        inspection.platform = record.platform
        inspection.appArmorProfile = record.hostConfig.privileged ? "unconfined" : ""
        inspection.execIDs = view.execIDs.isEmpty ? nil : view.execIDs
        inspection.hostConfig = record.hostConfig
        inspection.graphDriver = images.driver(of: record.id)
        inspection.mounts = record.mounts.map { $0.point(services.volumes) }.filter { $0.type != "tmpfs" }
        inspection.config = record.config
        inspection.networkSettings = view.network
        if size {
            inspection.sizeRw = try await written(by: record)
            inspection.sizeRootFs = (inspection.sizeRw ?? 0) + images.size(of: record.imageID)
        }
        return inspection
    }

    package func prune(_ filters: Filters) async throws(EngineError) -> PruneReport {
        if let name = filters.unknown(besides: ["label", "label!", "until"]) {
            throw .invalid("invalid filter '\(name)'")
        }
        let until = try Self.until(filters)
        var report = PruneReport()
        report.containersDeleted = []
        for container in await services.registry.all {
            let view = container.seen
            guard ["created", "exited", "dead"].contains(view.machine.status),
                filters.allowsLabels(view.record.config.labels), until.map({ view.record.created < $0 }) ?? true
            else { continue }
            let size = (try? await written(by: view.record)) ?? 0
            do throws(EngineError) {
                try await container.remove(force: false, volumes: false)
            } catch {
                continue  // it was started, or somebody else removes it
            }
            report.containersDeleted?.append(container.id)
            report.spaceReclaimed += UInt64(max(0, size))
        }
        return report
    }

    /// The `until` filter: a time, or a duration before now.
    static func until(_ filters: Filters) throws(EngineError) -> Timestamp? {
        guard let text = filters["until"].first else { return nil }
        if let ago = DurationText.parse(text) { return Timestamp.now.advanced(by: .zero - ago) }
        guard let time = Timestamp(query: text) else { throw .invalid("invalid filter 'until=\(text)'") }
        return time
    }
}

extension ContainerView {
    var state: ContainerState {
        var state = ContainerState()
        state.status = machine.status
        switch machine.phase {
        case .running: state.running = true
        case .paused:
            state.running = true
            state.paused = true
        case .restarting:
            state.running = true
            state.restarting = true
        case .dead: state.dead = true
        case .created, .starting, .exited, .removing: break
        }
        state.oOMKilled = machine.oomKilled
        state.pid = machine.process.map { Int($0.pid) } ?? 0
        state.exitCode = machine.exitCode
        state.error = machine.error
        state.startedAt = machine.startedAt
        state.finishedAt = machine.finishedAt
        state.health = health
        return state
    }
}

/// Durations as Go writes them: `1h30m`, `10s`, `250ms`.
enum DurationText {
    static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var sum = Duration.zero
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter || $0 == "µ" }
            let factors = ["h": 3600.0, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9]
            guard let factor = factors[String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count)
            sum += .seconds(number * factor)
        }
        return sum
    }
}
