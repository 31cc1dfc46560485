extension Engine {
    private static let listFilters: Set<String> = [
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "label!", "name",
        "network", "publish", "since", "status", "volume",
    ]

    /// The newest first.
    package func list(_ options: ListOptions) async throws(EngineError) -> [ContainerSummary] {
        let filters = options.filters
        if let name = filters.unknown(besides: Self.listFilters) { throw .invalid("invalid filter '\(name)'") }
        let filter = try await ListFilter(filters, engine: self)
        let all = await services.registry.all.map { ($0, $0.seen) }.sorted {
            ($0.1.record.created, $0.1.id) > ($1.1.record.created, $1.1.id)
        }
        var result: [ContainerSummary] = []
        // Asking for a state, or for the last so many, means also those that do not run.
        let everything = options.all || options.limit > 0 || filter.asksForState
        for (_, view) in all {
            if options.limit > 0, result.count == options.limit { break }
            guard everything || view.isRunning || view.machine.status == "restarting", filter.matches(view) else {
                continue
            }
            var summary = summary(of: view)
            if options.size {
                summary.sizeRw = try await written(by: view.record)
                summary.sizeRootFs = (summary.sizeRw ?? 0) + images.size(of: view.record.imageID)
            }
            result.append(summary)
        }
        return result
    }

    func summary(of view: ContainerView) -> ContainerSummary {
        let record = view.record
        var summary = ContainerSummary()
        summary.id = record.id
        summary.names = ["/" + record.name]
        summary.image = images.displayName(record.config.image, id: record.imageID)
        summary.imageID = record.imageID
        summary.command = record.command.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
        summary.created = record.created.seconds
        summary.labels = record.config.labels
        summary.state = view.machine.status
        summary.status = StatusText.of(view, now: .now)
        summary.hostConfig.networkMode = record.hostConfig.networkMode
        summary.hostConfig.annotations = record.hostConfig.annotations
        summary.networkSettings.networks = view.network.networks
        summary.mounts = record.mounts.map { $0.point(services.volumes) }.filter { $0.type != "tmpfs" }
        summary.ports = Self.ports(of: view)
        return summary
    }
}

extension Engine {
    /// While it runs where its ports are to be found, else those it has.
    private static func ports(of view: ContainerView) -> [PortSummary] {
        let exposed = view.record.config.exposedPorts ?? [:]
        var found: [PortSummary] = []
        for text in Set(exposed.keys).union(view.network.ports.keys).sorted() {
            guard let range = try? PortRange(parsing: text) else { continue }
            var port = PortSummary()
            port.privatePort = range.first
            port.type = range.transport
            let bindings = view.network.ports[text]?.wrappedValue ?? []
            if bindings.isEmpty { found.append(port) }
            for binding in bindings {
                port.iP = binding.hostIp
                port.publicPort = Int(binding.hostPort)
                found.append(port)
            }
        }
        return found
    }
}

/// What a list shows.
struct ListFilter {
    private let filters: Filters
    private let images: Set<String>
    private let before: Timestamp?
    private let since: Timestamp?
    private let exited: Set<Int>

    static let states: Set<String> = ["created", "restarting", "running", "removing", "paused", "exited", "dead"]

    init(_ filters: Filters, engine: Engine) async throws(EngineError) {
        self.filters = filters
        for state in filters["status"] where !Self.states.contains(state) {
            throw .invalid("invalid filter 'status=\(state)'")
        }
        for health in filters["health"] where !["starting", "healthy", "unhealthy", "none"].contains(health) {
            throw .invalid("invalid filter 'health=\(health)'")
        }
        var codes: Set<Int> = []
        for text in filters["exited"] {
            guard let code = Int(text) else { throw .invalid("invalid filter 'exited=\(text)'") }
            codes.insert(code)
        }
        exited = codes
        before = try await Self.created(filters["before"].first, engine)
        since = try await Self.created(filters["since"].first, engine)
        images = engine.images.family(of: filters["ancestor"])
        _ = try filters.flag("is-task")
    }

    private static func created(_ reference: String?, _ engine: Engine) async throws(EngineError) -> Timestamp? {
        guard let reference else { return nil }
        return try await engine.container(reference).seen.record.created
    }

    /// Whether the filters name states, so that "running only" would be wrong.
    var asksForState: Bool { !filters["status"].isEmpty || !exited.isEmpty }

    func matches(_ view: ContainerView) -> Bool {
        let record = view.record
        let machine = view.machine
        guard filters["id"].isEmpty || filters["id"].contains(where: { record.id.hasPrefix($0) }),
            matchesName(record.name), filters.allows("status", machine.status),
            filters.allowsLabels(record.config.labels),
            filters.allows("health", view.health?.status ?? "none")
        else { return false }
        if !exited.isEmpty {
            guard machine.status == "exited" || machine.status == "dead", exited.contains(machine.exitCode) else {
                return false
            }
        }
        if let before, record.created >= before { return false }
        if let since, record.created <= since { return false }
        if !filters["ancestor"].isEmpty, !images.contains(record.imageID) { return false }
        if !filters["network"].isEmpty {
            let names = Set(view.network.networks.keys).union(view.network.networks.values.map(\.networkID))
            guard filters["network"].contains(where: names.contains) else { return false }
        }
        if !filters["volume"].isEmpty {
            guard
                filters["volume"].contains(where: { wanted in
                    record.mounts.contains { $0.source == wanted || $0.destination == wanted }
                })
            else { return false }
        }
        if filters["is-task"].first.map({ ["1", "t", "true"].contains($0.lowercased()) }) == true { return false }
        return matchesPorts("expose", Array((record.config.exposedPorts ?? [:]).keys))
            && matchesPorts("publish", Array(record.hostConfig.portBindings.keys))
    }

    /// Docker takes a regular expression; a name is found anywhere in it.
    private func matchesName(_ name: String) -> Bool {
        let wanted = filters["name"]
        return wanted.isEmpty
            || wanted.contains { pattern in
                if let expression = try? Regex(pattern) {
                    return name.contains(expression) || ("/" + name).contains(expression)
                }
                return name.contains(pattern)
            }
    }

    private func matchesPorts(_ filter: String, _ ports: [String]) -> Bool {
        let wanted = filters[filter]
        guard !wanted.isEmpty else { return true }
        let have = ports.compactMap { try? PortRange(parsing: $0) }
        return wanted.contains { text in
            guard let range = try? PortRange(parsing: text) else { return false }
            return have.contains { $0.first <= range.last && $0.last >= range.first && $0.transport == range.transport }
        }
    }
}

/// A container's state for people.
enum StatusText {
    static func of(_ view: ContainerView, now: Timestamp) -> String {
        let machine = view.machine
        func ago(_ time: Timestamp) -> String { span(time.duration(to: now)) }
        switch machine.status {
        case "created": return "Created"
        case "running":
            let health = view.health.map { $0.status == "starting" ? " (health: starting)" : " (\($0.status))" } ?? ""
            return "Up \(ago(machine.startedAt))\(health)"
        case "paused": return "Up \(ago(machine.startedAt)) (Paused)"
        case "restarting": return "Restarting (\(machine.exitCode)) \(ago(machine.finishedAt)) ago"
        case "removing": return "Removal In Progress"
        case "dead": return "Dead"
        default:
            return machine.finishedAt.isNever
                ? "Created" : "Exited (\(machine.exitCode)) \(ago(machine.finishedAt)) ago"
        }
    }

    /// As Docker rounds: "Less than a second", "About a minute", "3 hours".
    static func span(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        switch seconds {
        case 0: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(seconds) seconds"
        case ..<120: return "About a minute"
        case ..<3600: return "\(seconds / 60) minutes"
        case ..<7200: return "About an hour"
        case ..<(48 * 3600): return "\(seconds / 3600) hours"
        case ..<(14 * 86400): return "\(seconds / 86400) days"
        case ..<(60 * 86400): return "\(seconds / 604800) weeks"
        case ..<(730 * 86400): return "\(seconds / 2_592_000) months"
        default: return "\(seconds / 31_536_000) years"
        }
    }
}

extension PlannedMount {
    /// As inspect shows it.
    func point(_ volumes: VolumeStore) -> MountPoint {
        var point = MountPoint()
        point.type = kind.rawValue
        point.destination = destination
        point.rW = !readOnly
        switch kind {
        case .bind:
            point.source = source
            point.mode = mode
            point.propagation = propagation.isEmpty ? "rprivate" : propagation
        case .volume:
            point.name = source
            point.source = volumes.mountpoint(source)
            point.driver = driver.isEmpty ? "local" : driver
            point.mode = mode.isEmpty ? "z" : mode
        case .tmpfs: point.mode = mode
        }
        return point
    }
}
