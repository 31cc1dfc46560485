internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Logging
internal import Patterns
internal import Prewarm
internal import Synchronization

/// The prewarms of one pool, and the nodes that may be asked; blocks on the disk, any thread may call.
///
/// Every change is written down before anybody acts on it, a file for each run and each standing plan, so a tracker that starts
/// again goes on.
final class PrewarmDesk: Sendable {
    private struct State {
        var runs: [String: PrewarmRun] = [:]
        var standing: [String: StandingPrewarm] = [:]
        /// When a node last asked for orders, by name.
        var seen: [String: Int64] = [:]
        /// How far the layers are, by run and node.
        var progress: [String: [String: [LayerProgress]]] = [:]
        var serial = 0
        /// Standing plans that could not begin, so that each is complained of once.
        var complained: Set<String> = []
    }

    private let folder: String
    private let logger: Logger
    private let state = Mutex(State())

    /// Nodes that were silent for so many seconds are not chosen.
    private static let patience: Int64 = 30
    /// Runs that have ended and are still shown.
    private static let kept = 100

    init(folder: String, logger: Logger) throws(SyscallError) {
        self.folder = folder
        self.logger = logger
        for path in [folder, "\(folder)/standing"] {
            do throws(SyscallError) { try Files.makeDirectory(path, mode: 0o700) } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
        for run: PrewarmRun in try Self.read(folder, logger) {
            state.withLock { state in
                state.runs[run.id] = run
                state.serial = max(state.serial, Int(run.id) ?? 0)
            }
        }
        for standing: StandingPrewarm in try Self.read("\(folder)/standing", logger) {
            state.withLock { $0.standing[standing.plan.name] = standing }
        }
    }

    private static func read<Value: JSONCodable>(_ folder: String, _ logger: Logger) throws(SyscallError) -> [Value] {
        var found: [Value] = []
        for name in try Files.list(folder) where name.hasSuffix(".json") {
            guard let bytes = try? WholeFile.read("\(folder)/\(name)"), let value = try? Value(parsing: bytes) else {
                logger.warning("prewarm cannot be read", metadata: ["file": "\(folder)/\(name)"])
                continue
            }
            found.append(value)
        }
        return found
    }

    // MARK: plans

    /// Begins a plan on the nodes that it means; a run of the same plan that is under way is given instead.
    ///
    /// - Throws: ``PrewarmFailure`` when there is none of them.
    func begin(_ plan: PrewarmPlan, now: Int64) throws(PrewarmFailure) -> PrewarmRun {
        try state.withLock { (state) throws(PrewarmFailure) in try begin(plan, now: now, &state) }
    }

    private func begin(_ plan: PrewarmPlan, now: Int64, _ state: inout State) throws(PrewarmFailure) -> PrewarmRun {
        let chosen = try chosen(by: plan, now: now, state)
        let same = state.runs.values.first { $0.isActive && $0.plan.isSame(as: plan) && $0.order == chosen }
        if let same { return same }
        state.serial += 1
        var run = PrewarmRun(id: "\(state.serial)", plan: plan, order: chosen)
        run.advance(now: now)
        try keep(run)
        state.runs[run.id] = run
        forgetOld(&state)
        return run
    }

    private func chosen(by plan: PrewarmPlan, now: Int64, _ state: State) throws(PrewarmFailure) -> [String] {
        let patterns: [NamePattern]
        do throws(PatternError) {
            patterns = try plan.nodes.map { name throws(PatternError) in try NamePattern(name) }
        } catch {
            throw PrewarmFailure(error.description)
        }
        let alive = state.seen.filter { now - $0.value <= Self.patience }.keys.sorted()
        let chosen = alive.filter { name in patterns.isEmpty || patterns.contains { $0.matches(name) } }
        guard !chosen.isEmpty else {
            throw PrewarmFailure("no node of the pool is meant: \(alive.count) are there")
        }
        return chosen
    }

    private func forgetOld(_ state: inout State) {
        let ended = state.runs.values.filter { !$0.isActive }.sorted { (Int($0.id) ?? 0) > (Int($1.id) ?? 0) }
        for run in ended.dropFirst(Self.kept) {
            unlink("\(folder)/\(run.id).json")
            state.runs[run.id] = nil
            state.progress[run.id] = nil
        }
    }

    /// Keeps a plan that begins runs by itself; one of the same name is replaced.
    func stand(_ plan: PrewarmPlan, now: Int64) throws(PrewarmFailure) -> JSONValue {
        try state.withLock { (state) throws(PrewarmFailure) in
            let standing = StandingPrewarm(plan: plan, since: now, run: state.standing[plan.name]?.run)
            try keep(standing)
            state.standing[plan.name] = standing
            return standing.shownJSON
        }
    }

    /// Forgets such a plan, whose runs go on; nil when there is none of that name.
    func dismiss(_ name: String) -> JSONValue? {
        state.withLock { state in
            guard let gone = state.standing.removeValue(forKey: name) else { return nil }
            unlink("\(folder)/standing/\(name).json")
            return gone.shownJSON
        }
    }

    /// Changes one run; nil when there is none of that name.
    func change(_ id: String, _ body: (inout PrewarmRun) -> Void) throws(PrewarmFailure) -> PrewarmRun? {
        try state.withLock { (state) throws(PrewarmFailure) in
            guard var run = state.runs[id] else { return nil }
            let before = run
            body(&run)
            if run != before { try keep(run) }
            state.runs[id] = run
            return run
        }
    }

    // MARK: time and nodes

    /// To be called every second: ends what lasts too long, begins what is due.
    func tick(now: Int64) {
        state.withLock { state in
            advance(now: now, &state)
            for (name, standing) in state.standing where standing.isDue(now: now) { begin(name, standing, now, &state) }
        }
    }

    private func begin(_ name: String, _ standing: StandingPrewarm, _ now: Int64, _ state: inout State) {
        var standing = standing
        do throws(PrewarmFailure) {
            if let last = standing.run.flatMap({ state.runs[$0] }), last.isActive {
                logger.warning("the last run is not over: this one is left out", metadata: ["prewarm": "\(name)"])
            } else {
                standing.run = try begin(standing.plan, now: now, &state).id
            }
            standing.since = now
            try keep(standing)
            state.standing[name] = standing
            state.complained.remove(name)
        } catch {
            // It is due still: a tracker that has just started meets its nodes soon.
            guard state.complained.insert(name).inserted else { return }
            logger.warning("prewarm cannot begin", metadata: ["prewarm": "\(name)", "reason": "\(error.reason)"])
        }
    }

    private func advance(now: Int64, _ state: inout State) {
        for (id, run) in state.runs where run.isActive || run.count(where: \.isRunning) > 0 {
            var changed = run
            changed.advance(now: now)
            if changed != run, (try? keep(changed)) != nil { state.runs[id] = changed }
        }
    }

    /// Takes what a node says and tells it what to do.
    func exchange(_ node: String, _ reports: [PrewarmReport], now: Int64) -> [PrewarmOrder] {
        state.withLock { state in
            state.seen[node] = now
            for report in reports { take(report, from: node, now: now, &state) }
            advance(now: now, &state)
            return state.runs.values.filter { $0.orders(node) }.sorted { $0.id < $1.id }.map { run in
                PrewarmOrder(
                    run: run.id, images: run.plan.images, authorizations: run.plan.authorizations, rate: run.plan.rate,
                    ttl: run.plan.ttl)
            }
        }
    }

    private func take(_ report: PrewarmReport, from node: String, now: Int64, _ state: inout State) {
        guard var run = state.runs[report.run] else { return }
        state.progress[report.run, default: [:]][node] = report.layers
        guard let isDone = report.isDone else { return }
        run.report(node, isDone ? .success(()) : .failure(PrewarmFailure(report.reason)), now: now)
        guard run != state.runs[report.run], (try? keep(run)) != nil else { return }
        state.runs[report.run] = run
    }

    private func keep(_ run: PrewarmRun) throws(PrewarmFailure) { try keep(run, "\(folder)/\(run.id).json") }

    private func keep(_ standing: StandingPrewarm) throws(PrewarmFailure) {
        try keep(standing, "\(folder)/standing/\(standing.plan.name).json")
    }

    private func keep(_ value: some JSONCodable, _ path: String) throws(PrewarmFailure) {
        do throws(SyscallError) {
            try WholeFile.replace(path, with: value.encoded(), durable: true)
        } catch {
            logger.error("prewarm cannot be written down", metadata: ["error": "\(error)"])
            throw PrewarmFailure(error.description)
        }
    }

    // MARK: for people

    /// All runs, the newest first.
    func list() -> JSONValue {
        state.withLock { state in
            let runs = state.runs.values.sorted { (Int($0.id) ?? 0) > (Int($1.id) ?? 0) }
            return .array(runs.map { Self.shown($0, state.progress[$0.id] ?? [:]) })
        }
    }

    func show(_ id: String) -> JSONValue? {
        state.withLock { state in state.runs[id].map { Self.shown($0, state.progress[id] ?? [:]) } }
    }

    /// The plans that begin by themselves, by name.
    func schedules() -> JSONValue {
        state.withLock { state in
            .array(state.standing.values.sorted { $0.plan.name < $1.plan.name }.map(\.shownJSON))
        }
    }

    /// The nodes that asked for orders, and how many seconds ago.
    func nodes(now: Int64) -> JSONValue {
        state.withLock { state in
            .array(
                state.seen.sorted { $0.key < $1.key }.map { name, time in
                    [
                        "name": .string(name), "silent": (now - time).json,
                        "isThere": .bool(now - time <= Self.patience),
                    ]
                })
        }
    }

    /// How many nodes of all runs are in which state, for metrics.
    func count(_ word: String) -> Int {
        state.withLock { state in
            state.runs.values.reduce(0) { $0 + $1.count { $0.word == word } }
        }
    }

    private static func shown(_ run: PrewarmRun, _ progress: [String: [LayerProgress]]) -> JSONValue {
        var json = run.shownJSON
        var known = JSONObject()
        for name in run.order {
            guard let layers = progress[name] else { continue }
            known[name] = [
                "current": layers.reduce(0) { $0 + $1.current }.json, "total": layers.reduce(0) { $0 + $1.total }.json,
                "layers": layers.json,
            ]
        }
        json["progress"] = .object(known)
        return json
    }
}
