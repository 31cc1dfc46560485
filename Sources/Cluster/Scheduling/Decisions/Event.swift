/// Something that happened, told to the scheduler.
package enum Event: Sendable {
    case nodeAdded(Node)
    /// Also the first time; equal descriptions (a heartbeat) change and wake nothing.
    case nodeUpdated(Node)
    /// Its pods are gone with it.
    case nodeRemoved(name: String)
    /// A pod to place, or one that runs already when it names its node.
    case podAdded(Pod)
    /// Finished, deleted or evicted.
    case podRemoved(id: String)
    /// Its gates are open.
    case podReleased(id: String)
    /// The binding is durable.
    case bindingConfirmed(id: String)
    /// The binding failed: the pod is tried again, a little later each time.
    case bindingFailed(id: String)
    /// Another scheduler was faster: the pod is tried again at once.
    case bindingConflicted(id: String)
    case budgetChanged(DisruptionBudget)
    case budgetRemoved(namespace: String, name: String)
    case quotaChanged(Quota)
    case namespaceChanged(name: String, labels: [String: String])
    /// A volume that late claims may choose, or that has its claim.
    case volumeChanged(Volume)
    case volumeRemoved(name: String)
    /// The claim is deleted, its volume free.
    case claimRemoved(id: String)
}

/// What the scheduler wants done.
package enum Decision: Sendable, Equatable {
    /// Bind the pod; it counts as placed until ``Event/bindingFailed(id:)`` or the reservation's end.
    case place(Placement)
    /// Bind all of them.
    case placeGang(name: String, [Placement])
    /// Evict the victims; the pod is placed once they are gone.
    case preempt(pod: String, node: String, victims: [String])
    /// Evict the victims; the gang is placed once all of them are gone.
    case preemptGang(name: String, [Nomination], victims: [String])
    /// It fits nowhere; it is not mentioned again until something could help.
    case wait(pod: String)
    /// The reservation ended without a confirmation; the pod is queued again.
    case expired(pod: String)
    /// Not all members of the gang fit, or came, in time; those that run without the rest are to be evicted.
    case gangTimedOut(name: String, running: [String])
}

/// A pod and the node that victims are about to leave for it.
package struct Nomination: Sendable, Equatable {
    package var pod: String
    package var node: String

    package init(pod: String, node: String) {
        self.pod = pod
        self.node = node
    }
}

package struct Placement: Sendable, Equatable {
    package var pod: String
    package var node: String
    package var score: Double
    /// By claim: the volumes that were chosen with the node.
    package var volumes: [String: String]

    package init(pod: String, node: String, score: Double, volumes: [String: String] = [:]) {
        self.pod = pod
        self.node = node
        self.score = score
        self.volumes = volumes
    }
}

/// How a scheduler behaves.
package struct Configuration: Sendable {
    package var bands = Band.standard
    /// By `schedulerName`.
    package var profiles: [String: Profile] = [:]
    /// By node pool.
    package var overcommit: [String: Overcommit] = [:]
    /// What tenants may use; more can come, or change, by ``Event/quotaChanged(_:)``.
    package var quotas: [Quota] = []
    /// Every so many turns of a queue go to the pod that waits longest in it.
    package var agingInterval = 8
    /// How long a placement may stay without a confirmation.
    package var reservationTimeout = Duration.seconds(60)
    package var firstBackoff = Duration.seconds(1)
    package var longestBackoff = Duration.seconds(10)
    /// How long a pod waits for its victims to leave before it looks for another node.
    package var nominationTimeout = Duration.seconds(300)
    /// How long pods like one that was evicted do not evict others in turn.
    package var evictionPause = Duration.seconds(30)
    /// After so long a waiting pod is tried again although nothing seems to have changed.
    package var leftoverTimeout = Duration.seconds(300)
    /// How long a gang may be incomplete before it is reported.
    package var gangTimeout = Duration.seconds(600)
    /// How many classes keep their trees; the others are built again when asked for.
    package var warmClasses = 256
    /// Set when it is one of several that a ``Committer`` brings together.
    package var shard: Shard?

    package init() {}
}
