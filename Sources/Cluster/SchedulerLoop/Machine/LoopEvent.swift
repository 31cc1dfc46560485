package import ClusterModel
package import Units

/// Something that happened in the pool, told to the loop.
package enum LoopEvent: Sendable {
    /// New, or different from before.
    case pod(PodObject)
    case podGone(key: String, uid: String)
    case node(NodeObject)
    case nodeGone(name: String)
    case budget(PodDisruptionBudgetObject)
    case budgetGone(namespace: String, name: String)
    case priorityClass(PriorityClassObject)
    case priorityClassGone(name: String)
    case namespace(name: String, labels: [String: String])
    case podGroup(PodGroupObject)
    case podGroupGone(key: String)
    /// How a binding to `node` ended, or the pod's only one where none is named.
    case bound(uid: String, node: String? = nil, BindingOutcome)
}

package enum BindingOutcome: Sendable, Equatable {
    case confirmed
    /// Somebody else changed the pod first.
    case conflicted
    case failed(String)
    /// The pod is not there any more.
    case gone
}

/// What the loop wants done; each effect may be done at any time after, in any order with others.
package enum LoopEffect: Sendable, Equatable {
    /// All or none of them matter at once only for gangs; each is bound for itself.
    case bind([Binding])
    case evict(key: String, uid: String, reason: String)
    /// The pod's `PodScheduled` condition is false.
    case waiting(key: String, uid: String, reason: String, message: String, nominatedNode: String?)
    case record(EventRecord)
}

package struct Binding: Sendable, Equatable {
    package var key: String
    package var uid: String
    package var node: String
    /// What the pod is to be told with it.
    package var annotations: [String: String]

    package init(key: String, uid: String, node: String, annotations: [String: String] = [:]) {
        self.key = key
        self.uid = uid
        self.node = node
        self.annotations = annotations
    }
}

/// A queue as it stands.
package struct QueueReport: Sendable, Equatable {
    package var name: String
    package var isStrict: Bool
    package var weight: Double
    /// The least priority that leads into it.
    package var minimumPriority: Int32
    /// Pods that wait in it.
    package var depth: Int
    package var running: Int
    /// Since when the one that waits longest does.
    package var oldest: Timestamp?
}
