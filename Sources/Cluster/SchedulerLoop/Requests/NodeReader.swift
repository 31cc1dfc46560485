package import ClusterModel
package import Scheduling

/// Reads a Node of the Kubernetes API.
///
/// The images it holds (`status.images`) count as layers by their names. Beyond the API: the annotations `pouch.io/layers`
/// and `pouch.io/address-pools`, lists separated by commas, and `pouch.io/numa-nodes`, a number.
package enum NodeReader {
    package static func node(_ field: Field, named name: String, pool: String = "") throws(ManifestError) -> Node {
        var labels = try field["metadata"]["labels"].strings()
        if labels["kubernetes.io/hostname"] == nil { labels["kubernetes.io/hostname"] = name }
        var taints: [Taint] = []
        for taint in field["spec"]["taints"].elements {
            let effect = try taint["effect"].string()
            guard let strength = Taint.Strength(rawValue: effect) else {
                throw ManifestError(taint["effect"].path, "\(effect) is no effect of taints")
            }
            taints.append(Taint(key: try taint["key"].string(), value: taint["value"].text ?? "", effect: strength))
        }
        let status = field["status"]
        let amounts = status["allocatable"].isPresent ? status["allocatable"] : status["capacity"]
        guard amounts.isPresent else { throw ManifestError(status["allocatable"].path, "a node must say what it has") }
        let annotations = try field["metadata"]["annotations"].strings()
        var layers = list(annotations["pouch.io/layers"])
        for image in status["images"].elements { layers.formUnion(image["names"].elements.compactMap(\.text)) }
        let numa = field["metadata"]["annotations"]["pouch.io/numa-nodes"]
        guard let numaNodes = Int(numa.text ?? "1"), (1...1024).contains(numaNodes) else {
            throw ManifestError(numa.path, "expected a number from 1 to 1024")
        }
        return Node(
            name: name, labels: labels, taints: taints, allocatable: try resources(amounts, pods: 110),
            isUnschedulable: try field["spec"]["unschedulable"].bool(default: false),
            layers: layers, addressPools: list(annotations["pouch.io/address-pools"]), numaNodes: numaNodes, pool: pool)
    }

    package static func resources(_ field: Field, pods: Int64) throws(ManifestError) -> Resources {
        var amounts: [String: Double] = [:]
        for (name, value) in field.entries { amounts[name] = try value.quantity() }
        return try AmountReader.resources(amounts, pods: pods, path: field.path)
    }

    private static func list(_ text: String?) -> Set<String> {
        Set((text ?? "").split(separator: ",").map(String.init))
    }
}
