internal import ClusterModel
internal import JSON

/// What the lifecycle wants to know of a node, read once for each change of it: it looks at all nodes every few seconds.
struct NodeFacts: Sendable {
    let uid: String
    let zone: String
    let readiness: String
    let isUnschedulable: Bool
    let podRange: String?
    let taints: [NodeObject.Taint]
    /// Types of conditions that are true and come with a taint.
    let pressures: Set<String>
    /// As they were said.
    let conditions: JSONValue?

    init(_ node: NodeObject) {
        uid = node.uid
        zone = node.zone
        readiness = node.readiness
        isUnschedulable = node.isUnschedulable
        podRange = node.podRange
        taints = node.taints
        pressures = Set(
            NodeLifecycle.pressures.map(\.0).filter { node.condition($0)?["status"].text == "True" })
        conditions = node.status["conditions"].value
    }
}

/// What the lifecycle wants to know of a pod that has a node.
struct ResidentPod: Sendable {
    let name: PodName
    let node: String
    let isReady: Bool
    let isStatic: Bool
    let isBeingDeleted: Bool
    let tolerations: [Field]

    init(_ pod: PodObject, node: String) {
        name = PodName(key: pod.key, uid: pod.uid)
        self.node = node
        isReady = pod.isReady
        isStatic = pod.isStatic
        isBeingDeleted = pod.isBeingDeleted
        tolerations = pod.tolerations
    }
}
