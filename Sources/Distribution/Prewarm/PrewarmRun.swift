/// A plan under way: which nodes work, wait, are done; pure.
///
/// The order of the nodes is fixed at the start. The canary is the first wave, batches follow; a wave begins when the one before
/// has settled. ``orders`` of a node follow from the state alone, so a controller that starts again from what it wrote down,
/// and a node that does, go on where they were. Times are seconds since 1970.
package struct PrewarmRun: Equatable, Sendable {
    package enum NodeState: Equatable, Sendable {
        case waiting
        case running(since: Int64)
        case done
        case failed(String)
        case timedOut
        case cancelled
    }

    package enum Phase: Equatable, Sendable {
        case running
        case paused
        /// Too much failed; what runs may end, nothing begins.
        case halted(String)
        case cancelled
        case finished
    }

    package let id: String
    package let plan: PrewarmPlan
    /// The canary first.
    package let order: [String]
    package internal(set) var phase = Phase.running
    package internal(set) var nodes: [String: NodeState]

    /// A run over `order`, of which no name stands there twice.
    package init(id: String, plan: PrewarmPlan, order: [String]) {
        self.id = id
        self.plan = plan
        self.order = order
        nodes = Dictionary(order.map { ($0, .waiting) }) { first, _ in first }
    }

    // MARK: what happens

    /// Starts whoever may start now, and ends what has lasted too long; to be called now and then, and after any change.
    package mutating func advance(now: Int64) {
        for (name, state) in nodes {
            if case .running(let since) = state, now - since >= plan.deadline { nodes[name] = .timedOut }
        }
        guard phase == .running else { return }
        if let reason = reasonToHalt {
            phase = .halted(reason)
            return
        }
        guard let wave = firstOpenWave else {
            phase = .finished
            return
        }
        var room = plan.maxParallel - count(where: \.isRunning)
        for name in wave where room > 0 && nodes[name] == .waiting {
            nodes[name] = .running(since: now)
            room -= 1
        }
    }

    /// A node says how it ended; what it says without being asked does not count.
    package mutating func report(_ node: String, _ outcome: Result<Void, PrewarmFailure>, now: Int64) {
        guard case .running = nodes[node] else { return }
        switch outcome {
        case .success: nodes[node] = .done
        case .failure(let failure): nodes[node] = .failed(failure.reason)
        }
        advance(now: now)
    }

    /// Nothing begins until ``resume(now:)``; what runs goes on.
    package mutating func pause() { if phase == .running { phase = .paused } }

    package mutating func resume(now: Int64) {
        guard phase == .paused else { return }
        phase = .running
        advance(now: now)
    }

    package mutating func cancel() {
        guard phase != .finished else { return }
        phase = .cancelled
        for (name, state) in nodes where state == .waiting || state.isRunning { nodes[name] = .cancelled }
    }

    /// Gives everything that did not succeed another try.
    package mutating func retry(now: Int64) {
        for (name, state) in nodes where state != .done && !state.isRunning { nodes[name] = .waiting }
        phase = .running
        advance(now: now)
    }

    // MARK: what may be asked

    /// Whether `node` is to have the images now.
    package func orders(_ node: String) -> Bool { nodes[node]?.isRunning ?? false }

    package func count(where test: (NodeState) -> Bool) -> Int { nodes.values.count(where: test) }
    /// Whether something may still begin.
    package var isActive: Bool { phase == .running || phase == .paused }
    package var failures: Int { count(where: \.isFailure) }

    private var canary: ArraySlice<String> { order.prefix(plan.canary) }

    private var reasonToHalt: String? {
        let broken = canary.filter { nodes[$0]?.isFailure ?? false }
        if !broken.isEmpty { return "canary failed: \(broken.joined(separator: ", "))" }
        let allowed = plan.maxFailures.most(of: order.count)
        return failures > allowed ? "\(failures) of \(order.count) nodes failed, \(allowed) may" : nil
    }

    /// The first wave of which somebody is not settled.
    private var firstOpenWave: ArraySlice<String>? {
        if canary.contains(where: { !isSettled($0) }) { return canary }
        let size = max(1, min(plan.batch.most(of: order.count), order.count))
        var start = canary.endIndex
        while start < order.endIndex {
            let wave = order[start..<min(start + size, order.endIndex)]
            if wave.contains(where: { !isSettled($0) }) { return wave }
            start = wave.endIndex
        }
        return nil
    }

    private func isSettled(_ node: String) -> Bool {
        switch nodes[node] {
        case .waiting, .running, nil: false
        case .done, .failed, .timedOut, .cancelled: true
        }
    }
}

/// Why a node could not get the images.
package struct PrewarmFailure: Error, Equatable, Sendable {
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}

extension PrewarmRun.NodeState {
    package var isRunning: Bool { if case .running = self { true } else { false } }

    package var isFailure: Bool {
        switch self {
        case .failed, .timedOut: true
        case .waiting, .running, .done, .cancelled: false
        }
    }

    /// In one word.
    package var word: String {
        switch self {
        case .waiting: "waiting"
        case .running: "running"
        case .done: "done"
        case .failed: "failed"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        }
    }
}
