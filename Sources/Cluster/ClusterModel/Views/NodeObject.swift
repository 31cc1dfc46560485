package import JSON
package import Units

/// core/v1 Node.
///
/// Source: Kubernetes API reference v1.32, Node.
package struct NodeObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    package struct Taint: Hashable, Sendable {
        package var key: String
        package var value: String
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        package var effect: String

        package init(key: String, value: String = "", effect: String) {
            self.key = key
            self.value = value
            self.effect = effect
        }
    }

    package var spec: Field { field["spec"] }
    package var status: Field { field["status"] }
    package var isUnschedulable: Bool { spec["unschedulable"].flag ?? false }
    package var allocatable: Field { status["allocatable"] }
    package var capacity: Field { status["capacity"] }
    /// Pods get their addresses from here.
    package var podRange: String? { spec["podCIDR"].text }
    /// Nodes of one zone fail together.
    package var zone: String {
        let labels = labels
        return labels["topology.kubernetes.io/zone"] ?? labels["failure-domain.beta.kubernetes.io/zone"] ?? ""
    }

    package var taints: [Taint] {
        spec["taints"].elements.map { taint in
            Taint(
                key: taint["key"].text ?? "", value: taint["value"].text ?? "", effect: taint["effect"].text ?? "")
        }
    }

    package func condition(_ type: String) -> Field? {
        status["conditions"].elements.first { $0["type"].text == type }
    }

    /// `True`, `False` or `Unknown`.
    package var readiness: String { condition("Ready")?["status"].text ?? "Unknown" }

    package func address(_ type: String) -> String? {
        status["addresses"].elements.first { $0["type"].text == type }?["address"].text
    }
}

/// coordination.k8s.io/v1 Lease: a node's sign of life.
package struct LeaseObject: ObjectView {
    package let object: JSONValue
    package init(_ object: JSONValue) { self.object = object }

    package var holder: String { field["spec"]["holderIdentity"].text ?? "" }
    package var duration: Duration { .seconds(field["spec"]["leaseDurationSeconds"].number ?? 40) }
    package var renewal: Timestamp? { field["spec"]["renewTime"].time }
}
