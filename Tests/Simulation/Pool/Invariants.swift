import ClusterStore

/// What must be true of the pool at every moment, and in the end.
struct Invariants {
    /// By node: its processors.
    var room: [String: Int] = [:]
    /// By uid: where it runs.
    private var running: [String: String] = [:]
    /// By uid: the pods as the server last showed them.
    private var pods: [String: PodRecord] = [:]

    // MARK: machines

    mutating func started(_ pod: PodRecord, on node: String) throws(Violation) {
        if let other = running[pod.uid], other != node {
            throw Violation("\(pod.name) starts on \(node) while it runs on \(other)")
        }
        running[pod.uid] = node
    }

    mutating func stopped(_ pod: PodRecord, on node: String) {
        if running[pod.uid] == node { running[pod.uid] = nil }
    }

    mutating func rebooted(_ node: String) {
        running = running.filter { $0.value != node }
    }

    // MARK: what the server shows

    mutating func shown(_ event: WatchEvent, desired: Int, user: SimulatedUser) throws(Violation) {
        let before = PodRecord(event.previous)
        if let pod = PodRecord(event.object), event.key.path.hasPrefix("pods/") {
            if let before, before.uid == pod.uid, !before.node.isEmpty, before.node != pod.node {
                throw Violation("\(pod.name) moved from \(before.node) to \(pod.node)")
            }
            pods[pod.uid] = pod
            try checkRoom(on: pod.node)
            if pod.app == "web", pod.isLeaving, before?.isLeaving == false, before?.phase == .running {
                let healthy = pods.values.count { $0.app == "web" && $0.phase == .running && !$0.isLeaving }
                guard healthy >= desired else {
                    throw Violation("an eviction left \(healthy) web pods of \(desired)")
                }
            }
        } else if let before, event.key.path.hasPrefix("pods/") {
            pods[before.uid] = nil
            guard user.asked.contains(before.uid) else {
                throw Violation("\(before.name) is gone, nobody asked for it")
            }
        }
    }

    private func checkRoom(on node: String) throws(Violation) {
        guard let room = room[node] else { return }
        let used = pods.values.reduce(0) { $1.node == node ? $0 + $1.milliCPU : $0 }
        guard used <= room else { throw Violation("\(node) has \(room)m and is given \(used)m") }
    }

    // MARK: moments

    /// A server that starts has all that it ever acknowledged.
    mutating func checkStart(_ there: [PodRecord], user: SimulatedUser) throws(Violation) {
        pods = Dictionary(there.map { ($0.uid, $0) }) { $1 }
        for pod in user.acknowledged.values where !user.asked.contains(pod.uid) && pods[pod.uid] == nil {
            throw Violation("\(pod.name) was acknowledged and is lost")
        }
        for node in room.keys { try checkRoom(on: node) }
    }

    /// When faults have ceased for a while all that was wanted is true.
    func checkEnd(_ there: [PodRecord], nodes: [SimulatedNode], user: SimulatedUser) throws(Violation) {
        guard user.isContent else { throw Violation("a request was never answered") }
        let uids = Set(there.map(\.uid))
        for pod in user.acknowledged.values {
            let isThere = uids.contains(pod.uid)
            if !isThere, !user.asked.contains(pod.uid) { throw Violation("\(pod.name) is lost") }
            if isThere, user.dismissed.contains(pod.uid) { throw Violation("\(pod.name) is still there") }
        }
        for pod in there {
            guard !pod.node.isEmpty else { throw Violation("\(pod.name) was never placed") }
            guard pod.phase == .running else { throw Violation("\(pod.name) never ran") }
        }
        for node in nodes {
            let wanted = Set(there.filter { $0.node == node.name }.map(\.uid))
            let runs = Set(node.running.keys)
            guard wanted == runs else { throw Violation("\(node.name) runs \(runs.sorted()), not \(wanted.sorted())") }
        }
    }
}
