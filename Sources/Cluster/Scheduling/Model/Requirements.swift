/// All that decides where a pod may run and which node suits it best.
///
/// Pods with equal requirements are equal to the scheduler: they share one result.
package struct Requirements: Hashable, Sendable {
    package var resources = Resources()
    /// The one node it must run on.
    package var nodeName: String?
    package var nodeSelector: [String: String] = [:]
    package var nodeAffinity: NodeSelector?
    package var preferredNodes: [Preference<LabelSelector>] = []
    package var tolerations: [Toleration] = []
    package var podAffinity: [PodAffinityTerm] = []
    package var podAntiAffinity: [PodAffinityTerm] = []
    /// Negative weights are preferred anti-affinity.
    package var preferredPods: [Preference<PodAffinityTerm>] = []
    package var spread: [SpreadConstraint] = []
    package var hostPorts: [HostPort] = []
    /// Each volume's nodes; all must match.
    package var volumes: [NodeSelector] = []
    /// Claims to volumes that are chosen together with the node.
    package var claims: [VolumeClaim] = []
    /// The pool its fixed address comes from.
    package var addressPool: String?
    /// Bytes of each image layer or piece, by digest.
    package var layers: [String: Int64] = [:]
    /// Rather where its processors fit into one NUMA node.
    package var prefersOneNUMANode = false
    /// The profile, Kubernetes's `schedulerName`; a pod that names one that is not there waits for another scheduler.
    package var profile = Profile.standardName

    package init(resources: Resources = Resources()) {
        self.resources = resources
    }
}

/// A port of the node itself.
package struct HostPort: Hashable, Sendable {
    package var port: Int
    package var transport: String
    /// Empty means every address.
    package var address: String

    package init(_ port: Int, transport: String = "TCP", address: String = "") {
        self.port = port
        self.transport = transport
        self.address = address == "0.0.0.0" ? "" : address
    }

    func conflicts(with other: HostPort) -> Bool {
        port == other.port && transport == other.transport
            && (address == other.address || address.isEmpty || other.address.isEmpty)
    }
}
