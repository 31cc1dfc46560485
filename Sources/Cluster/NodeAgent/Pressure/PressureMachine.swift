internal import ClusterModel
internal import Units

/// What a node is short of.
package enum ScarceResource: String, Sendable, CaseIterable {
    case memory
    case disk

    /// The node's condition that says so.
    var condition: String { self == .memory ? "MemoryPressure" : "DiskPressure" }
    /// As messages call it.
    var name: String { self == .memory ? "memory" : "ephemeral-storage" }
}

/// Below which amounts a node lets pods go.
package struct PressureLimits: Sendable, Equatable {
    /// Bytes of memory that can be had.
    package var memory: Int64 = 100 << 20
    /// The part of the disk, and of its files, from 0 to 1.
    package var disk = 0.1
    /// How long a condition stays after what it says is over, so that a node does not flap.
    package var holding = Duration.seconds(300)

    package init() {}
}

/// What was seen of a node's memory and disk.
struct NodeAmounts: Sendable, Equatable {
    /// Bytes that can be had.
    var memory: Int64
    /// Parts of the whole, from 0 to 1.
    var disk: Double
}

/// A pod as a candidate for eviction.
struct PressureCandidate: Sendable, Equatable {
    var uid: String
    var priority: Int
    /// Bytes of memory.
    var used: Int64
    var requested: Int64
    /// Seconds since 1970.
    var started: Int64
    /// It is on its way out already: nobody chooses it, and its room comes free by itself.
    var isEnding = false

    /// Who is essential to the pool stays, whatever happens.
    static let essential = 2_000_000_000
}

extension PressureCandidate {
    /// A pod that uses so many bytes of memory.
    init(_ pod: PodObject, used: Int64, isEnding: Bool) {
        self.init(
            uid: pod.uid, priority: pod.priority, used: used,
            requested: pod.containers.reduce(0) { $0 + ($1.requests["memory"].wholeQuantity ?? 0) },
            started: pod.creationTime?.seconds ?? 0, isEnding: isEnding)
    }
}

/// Decides when a node is short of something, and who goes.
///
/// A value: what was seen goes in, one pod at most comes out. Who uses more than it asked for goes before who does not, then who is
/// less important, then who uses more beyond what it asked for; for the disk importance alone decides, then age. The next one goes
/// when nothing of the last is left and the node is still short, or when the last has resisted for too long.
///
/// Source: Kubernetes, "Node-pressure Eviction", "Pod selection for kubelet eviction".
struct PressureMachine: Sendable {
    struct Verdict: Sendable, Equatable {
        var uid: String
        var message: String
    }

    /// A pod has half a minute to end, and as long again for what is cleared away behind it.
    static let patience = Duration.seconds(60)

    private let limits: PressureLimits
    /// When each was seen last.
    private var seen: [ScarceResource: Timestamp] = [:]
    private var leaving: (uid: String, since: Timestamp)?

    init(_ limits: PressureLimits) { self.limits = limits }

    /// What the node's conditions say.
    func isShort(of resource: ScarceResource, at now: Timestamp) -> Bool {
        seen[resource].map { now.duration(since: $0) < limits.holding } ?? false
    }

    /// Takes what was seen just now, and the pods of which something is here.
    mutating func observe(_ amounts: NodeAmounts, _ pods: [PressureCandidate], at now: Timestamp) -> Verdict? {
        let short = ScarceResource.allCases.filter { isBelow($0, amounts) }
        for resource in short { seen[resource] = now }
        if let leaving, now.duration(since: leaving.since) < Self.patience,
            pods.contains(where: { $0.uid == leaving.uid })
        {
            return nil
        }
        leaving = nil
        guard let resource = short.first, let victim = Self.victim(resource, pods) else { return nil }
        leaving = (victim.uid, now)
        return Verdict(uid: victim.uid, message: message(resource, amounts, victim))
    }

    private func isBelow(_ resource: ScarceResource, _ amounts: NodeAmounts) -> Bool {
        resource == .memory ? amounts.memory < limits.memory : amounts.disk < limits.disk
    }

    private static func victim(_ resource: ScarceResource, _ pods: [PressureCandidate]) -> PressureCandidate? {
        func rank(_ pod: PressureCandidate) -> (Int, Int, Int64, Int64) {
            let excess = resource == .memory ? pod.used - pod.requested : 0
            return (excess > 0 ? 0 : 1, pod.priority, -excess, -pod.started)
        }
        return pods.filter { !$0.isEnding && $0.priority < PressureCandidate.essential }.min { rank($0) < rank($1) }
    }

    private func message(
        _ resource: ScarceResource, _ amounts: NodeAmounts, _ victim: PressureCandidate
    ) -> String {
        let start = "The node was low on resource: \(resource.name). "
        switch resource {
        case .memory:
            return start
                + "Threshold quantity: \(limits.memory / 1024)Ki, available: \(amounts.memory / 1024)Ki. The pod was using "
                + "\(victim.used / 1024)Ki, request is \(victim.requested / 1024)Ki."
        case .disk:
            return start
                + "Threshold quantity: \(Int(limits.disk * 100))%, available: \(Int(amounts.disk * 100))%."
        }
    }
}
