internal import ClusterModel
internal import Synchronization

/// How many requests are worked on at once, so that a flood of some leaves room for the others.
///
/// Each level has room of its own: what nodes and the system need is not crowded out by workloads, and within a level no
/// requester takes more than half while others are there. Watches do not count: they wait, mostly.
///
/// Source: Kubernetes documentation, "API Priority and Fairness".
package final class RequestLimits: Sendable {
    enum Level: CaseIterable {
        /// Administrators asking how things are, and the pool's own parts.
        case system
        case nodes
        case workload
    }

    private struct State {
        var running: [Level: Int] = [:]
        var byRequester: [String: Int] = [:]
    }

    private let limits: [Level: Int]
    private let state = Mutex(State())

    package init(system: Int = 200, nodes: Int = 800, workload: Int = 400) {
        limits = [.system: system, .nodes: nodes, .workload: workload]
    }

    static func level(of requester: Requester) -> Level {
        if requester.node != nil { return .nodes }
        return requester.name.hasPrefix("system:") && requester != .anonymous ? .system : .workload
    }

    /// Takes a place.
    ///
    /// - Throws: ``APIError/tooManyRequests(_:retryAfter:)`` when there is none.
    func enter(_ requester: Requester) throws(APIError) {
        let level = Self.level(of: requester)
        let limit = limits[level] ?? 0
        let isLet = state.withLock { state in
            let running = state.running[level, default: 0]
            let own = state.byRequester[requester.name, default: 0]
            guard running < limit, own < max(limit / 2, 1) || own == running else { return false }
            state.running[level] = running + 1
            state.byRequester[requester.name] = own + 1
            return true
        }
        guard isLet else { throw .tooManyRequests("too many requests, please try again later", retryAfter: 1) }
    }

    func leave(_ requester: Requester) {
        let level = Self.level(of: requester)
        state.withLock { state in
            state.running[level, default: 1] -= 1
            let left = state.byRequester[requester.name, default: 1] - 1
            state.byRequester[requester.name] = left > 0 ? left : nil
        }
    }
}
