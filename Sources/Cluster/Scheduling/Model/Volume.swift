package import Units

/// Disk that one claim at a time may have.
package struct Volume: Hashable, Sendable {
    package var name: String
    package var storageClass: String
    package var size: ByteCount
    /// Where it can be reached from; `nil` from every node.
    package var nodes: NodeSelector?
    /// The claim that it belongs to already.
    package var claim: String?

    package init(
        name: String, storageClass: String, size: ByteCount, nodes: NodeSelector? = nil, claim: String? = nil
    ) {
        self.name = name
        self.storageClass = storageClass
        self.size = size
        self.nodes = nodes
        self.claim = claim
    }
}

/// A claim whose volume is chosen together with its pod's node (`WaitForFirstConsumer`).
///
/// Source: Kubernetes, "Storage Classes: Volume Binding Mode".
package struct VolumeClaim: Hashable, Sendable {
    /// Where a volume is made when none of those that there are is free.
    package enum Making: Hashable, Sendable {
        case nowhere, anywhere
        case at(NodeSelector)
    }

    /// Unique in the pool, such as `namespace/name`.
    package var id: String
    package var storageClass: String
    package var size: ByteCount
    package var making: Making

    package init(id: String, storageClass: String, size: ByteCount, making: Making = .nowhere) {
        self.id = id
        self.storageClass = storageClass
        self.size = size
        self.making = making
    }
}
