internal import Glibc
internal import JSON
internal import LinuxKernel
internal import Logging
internal import Patterns
internal import Prewarm
internal import Synchronization

/// The prewarms of one pool, and the nodes that may be asked; blocks on the disk, any thread may call.
///
/// Every change is written down before anybody acts on it, a file for each run, so a tracker that starts again goes on.
final class PrewarmDesk: Sendable {
    private struct State {
        var runs: [String: PrewarmRun] = [:]
        /// When a node last asked for orders, by name.
        var seen: [String: Int64] = [:]
        /// Bytes here and all, by run and node.
        var progress: [String: [String: (current: Int64, total: Int64)]] = [:]
        var serial = 0
    }

    private let folder: String
    private let logger: Logger
    private let state = Mutex(State())

    /// Nodes that were silent for so many seconds are not chosen.
    private static let patience: Int64 = 30

    init(folder: String, logger: Logger) throws(SyscallError) {
        self.folder = folder
        self.logger = logger
        do throws(SyscallError) { try Files.makeDirectory(folder, mode: 0o700) } catch {
            guard error.errno == EEXIST else { throw error }
        }
        for name in try Files.list(folder) where name.hasSuffix(".json") {
            guard let bytes = try? WholeFile.read("\(folder)/\(name)"), let run = try? PrewarmRun(parsing: bytes) else {
                logger.warning("prewarm cannot be read", metadata: ["file": "\(folder)/\(name)"])
                continue
            }
            state.withLock { state in
                state.runs[run.id] = run
                state.serial = max(state.serial, Int(run.id) ?? 0)
            }
        }
    }

    /// Begins a plan on the nodes that it means.
    ///
    /// - Throws: ``PrewarmFailure`` when there is none of them.
    func begin(_ plan: PrewarmPlan, now: Int64) throws(PrewarmFailure) -> PrewarmRun {
        let patterns: [NamePattern]
        do throws(PatternError) {
            patterns = try plan.nodes.map { name throws(PatternError) in try NamePattern(name) }
        } catch {
            throw PrewarmFailure(error.description)
        }
        return try state.withLock { (state) throws(PrewarmFailure) in
            let alive = state.seen.filter { now - $0.value <= Self.patience }.keys.sorted()
            let chosen = alive.filter { name in patterns.isEmpty || patterns.contains { $0.matches(name) } }
            guard !chosen.isEmpty else {
                throw PrewarmFailure("no node of the pool is meant: \(alive.count) are there")
            }
            state.serial += 1
            var run = PrewarmRun(id: "\(state.serial)", plan: plan, order: chosen)
            run.advance(now: now)
            try keep(run)
            state.runs[run.id] = run
            return run
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

    /// Takes what a node says and tells it what to do.
    func exchange(_ node: String, _ reports: [PrewarmReport], now: Int64) -> [PrewarmOrder] {
        state.withLock { state in
            state.seen[node] = now
            for report in reports { take(report, from: node, now: now, &state) }
            for (id, run) in state.runs {
                var changed = run
                changed.advance(now: now)
                if changed != run, (try? keep(changed)) != nil { state.runs[id] = changed }
            }
            return state.runs.values.filter { $0.orders(node) }.sorted { $0.id < $1.id }.map { run in
                PrewarmOrder(run: run.id, images: run.plan.images, authorizations: run.plan.authorizations)
            }
        }
    }

    private func take(_ report: PrewarmReport, from node: String, now: Int64, _ state: inout State) {
        guard var run = state.runs[report.run] else { return }
        state.progress[report.run, default: [:]][node] = (report.current, report.total)
        guard let isDone = report.isDone else { return }
        run.report(node, isDone ? .success(()) : .failure(PrewarmFailure(report.reason)), now: now)
        guard run != state.runs[report.run], (try? keep(run)) != nil else { return }
        state.runs[report.run] = run
    }

    private func keep(_ run: PrewarmRun) throws(PrewarmFailure) {
        do throws(SyscallError) {
            try WholeFile.replace("\(folder)/\(run.id).json", with: run.encoded(), durable: true)
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

    private static func shown(_ run: PrewarmRun, _ progress: [String: (current: Int64, total: Int64)]) -> JSONValue {
        var json = run.shownJSON
        var bytes = JSONObject()
        for name in run.order {
            guard let known = progress[name] else { continue }
            bytes[name] = ["current": known.current.json, "total": known.total.json]
        }
        json["progress"] = .object(bytes)
        return json
    }
}
