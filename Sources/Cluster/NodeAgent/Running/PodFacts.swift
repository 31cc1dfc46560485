internal import ClusterModel
internal import JSON

/// What a pod's containers are told about the pod, the node and the pool's configuration: all that their environment and files are
/// made of.
struct PodFacts: Sendable {
    var pod: PodObject
    var nodeName: String
    var hostAddress: String
    var addresses: [String]
    /// By name, of the pod's namespace.
    var configMaps: [String: JSONValue] = [:]
    var secrets: [String: JSONValue] = [:]
    /// What a limit is where none is given: of the node.
    var allocatable: [String: String] = [:]

    /// A field of the pod, as `fieldRef` names it.
    ///
    /// - Throws: ``AgentError/configuration(_:)`` for one that there is not.
    func field(_ path: String) throws(AgentError) -> String {
        switch path {
        case "metadata.name": return pod.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return pod.uid
        case "metadata.labels": return Self.lines(pod.labels)
        case "metadata.annotations": return Self.lines(pod.annotations)
        case "spec.nodeName": return nodeName
        case "spec.serviceAccountName": return pod.spec["serviceAccountName"].text ?? ""
        case "status.hostIP", "status.hostIPs": return hostAddress
        case "status.podIP": return addresses.first ?? ""
        case "status.podIPs": return addresses.joined(separator: ",")
        default: break
        }
        for (prefix, values) in [("metadata.labels['", pod.labels), ("metadata.annotations['", pod.annotations)]
        where path.hasPrefix(prefix) && path.hasSuffix("']") {
            return values[String(path.dropFirst(prefix.count).dropLast(2))] ?? ""
        }
        throw .configuration("fieldPath \(path): pods have no such field")
    }

    /// A resource of a container, as `resourceFieldRef` names it, in units of its divisor.
    func resource(_ reference: Field, of container: ContainerObject?) throws(AgentError) -> String {
        let path = reference["resource"].text ?? ""
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        let named = reference["containerName"].text
        guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests",
            let container = named.flatMap({ name in
                (pod.containers + pod.initContainers).first { $0.name == name }
            }) ?? container
        else { throw .configuration("resource \(path): there is no such resource or container") }
        let given = parts[0] == "limits" ? container.limits[parts[1]] : container.requests[parts[1]]
        let text = given.text ?? (parts[0] == "limits" ? allocatable[parts[1]] : nil) ?? "0"
        let divisor = reference["divisor"].text.flatMap(Quantity.parse) ?? 0
        guard let amount = Quantity.parse(text) else { throw .configuration("\(given.path): expected a quantity") }
        return String(Int64((amount / (divisor > 0 ? divisor : 1)).rounded(.up)))
    }

    /// `key="value"` in a line each, sorted, as files of labels are.
    private static func lines(_ values: [String: String]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\(JSONValue.string($0.value))" }.joined(separator: "\n")
    }
}

/// Why a pod's container cannot be what its specification says.
package enum AgentError: Error, Sendable, Equatable {
    /// It refers to what is not there or makes no sense.
    case configuration(String)
    /// The machine refused.
    case machine(String)
}

extension AgentError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configuration(let why), .machine(let why): why
        }
    }
}
