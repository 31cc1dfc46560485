import ClusterModel
import ClusterStore
import JSON

@testable import APIServer

/// What must be true of the pool at every moment, and in the end.
struct Invariants {
    /// By node: its processors.
    var room: [String: Int] = [:]
    /// How many pods of the app with a budget must stay, and whether only evictions make fewer of them.
    var desired = 0
    var isKind = false
    /// By uid: where it runs.
    private var running: [String: String] = [:]
    /// By uid: the pods as the server last showed them.
    private var pods: [String: SimulatedPod] = [:]
    /// By uid: what the lifecycle had leave.
    private(set) var evicted: Set<String> = []
    private var allowed: Int64?

    // MARK: machines

    /// What runs on a node now.
    mutating func runs(_ there: [String: SimulatedPod], on node: String) throws(Violation) {
        for (uid, pod) in there {
            if let other = running[uid], other != node {
                throw Violation("\(pod.name) starts on \(node) while it runs on \(other)")
            }
            running[uid] = node
        }
        running = running.filter { $0.value != node || there[$0.key] != nil }
    }

    mutating func evicts(_ uids: [String]) { evicted.formUnion(uids) }

    // MARK: what the server shows

    mutating func shown(_ event: WatchEvent, user: SimulatedUser) throws {
        if event.key.path.hasPrefix("policy/") { return try shownBudget(event) }
        let before = SimulatedPod(event.previous)
        if let pod = SimulatedPod(event.object) {
            if let before, before.uid == pod.uid, !before.node.isEmpty, before.node != pod.node {
                throw Violation("\(pod.name) moved from \(before.node) to \(pod.node)")
            }
            if let before, before.isLeaving, before.uid == pod.uid, !pod.isLeaving {
                throw Violation("\(pod.name) was to leave and is to stay")
            }
            if before == nil, pods[pod.uid] != nil { throw Violation("\(pod.name) came back") }
            pods[pod.uid] = pod
            try checkRoom(on: pod.node)
            if isKind, pod.app == "web", pod.isLeaving, before?.isLeaving == false, before?.isReady == true {
                let healthy = pods.values.count { $0.app == "web" && $0.isReady && !$0.isLeaving }
                guard healthy >= desired else {
                    throw Violation("an eviction left \(healthy) web pods of \(desired)")
                }
            }
        } else if let before {
            pods[before.uid] = nil
            guard user.asked.contains(before.uid) || evicted.contains(before.uid) else {
                throw Violation("\(before.name) is gone, nobody asked for it")
            }
        }
    }

    /// One eviction takes one disruption from what was left before it.
    private mutating func shownBudget(_ event: WatchEvent) throws {
        guard let stored = event.object else { return }
        let status = try ObjectCodec.decode(stored)["status"]
        let left = status?["disruptionsAllowed"]?.intValue ?? 0
        let before = try event.previous.map { try ObjectCodec.decode($0)["status"] } ?? nil
        let gone = status?["disruptedPods"]?.objectValue?.count ?? 0
        let goneBefore = before?["disruptedPods"]?.objectValue?.count ?? 0
        let hadLeft = before?["disruptionsAllowed"]?.intValue ?? 0
        if gone > goneBefore, left != hadLeft - 1 || left < 0 {
            throw Violation("an eviction left \(left) disruptions of \(hadLeft)")
        }
    }

    private func checkRoom(on node: String) throws(Violation) {
        guard let room = room[node] else { return }
        // What has ended takes no room, although it is still there.
        let used = pods.values.reduce(0) { $1.node == node && !$1.phase.isTerminal ? $0 + $1.milliCPU : $0 }
        guard used <= room else { throw Violation("\(node) has \(room)m and is given \(used)m") }
    }

    // MARK: moments

    /// A server that starts has all that it ever acknowledged.
    mutating func checkStart(_ there: [SimulatedPod], user: SimulatedUser) throws(Violation) {
        pods = Dictionary(there.map { ($0.uid, $0) }) { $1 }
        for (uid, name) in user.acknowledged
        where !user.asked.contains(uid) && !evicted.contains(uid) && pods[uid] == nil {
            throw Violation("\(name) was acknowledged and is lost")
        }
        for node in room.keys { try checkRoom(on: node) }
    }

    /// When faults have ceased for a while all that was wanted is true.
    func checkEnd(_ there: [SimulatedPod], nodes: [SimulatedNode], user: SimulatedUser) throws(Violation) {
        guard user.isContent else { throw Violation("a request was never answered") }
        let uids = Set(there.map(\.uid))
        for (uid, name) in user.acknowledged {
            if !uids.contains(uid), !user.asked.contains(uid), !evicted.contains(uid) {
                throw Violation("\(name) is lost")
            }
            if uids.contains(uid), user.dismissed.contains(uid) { throw Violation("\(name) is still there") }
        }
        for pod in there {
            guard !pod.node.isEmpty else { throw Violation("\(pod.name) was never placed") }
            guard pod.phase == .running, pod.isReady else { throw Violation("\(pod.name) is \(pod.phase), not ready") }
            guard !pod.isLeaving else { throw Violation("\(pod.name) never left") }
        }
        for node in nodes {
            let wanted = Set(there.filter { $0.node == node.name }.map(\.uid))
            let runs = Set(node.running.keys)
            guard wanted == runs else { throw Violation("\(node.name) runs \(runs.sorted()), not \(wanted.sorted())") }
        }
    }
}
