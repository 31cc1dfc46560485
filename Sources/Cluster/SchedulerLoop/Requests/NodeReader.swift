package import ClusterModel
package import Scheduling
internal import Units

/// Reads a Node of the Kubernetes API.
///
/// Beyond the API: the annotations `pouch.io/layers` and `pouch.io/address-pools`, lists separated by commas.
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
        return Node(
            name: name, labels: labels, taints: taints, allocatable: try resources(amounts, pods: 110),
            isUnschedulable: try field["spec"]["unschedulable"].bool(default: false),
            layers: list(annotations["pouch.io/layers"]), addressPools: list(annotations["pouch.io/address-pools"]),
            pool: pool)
    }

    package static func resources(_ field: Field, pods: Int64) throws(ManifestError) -> Resources {
        var resources = Resources(pods: pods)
        for (name, value) in field.entries {
            let amount = try value.quantity()
            switch name {
            case "cpu": resources.cpu = CPUCount(nano: Int64((amount * 1e9).rounded(.up)))
            case "memory": resources.memory = ByteCount(UInt64(amount.rounded(.up)))
            case "ephemeral-storage": resources.disk = ByteCount(UInt64(amount.rounded(.up)))
            case "pods": resources.pods = Int64(amount)
            default: resources.extended[name] = Int64(amount)
            }
        }
        return resources
    }

    private static func list(_ text: String?) -> Set<String> {
        Set((text ?? "").split(separator: ",").map(String.init))
    }
}
