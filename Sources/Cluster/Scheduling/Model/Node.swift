/// A machine of the pool, as far as placing pods is concerned.
package struct Node: Hashable, Sendable {
    package var name: String
    package var labels: [String: String]
    package var taints: [Taint]
    /// What pods may use, before the pool's overcommit ratio.
    package var allocatable: Resources
    /// Cordoned: nothing new, unless it tolerates that.
    package var isUnschedulable: Bool
    /// Digests of the image layers and pieces it holds.
    package var layers: Set<String>
    /// Pools of fixed addresses that can be reached from it.
    package var addressPools: Set<String>
    /// How many NUMA nodes share its processors evenly.
    package var numaNodes: Int
    /// The node pool, which decides the overcommit ratio.
    package var pool: String

    package init(
        name: String, labels: [String: String] = [:], taints: [Taint] = [], allocatable: Resources,
        isUnschedulable: Bool = false, layers: Set<String> = [], addressPools: Set<String> = [], numaNodes: Int = 1,
        pool: String = ""
    ) {
        self.name = name
        self.labels = labels
        self.taints = taints
        self.allocatable = allocatable
        self.isUnschedulable = isUnschedulable
        self.layers = layers
        self.addressPools = addressPools
        self.numaNodes = numaNodes
        self.pool = pool
    }
}

/// A mark that keeps pods off a node unless they tolerate it.
///
/// Source: Kubernetes, "Taints and Tolerations".
package struct Taint: Hashable, Sendable {
    package enum Strength: String, Hashable, Sendable {
        case noSchedule = "NoSchedule"
        case preferNoSchedule = "PreferNoSchedule"
        case noExecute = "NoExecute"
    }

    package var key: String
    package var value: String
    package var effect: Strength

    package init(key: String, value: String = "", effect: Strength) {
        self.key = key
        self.value = value
        self.effect = effect
    }

    /// What a cordoned node counts as.
    static let unschedulable = Taint(key: "node.kubernetes.io/unschedulable", effect: .noSchedule)
}

/// A pod's leave to run beside a taint.
package struct Toleration: Hashable, Sendable {
    /// `nil` tolerates every key.
    package var key: String?
    /// `nil` tolerates every value.
    package var value: String?
    /// `nil` tolerates every effect.
    package var effect: Taint.Strength?

    package init(key: String? = nil, value: String? = nil, effect: Taint.Strength? = nil) {
        self.key = key
        self.value = value
        self.effect = effect
    }

    func tolerates(_ taint: Taint) -> Bool {
        (effect == nil || effect == taint.effect) && (key == nil || key == taint.key)
            && (value == nil || value == taint.value)
    }
}
