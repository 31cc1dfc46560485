/// A pod, as far as placing it is concerned.
package struct Pod: Sendable {
    /// Unique in the pool, such as `namespace/name` or a uid.
    package var id: String
    package var template: PodTemplate
    /// The node it runs on already.
    package var node: String?
    package var gang: GangMembership?
    /// While there are any, it is not considered.
    package var isGated: Bool

    package init(
        id: String, template: PodTemplate, node: String? = nil, gang: GangMembership? = nil, isGated: Bool = false
    ) {
        self.id = id
        self.template = template
        self.node = node
        self.gang = gang
        self.isGated = isGated
    }
}

/// What the pods of one controller have in common.
///
/// A reference, so that a million pods share their templates and the scheduler recognises one at once.
package final class PodTemplate: Sendable {
    package let namespace: String
    package let labels: [String: String]
    package let requirements: Requirements
    package let priority: Int32
    /// The queue its PriorityClass picks; `nil` lets the priority decide.
    package let queue: String?
    package let mayPreempt: Bool

    package init(
        namespace: String = "default", labels: [String: String] = [:], requirements: Requirements,
        priority: Int32 = 0, queue: String? = nil, mayPreempt: Bool = true
    ) {
        self.namespace = namespace
        self.labels = labels
        self.requirements = requirements
        self.priority = priority
        self.queue = queue
        self.mayPreempt = mayPreempt
    }
}

/// A pod's place in a group that starts together or not at all.
package struct GangMembership: Hashable, Sendable {
    package var name: String
    package var minimum: Int
    /// All members in one domain of this key.
    package var topologyKey: String?

    package init(name: String, minimum: Int, topologyKey: String? = nil) {
        self.name = name
        self.minimum = minimum
        self.topologyKey = topologyKey
    }
}

/// How many pods that match may be evicted at this moment.
package struct DisruptionBudget: Hashable, Sendable {
    package var name: String
    package var namespace: String
    package var selector: LabelSelector
    package var allowed: Int

    package init(name: String, namespace: String, selector: LabelSelector, allowed: Int) {
        self.name = name
        self.namespace = namespace
        self.selector = selector
        self.allowed = allowed
    }
}
