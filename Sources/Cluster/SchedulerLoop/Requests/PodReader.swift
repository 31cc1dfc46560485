package import ClusterModel
package import Scheduling
internal import Units

/// Reads a Pod of the Kubernetes API.
///
/// Beyond the API: the annotation `pouch.io/address-pool`, and for gangs `pouch.io/gang`, `pouch.io/gang-size` and
/// `pouch.io/gang-topology`.
package struct PodReader: Sendable {
    /// By PriorityClass.
    package var priorities: [String: Int]
    /// By `namespace/claim`: the nodes of its volume, `nil` where all can reach it.
    package var claims: [String: NodeSelector?]

    package init(priorities: [String: Int], claims: [String: NodeSelector?] = [:]) {
        self.priorities = priorities
        self.claims = claims
    }

    package func pod(_ field: Field) throws(ManifestError) -> Pod {
        let namespace = field["metadata"]["namespace"].text ?? "default"
        let template = try template(field, namespace: namespace)
        let annotations = try field["metadata"]["annotations"].strings()
        var gang: GangMembership?
        if let name = annotations["pouch.io/gang"] {
            gang = GangMembership(
                name: "\(namespace)/\(name)", minimum: annotations["pouch.io/gang-size"].flatMap { Int($0) } ?? 1,
                topologyKey: annotations["pouch.io/gang-topology"])
        }
        return Pod(
            id: "\(namespace)/\(try field["metadata"]["name"].string())", template: template,
            node: field["spec"]["nodeName"].text, gang: gang,
            isGated: !field["spec"]["schedulingGates"].elements.isEmpty)
    }

    /// The template of a pod, or of a controller's pods.
    package func template(_ field: Field, namespace: String) throws(ManifestError) -> PodTemplate {
        let spec = field["spec"]
        guard !spec["containers"].elements.isEmpty else {
            throw ManifestError(spec["containers"].path, "a pod needs a container")
        }
        let className = spec["priorityClassName"].text
        let explicit = try spec["priority"].int(default: 0)
        let known = className.flatMap { priorities[$0] }
        guard let priority = known ?? (className == nil || spec["priority"].isPresent ? explicit : nil) else {
            throw ManifestError(spec["priorityClassName"].path, "there is no PriorityClass \(className ?? "")")
        }
        guard let value = Int32(exactly: priority) else { throw ManifestError(spec["priority"].path, "out of range") }
        return PodTemplate(
            namespace: namespace, labels: try field["metadata"]["labels"].strings(),
            requirements: try requirements(field, namespace: namespace), priority: value,
            mayPreempt: spec["preemptionPolicy"].text != "Never")
    }

    private func requirements(_ field: Field, namespace: String) throws(ManifestError) -> Requirements {
        let spec = field["spec"]
        var requirements = Requirements(resources: try resources(spec))
        requirements.nodeSelector = try spec["nodeSelector"].strings()
        for toleration in spec["tolerations"].elements {
            let isAny = toleration["operator"].text == "Exists"
            requirements.tolerations.append(
                Toleration(
                    key: toleration["key"].text, value: isAny ? nil : toleration["value"].text ?? "",
                    effect: toleration["effect"].text.flatMap { Taint.Strength(rawValue: $0) }))
        }
        try readAffinity(spec["affinity"], into: &requirements)
        for constraint in spec["topologySpreadConstraints"].elements {
            requirements.spread.append(try spread(constraint))
        }
        for container in spec["containers"].elements {
            for port in container["ports"].elements {
                let number = try port["hostPort"].int(default: 0)
                guard number > 0 else { continue }
                requirements.hostPorts.append(
                    HostPort(number, transport: port["protocol"].text ?? "TCP", address: port["hostIP"].text ?? ""))
            }
        }
        for volume in spec["volumes"].elements where volume["persistentVolumeClaim"].isPresent {
            let name = volume["persistentVolumeClaim"]["claimName"]
            guard let nodes = claims["\(namespace)/\(try name.string())"] else {
                throw ManifestError(name.path, "there is no PersistentVolumeClaim \(name.text ?? "") in \(namespace)")
            }
            if let nodes { requirements.volumes.append(nodes) }
        }
        requirements.addressPool = try field["metadata"]["annotations"].strings()["pouch.io/address-pool"]
        if let profile = spec["schedulerName"].text { requirements.profile = profile }
        return requirements
    }

    /// The sum over containers and sidecars, or what an init container needs beside the sidecars before it where that is
    /// more, with the overhead.
    private func resources(_ spec: Field) throws(ManifestError) -> Resources {
        var sidecars: [String: Double] = [:]
        var start: [String: Double] = [:]
        for container in spec["initContainers"].elements {
            let isSidecar = container["restartPolicy"].text == "Always"
            for (name, value) in container["resources"]["requests"].entries {
                let amount = try value.quantity()
                start[name] = max(start[name] ?? 0, (sidecars[name] ?? 0) + amount)
                if isSidecar { sidecars[name, default: 0] += amount }
            }
        }
        var sum = sidecars
        for container in spec["containers"].elements {
            for (name, value) in container["resources"]["requests"].entries {
                sum[name, default: 0] += try value.quantity()
            }
        }
        sum.merge(start) { max($0, $1) }
        for (name, value) in spec["overhead"].entries { sum[name, default: 0] += try value.quantity() }
        var resources = Resources()
        for (name, amount) in sum {
            switch name {
            case "cpu": resources.cpu = CPUCount(nano: Int64((amount * 1e9).rounded(.up)))
            case "memory": resources.memory = ByteCount(UInt64(amount.rounded(.up)))
            case "ephemeral-storage": resources.disk = ByteCount(UInt64(amount.rounded(.up)))
            default: resources.extended[name] = Int64(amount.rounded(.up))
            }
        }
        return resources
    }

    private func readAffinity(_ field: Field, into requirements: inout Requirements) throws(ManifestError) {
        let (required, preferred) = (
            "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
        )
        let nodes = field["nodeAffinity"]
        if nodes[required].isPresent { requirements.nodeAffinity = try SelectorReader.nodes(nodes[required]) }
        for item in nodes[preferred].elements {
            requirements.preferredNodes.append(
                Preference(try SelectorReader.nodeTerm(item["preference"]), weight: try item["weight"].int(default: 1)))
        }
        for term in field["podAffinity"][required].elements { requirements.podAffinity.append(try podTerm(term)) }
        for term in field["podAntiAffinity"][required].elements {
            requirements.podAntiAffinity.append(try podTerm(term))
        }
        for (kind, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
            for item in field[kind][preferred].elements {
                let weight = try item["weight"].int(default: 1)
                requirements.preferredPods.append(
                    Preference(try podTerm(item["podAffinityTerm"]), weight: sign * weight))
            }
        }
    }

    private func podTerm(_ field: Field) throws(ManifestError) -> PodAffinityTerm {
        var namespaces = PodAffinityTerm.Namespaces.own
        if field["namespaceSelector"].isPresent {
            namespaces = .matching(try SelectorReader.labels(field["namespaceSelector"]))
        } else if !field["namespaces"].elements.isEmpty {
            namespaces = .named(Set(field["namespaces"].elements.compactMap(\.text)))
        }
        return PodAffinityTerm(
            try SelectorReader.labels(field["labelSelector"]), in: namespaces,
            topologyKey: try field["topologyKey"].string())
    }

    private func spread(_ field: Field) throws(ManifestError) -> SpreadConstraint {
        SpreadConstraint(
            topologyKey: try field["topologyKey"].string(), maxSkew: try field["maxSkew"].int(default: 1),
            selector: try SelectorReader.labels(field["labelSelector"]),
            isHard: field["whenUnsatisfiable"].text != "ScheduleAnyway",
            minDomains: try field["minDomains"].int(default: 1),
            honorsNodeAffinity: field["nodeAffinityPolicy"].text != "Ignore",
            honorsTaints: field["nodeTaintsPolicy"].text == "Honor")
    }
}
