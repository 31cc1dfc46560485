internal import LinuxKernel
package import RuntimeSpec

extension ProcessPlan {
    /// Compiles the process of a container or of an `exec`; `path` is where it stands in its file.
    ///
    /// - Throws: ``PlanError``.
    package init(
        _ process: RuntimeSpec.Process, path: String, options: PlanOptions, containerID: String,
        personality: RuntimeSpec.Personality? = nil
    ) throws(PlanError) {
        guard let arguments = process.args, let program = arguments.first else {
            throw .invalid(path: "\(path).args", why: "there is no program to run")
        }
        guard !program.isEmpty else { throw .invalid(path: "\(path).args[0]", why: "is empty") }
        guard process.cwd.hasPrefix("/") else {
            throw .invalid(path: "\(path).cwd", why: "\"\(process.cwd)\" is not absolute")
        }
        for (place, texts) in [("args", arguments), ("env", process.env ?? [])] {
            if let index = texts.firstIndex(where: { $0.utf8.contains(0) }) {
                throw .invalid(path: "\(path).\(place)[\(index)]", why: "holds a NUL")
            }
        }
        if let score = process.oomScoreAdj, !(-1000...1000).contains(score) {
            throw .invalid(path: "\(path).oomScoreAdj", why: "\(score) is not between -1000 and 1000")
        }
        var environment = Self.withoutRepeats(process.env ?? [])
        if options.listenDescriptors > 0 {
            environment += ["LISTEN_FDS=\(options.listenDescriptors)", "LISTEN_PID=1"]
        }
        self.init(
            arguments: arguments, environment: environment, directory: process.cwd, user: process.user.uid,
            group: process.user.gid, groups: process.user.additionalGids ?? [],
            creationMask: process.user.umask ?? 0o022, capabilities: CapabilityPlan(process.capabilities),
            rlimits: try Self.rlimits(process.rlimits ?? [], path: path),
            noNewPrivileges: process.noNewPrivileges ?? false, appArmorProfile: process.apparmorProfile,
            selinuxLabel: process.selinuxLabel, oomScore: process.oomScoreAdj,
            scheduling: try Self.scheduling(process.scheduler, path: path),
            ioPriority: try Self.ioPriority(process.ioPriority, path: path),
            personality: try Self.persona(personality),
            initialProcessors: try Self.processors(
                process.execCPUAffinity?.initial, path: "\(path).execCPUAffinity.initial"),
            finalProcessors: try Self.processors(process.execCPUAffinity?.final, path: "\(path).execCPUAffinity.final"),
            wantsTerminal: process.terminal ?? false, terminalSize: process.consoleSize,
            keyring: options.noNewKeyring ? nil : "_ses.\(containerID)",
            inheritedDescriptors: options.preservedDescriptors + options.listenDescriptors)
    }

    /// Of two variables of one name the later wins, as with a shell; most programs would see the earlier.
    private static func withoutRepeats(_ variables: [String]) -> [String] {
        var seen: Set<Substring> = []
        return variables.reversed().filter { seen.insert($0.prefix { $0 != "=" }).inserted }.reversed()
    }

    private static func rlimits(_ limits: [RuntimeSpec.Rlimit], path: String) throws(PlanError) -> [Rlimit] {
        var planned: [Rlimit] = []
        for (index, limit) in limits.enumerated() {
            guard let resource = LimitedResource(constant: limit.type) else {
                throw .invalid(path: "\(path).rlimits[\(index)].type", why: "Linux has no \(limit.type)")
            }
            guard !planned.contains(where: { $0.resource == resource }) else {
                throw .invalid(path: "\(path).rlimits[\(index)].type", why: "a second \(limit.type)")
            }
            planned.append(Rlimit(resource: resource, soft: limit.soft, hard: limit.hard))
        }
        return planned
    }

    private static let schedulingFlags: [(String, UInt64)] = [
        ("SCHED_FLAG_RESET_ON_FORK", 0x01), ("SCHED_FLAG_RECLAIM", 0x02), ("SCHED_FLAG_DL_OVERRUN", 0x04),
        ("SCHED_FLAG_KEEP_POLICY", 0x08), ("SCHED_FLAG_KEEP_PARAMS", 0x10), ("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
        ("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
    ]

    private static func scheduling(
        _ scheduler: RuntimeSpec.Scheduler?, path: String
    ) throws(PlanError) -> Limits.Scheduling? {
        guard let scheduler else { return nil }
        let policy: UInt32 =
            switch scheduler.policy {
            case .other: 0
            case .fifo: 1
            case .roundRobin: 2
            case .batch: 3
            case .iso: 4
            case .idle: 5
            case .deadline: 6
            }
        if let priority = scheduler.priority, priority != 0, policy != 1, policy != 2 {
            throw .invalid(path: "\(path).scheduler.priority", why: "is for SCHED_FIFO and SCHED_RR")
        }
        if policy != 6, [scheduler.runtime, scheduler.deadline, scheduler.period].contains(where: { ($0 ?? 0) != 0 }) {
            throw .invalid(path: "\(path).scheduler", why: "runtime, deadline and period are for SCHED_DEADLINE")
        }
        if let nice = scheduler.nice, !(-20...19).contains(nice) {
            throw .invalid(path: "\(path).scheduler.nice", why: "\(nice) is not between -20 and 19")
        }
        var flags: UInt64 = 0
        for name in scheduler.flags ?? [] {
            guard let flag = schedulingFlags.first(where: { $0.0 == name }) else {
                throw .invalid(path: "\(path).scheduler.flags", why: "Linux has no \(name)")
            }
            flags |= flag.1
        }
        return Limits.Scheduling(
            policy: policy, flags: flags, nice: scheduler.nice ?? 0,
            priority: UInt32(clamping: scheduler.priority ?? 0), runtime: scheduler.runtime ?? 0,
            deadline: scheduler.deadline ?? 0, period: scheduler.period ?? 0)
    }

    private static func ioPriority(_ priority: RuntimeSpec.IOPriority?, path: String) throws(PlanError) -> IOPriority? {
        guard let priority else { return nil }
        guard (0...7).contains(priority.priority) else {
            throw .invalid(path: "\(path).ioPriority.priority", why: "\(priority.priority) is not between 0 and 7")
        }
        let kind: Int32 =
            switch priority.class {
            case .realtime: 1
            case .bestEffort: 2
            case .idle: 3
            }
        return IOPriority(class: kind, level: Int32(priority.priority))
    }

    private static func persona(_ personality: RuntimeSpec.Personality?) throws(PlanError) -> UInt? {
        guard let personality else { return nil }
        guard personality.flags?.isEmpty != false else {
            throw .unsupported(path: "linux.personality.flags", why: "the specification defines none")
        }
        return personality.domain == .linux32 ? 0x0008 : 0
    }

    /// Reads a list such as `0-3,7`.
    static func processors(_ text: String?, path: String) throws(PlanError) -> [Int]? {
        guard let text, !text.isEmpty else { return nil }
        var found: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                first >= 0, last < 8192
            else { throw .invalid(path: path, why: "\"\(text)\" is not a list of processors such as 0-3,7") }
            found += first...last
        }
        return found
    }
}

extension ProcessPlan.CapabilityPlan {
    /// Absent sets are empty; names that Linux does not have are left out, as the specification wants.
    package init(_ capabilities: RuntimeSpec.Capabilities?) {
        self.init(
            bounding: Self.set(capabilities?.bounding), effective: Self.set(capabilities?.effective),
            permitted: Self.set(capabilities?.permitted), inheritable: Self.set(capabilities?.inheritable),
            ambient: Self.set(capabilities?.ambient))
    }

    private static func set(_ names: [String]?) -> CapabilitySet {
        (names ?? []).reduce(into: CapabilitySet()) { set, name in
            if let one = CapabilitySet(named: name) { set.formUnion(one) }
        }
    }
}
