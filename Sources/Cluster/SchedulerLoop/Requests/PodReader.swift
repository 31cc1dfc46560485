package import ClusterModel
package import Scheduling

/// What a pod's claim means for its place.
package enum ClaimedVolume: Sendable {
    /// It has a volume, reached from these nodes or, with `nil`, from all.
    case bound(NodeSelector?)
    /// Its volume is chosen with the node.
    case late(VolumeClaim)
}

/// Reads a Pod of the Kubernetes API.
///
/// Beyond the API: the annotations `pouch.io/address-pool` and `pouch.io/queue`; `pouch.io/layers`, a list of `digest=bytes` separated by
/// commas; `pouch.io/numa: single` for pods that rather have their processors on one NUMA node; the label `pouch.io/pod-group` that names a
/// PodGroup, and for gangs without one the annotations `pouch.io/gang`, `pouch.io/gang-size` and `pouch.io/gang-topology`.
package struct PodReader: Sendable {
    /// By PriorityClass.
    package var priorities: [String: Int]
    /// By `namespace/claim`.
    package var claims: [String: ClaimedVolume]
    /// By PriorityClass: the queue that it names, where it names one.
    package var queues: [String: String]
    /// Bytes of the images that nodes say they hold, by name.
    package var images: [String: Int64]
    /// By `namespace/name`.
    package var groups: [String: PodGroupObject] = [:]
    /// Pools of addresses, some of which choose their pods.
    package var pools = AddressPools()
    /// The labels of namespaces.
    package var namespaces: [String: [String: String]] = [:]

    package init(
        priorities: [String: Int], claims: [String: ClaimedVolume] = [:], queues: [String: String] = [:],
        images: [String: Int64] = [:]
    ) {
        self.priorities = priorities
        self.claims = claims
        self.queues = queues
        self.images = images
    }

    package func pod(_ field: Field) throws(ManifestError) -> Pod {
        let namespace = field["metadata"]["namespace"].text ?? "default"
        let template = try template(field, namespace: namespace)
        let annotations = try field["metadata"]["annotations"].strings()
        var gang: GangMembership?
        if let key = Self.group(of: field), let group = groups[key] {
            gang = GangMembership(name: key, minimum: group.minimum, topologyKey: group.topologyKey)
        } else if let name = annotations["pouch.io/gang"] {
            let size = field["metadata"]["annotations"]["pouch.io/gang-size"]
            guard let minimum = Int(size.text ?? "1"), (1...100_000).contains(minimum) else {
                throw ManifestError(size.path, "expected a number from 1 to 100000")
            }
            gang = GangMembership(
                name: "\(namespace)/\(name)", minimum: minimum, topologyKey: annotations["pouch.io/gang-topology"])
        }
        return Pod(
            id: "\(namespace)/\(try field["metadata"]["name"].string())", template: template,
            node: field["spec"]["nodeName"].text, gang: gang,
            isGated: !field["spec"]["schedulingGates"].elements.isEmpty)
    }

    /// The PodGroup that a pod says it belongs to, as `namespace/name`.
    package static func group(of field: Field) -> String? {
        guard let name = field["metadata"]["labels"]["pouch.io/pod-group"].text, !name.isEmpty else { return nil }
        return "\(field["metadata"]["namespace"].text ?? "default")/\(name)"
    }

    /// The queue that a pod, its group or its priority class names.
    private func queue(_ field: Field, className: String?) -> String? {
        if let own = field["metadata"]["annotations"]["pouch.io/queue"].text { return own }
        if let key = Self.group(of: field), let queue = groups[key]?.field["spec"]["queue"].text { return queue }
        return className.flatMap { queues[$0] }
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
            queue: queue(field, className: className),
            mayPreempt: spec["preemptionPolicy"].text != "Never")
    }

    private func requirements(_ field: Field, namespace: String) throws(ManifestError) -> Requirements {
        let spec = field["spec"]
        let labels = field["metadata"]["labels"]
        var requirements = Requirements(resources: try resources(spec))
        requirements.nodeSelector = try spec["nodeSelector"].strings()
        for toleration in spec["tolerations"].elements {
            let isAny = toleration["operator"].text == "Exists"
            requirements.tolerations.append(
                Toleration(
                    key: toleration["key"].text, value: isAny ? nil : toleration["value"].text ?? "",
                    effect: toleration["effect"].text.flatMap { Taint.Strength(rawValue: $0) }))
        }
        try readAffinity(spec["affinity"], of: labels, into: &requirements)
        for constraint in spec["topologySpreadConstraints"].elements {
            requirements.spread.append(try spread(constraint, of: labels))
        }
        for container in spec["containers"].elements {
            for port in container["ports"].elements {
                let number = try port["hostPort"].int(default: 0)
                guard number != 0 else { continue }
                guard (1...65_535).contains(number) else {
                    throw ManifestError(port["hostPort"].path, "expected a number from 1 to 65535")
                }
                requirements.hostPorts.append(
                    HostPort(number, transport: port["protocol"].text ?? "TCP", address: port["hostIP"].text ?? ""))
            }
        }
        for volume in spec["volumes"].elements where volume["persistentVolumeClaim"].isPresent {
            let name = volume["persistentVolumeClaim"]["claimName"]
            guard let claim = claims["\(namespace)/\(try name.string())"] else {
                throw ManifestError(name.path, "there is no PersistentVolumeClaim \(name.text ?? "") in \(namespace)")
            }
            switch claim {
            case .bound(let nodes): requirements.volumes += nodes.map { [$0] } ?? []
            case .late(let claim): requirements.claims.append(claim)
            }
        }
        let annotations = field["metadata"]["annotations"]
        requirements.addressPool =
            annotations[AddressPools.poolAnnotation].text
            ?? (pools.specs.isEmpty
                ? nil : pools.chosen(for: field["metadata"]["labels"].texts, in: namespaces[namespace] ?? [:]))
        requirements.prefersOneNUMANode = annotations["pouch.io/numa"].text == "single"
        requirements.layers = try layers(annotations["pouch.io/layers"])
        for container in spec["containers"].elements {
            if let image = container["image"].text, let bytes = images[image] { requirements.layers[image] = bytes }
        }
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
        return try AmountReader.resources(sum, pods: 1, path: spec["containers"].path)
    }

    private func layers(_ field: Field) throws(ManifestError) -> [String: Int64] {
        var layers: [String: Int64] = [:]
        for part in (field.text ?? "").split(separator: ",") {
            let words = part.split(separator: "=")
            guard words.count == 2, let bytes = Int64(words[1]), (1...1 << 50).contains(bytes) else {
                throw ManifestError(field.path, "expected digests with their bytes, such as sha256:ab=1048576")
            }
            layers[String(words[0])] = bytes
        }
        return layers
    }

    private func readAffinity(
        _ field: Field, of labels: Field, into requirements: inout Requirements
    ) throws(ManifestError) {
        let (required, preferred) = (
            "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
        )
        let nodes = field["nodeAffinity"]
        if let name = SelectorReader.oneNode(nodes[required]) {
            requirements.nodeName = name
        } else if nodes[required].isPresent {
            requirements.nodeAffinity = try SelectorReader.nodes(nodes[required])
        }
        for item in nodes[preferred].elements {
            requirements.preferredNodes.append(
                Preference(try SelectorReader.nodeTerm(item["preference"]), weight: try weight(item["weight"])))
        }
        for term in field["podAffinity"][required].elements {
            requirements.podAffinity.append(try podTerm(term, of: labels))
        }
        for term in field["podAntiAffinity"][required].elements {
            requirements.podAntiAffinity.append(try podTerm(term, of: labels))
        }
        for (kind, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
            for item in field[kind][preferred].elements {
                requirements.preferredPods.append(
                    Preference(
                        try podTerm(item["podAffinityTerm"], of: labels), weight: sign * (try weight(item["weight"]))))
            }
        }
    }

    private func weight(_ field: Field) throws(ManifestError) -> Int {
        let weight = try field.int(default: 1)
        guard (1...100).contains(weight) else { throw ManifestError(field.path, "expected a number from 1 to 100") }
        return weight
    }

    private func podTerm(_ field: Field, of labels: Field) throws(ManifestError) -> PodAffinityTerm {
        var namespaces = PodAffinityTerm.Namespaces.own
        let named = Set(field["namespaces"].elements.compactMap(\.text))
        if field["namespaceSelector"].isPresent {
            let selector = try SelectorReader.labels(field["namespaceSelector"])
            namespaces = named.isEmpty ? .matching(selector) : .either(named, selector)
        } else if !named.isEmpty {
            namespaces = .named(named)
        }
        var selector = try SelectorReader.labels(field["labelSelector"])
        selector.conditions += Self.own(field["matchLabelKeys"], labels) { .isOneOf($0) }
        selector.conditions += Self.own(field["mismatchLabelKeys"], labels) { .isNoneOf($0) }
        return PodAffinityTerm(selector, in: namespaces, topologyKey: try field["topologyKey"].string())
    }

    /// Conditions on what the pod itself has under some keys.
    private static func own(
        _ keys: Field, _ labels: Field, _ test: (Set<String>) -> LabelCondition.Test
    ) -> [LabelCondition] {
        keys.elements.compactMap(\.text).sorted().compactMap { key in
            labels[key].text.map { LabelCondition(key, test([$0])) }
        }
    }

    private func spread(_ field: Field, of labels: Field) throws(ManifestError) -> SpreadConstraint {
        let (skew, domains) = (try field["maxSkew"].int(default: 1), try field["minDomains"].int(default: 1))
        guard skew >= 1 else { throw ManifestError(field["maxSkew"].path, "expected a number above zero") }
        guard domains >= 1 else { throw ManifestError(field["minDomains"].path, "expected a number above zero") }
        var selector = try SelectorReader.labels(field["labelSelector"])
        selector.conditions += Self.own(field["matchLabelKeys"], labels) { .isOneOf($0) }
        return SpreadConstraint(
            topologyKey: try field["topologyKey"].string(), maxSkew: skew, selector: selector,
            isHard: field["whenUnsatisfiable"].text != "ScheduleAnyway", minDomains: domains,
            honorsNodeAffinity: field["nodeAffinityPolicy"].text != "Ignore",
            honorsTaints: field["nodeTaintsPolicy"].text == "Honor")
    }
}
