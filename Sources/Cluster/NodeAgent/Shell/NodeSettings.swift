internal import ClusterModel

/// What the agent was told about its node.
package struct NodeSettings: Sendable {
    /// Its name in the pool.
    package var name: String
    /// Where others reach it.
    package var address: String
    /// Survives power loss.
    package var dataRoot: String
    /// Lives until the machine goes down: secrets are kept here.
    package var execRoot: String
    package var labels: [String: String] = [:]
    /// Where the server asks for logs and streams; 0 serves none.
    package var streamPort = 0
    /// The network that pods join; empty is the engine's own bridge.
    package var network = ""
    package var version = ""
    package var maximumPods = 110
    package var pressure = PressureLimits()
    /// How often what pods are told of ConfigMaps and Secrets is asked for again.
    package var refreshPeriod = Duration.seconds(60)

    package init(name: String, address: String, dataRoot: String, execRoot: String) {
        self.name = name
        self.address = address
        self.dataRoot = dataRoot
        self.execRoot = execRoot
    }

    func podFolder(_ uid: String) -> String { "\(dataRoot)/pods/\(uid)" }
    /// What its containers write.
    func logFolder(_ pod: PodObject) -> String { "\(dataRoot)/log/pods/\(pod.namespace)_\(pod.name)_\(pod.uid)" }
    /// In memory: what a pod is told, secrets among it.
    func podFiles(_ uid: String) -> String { "\(execRoot)/pods/\(uid)" }
}
