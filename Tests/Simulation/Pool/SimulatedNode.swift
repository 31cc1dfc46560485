import ClusterStore

/// A node's agent and the machine below it: pods run on although the agent restarts, and end when the machine does.
struct SimulatedNode {
    enum Effect {
        case send(Request)
        /// A send whose answer is waited for: the agent goes on when it comes, or after a while.
        case ask(Request)
        case start(PodRecord, after: Int64)
        case stop(PodRecord, after: Int64)
    }

    let name: String
    let sabotage: Sabotage?
    /// By uid: what runs on the machine, whoever knows of it.
    private(set) var running: [String: PodRecord] = [:]
    /// By uid: what is to run here.
    private var assigned: [String: PodRecord] = [:]
    private var starting: Set<String> = []
    private var stopping: Set<String> = []
    private var revision: Revision?
    /// Counts the lives of the machine: what was begun in an earlier one does not end in this.
    private(set) var life = 0

    init(name: String, sabotage: Sabotage?) {
        self.name = name
        self.sabotage = sabotage
    }

    /// Forgets what it knows, not what runs.
    mutating func restartAgent() {
        assigned = [:]
        starting = []
        stopping = []
        revision = nil
        life += 1
    }

    mutating func reboot() {
        running = [:]
        restartAgent()
    }

    var question: Request { revision.map { .changes(node: name, after: $0) } ?? .list(node: name) }

    mutating func take(_ answer: Answer, startsAfter delay: Int64) -> [Effect] {
        switch answer {
        case .pods(let pods, let revision):
            assigned = Dictionary(uniqueKeysWithValues: pods.map { ($0.uid, $0) })
            self.revision = revision
        case .changes(let changes, let through):
            for change in changes {
                switch change {
                case .now(let pod): assigned[pod.uid] = pod.node == name ? pod : nil
                case .gone(let pod): assigned[pod.uid] = nil
                }
            }
            revision = max(revision ?? through, through)
        case .compacted: revision = nil
        case .done, .refused: return []
        }
        return reconcile(delay) + [.ask(question)]
    }

    /// Brings the machine nearer to what is asked of it.
    mutating func reconcile(_ delay: Int64) -> [Effect] {
        guard revision != nil else { return [] }
        var effects: [Effect] = []
        for pod in assigned.values.sorted(by: { $0.uid < $1.uid }) {
            if pod.isLeaving, sabotage != .ignoresEnds {
                if running[pod.uid] == nil, !starting.contains(pod.uid) {
                    effects.append(.send(.ended(pod)))
                } else if stopping.insert(pod.uid).inserted {
                    effects.append(.stop(pod, after: delay))
                }
            } else if running[pod.uid] == nil {
                if starting.insert(pod.uid).inserted { effects.append(.start(pod, after: delay)) }
            } else if pod.phase != .running {
                effects.append(.send(.running(pod)))
            }
        }
        for pod in running.values.sorted(by: { $0.uid < $1.uid }) where assigned[pod.uid] == nil {
            if stopping.insert(pod.uid).inserted { effects.append(.stop(pod, after: 0)) }
        }
        return effects
    }

    /// `false` when it is not wanted any more.
    mutating func start(_ pod: PodRecord) -> Bool {
        starting.remove(pod.uid)
        guard let wanted = assigned[pod.uid], !wanted.isLeaving, running[pod.uid] == nil else { return false }
        running[pod.uid] = wanted
        return true
    }

    mutating func stop(_ pod: PodRecord) {
        stopping.remove(pod.uid)
        running[pod.uid] = nil
    }
}
