internal import ClusterModel
internal import Scheduling
internal import SchedulerLoop
internal import Units

/// Volumes, claims and classes of them, as manifests describe them.
struct VolumeManifests {
    private struct Claim {
        var field: Field
        var id: String
        /// `nil` for the one that is the default.
        var storageClass: String?
        var size: ByteCount
        var volume: String?
    }

    private struct Class {
        var isLate: Bool
        var making: VolumeClaim.Making
    }

    private var volumes: [String: Volume] = [:]
    private var claims: [String: Claim] = [:]
    private var classes: [String: Class] = [:]
    private var standardClass = ""

    mutating func read(_ field: Field, kind: String) throws(ManifestError) {
        switch kind {
        case "PersistentVolume": try readVolume(field)
        case "PersistentVolumeClaim": try readClaim(field)
        default: try readClass(field)
        }
    }

    private mutating func readVolume(_ field: Field) throws(ManifestError) {
        let (spec, name) = (field["spec"], try field["metadata"]["name"].string())
        let required = spec["nodeAffinity"]["required"]
        let size = spec["capacity"]["storage"]
        volumes[name] = Volume(
            name: name, storageClass: spec["storageClassName"].text ?? "",
            size: try AmountReader.bytes(size), nodes: required.isPresent ? try SelectorReader.nodes(required) : nil,
            claim: spec["claimRef"]["name"].text.map { "\(spec["claimRef"]["namespace"].text ?? "default")/\($0)" })
    }

    private mutating func readClaim(_ field: Field) throws(ManifestError) {
        let spec = field["spec"]
        let id = "\(field["metadata"]["namespace"].text ?? "default")/\(try field["metadata"]["name"].string())"
        claims[id] = Claim(
            field: field, id: id, storageClass: spec["storageClassName"].text,
            size: try AmountReader.bytes(spec["resources"]["requests"]["storage"]), volume: spec["volumeName"].text)
    }

    /// The claim that a StatefulSet makes from its template for one of its pods.
    mutating func add(template field: Field, id: String) throws(ManifestError) {
        let spec = field["spec"]
        guard claims[id] == nil else { return }
        claims[id] = Claim(
            field: field, id: id, storageClass: spec["storageClassName"].text,
            size: try AmountReader.bytes(spec["resources"]["requests"]["storage"]))
    }

    private mutating func readClass(_ field: Field) throws(ManifestError) {
        let name = try field["metadata"]["name"].string()
        let mode = field["volumeBindingMode"].text ?? "Immediate"
        guard ["Immediate", "WaitForFirstConsumer"].contains(mode) else {
            throw ManifestError(field["volumeBindingMode"].path, "expected Immediate or WaitForFirstConsumer")
        }
        var terms: [LabelSelector] = []
        for topology in field["allowedTopologies"].elements {
            var term = LabelSelector()
            for expression in topology["matchLabelExpressions"].elements {
                let values = Set(expression["values"].elements.compactMap(\.text))
                term.conditions.append(LabelCondition(try expression["key"].string(), .isOneOf(values)))
            }
            terms.append(term)
        }
        let isMade = !(field["provisioner"].text ?? "kubernetes.io/no-provisioner").hasSuffix("/no-provisioner")
        classes[name] = Class(
            isLate: mode == "WaitForFirstConsumer",
            making: !isMade ? .nowhere : terms.isEmpty ? .anywhere : .at(NodeSelector(terms)))
        let standard = "storageclass.kubernetes.io/is-default-class"
        if field["metadata"]["annotations"][standard].text == "true" { standardClass = name }
    }

    /// What each claim means for its pod, by `namespace/name`, and the volumes that late ones choose from.
    ///
    /// Claims that do not wait for a pod get the smallest free volume of their class now, as their controller would do.
    mutating func bound() throws(ManifestError) -> (claims: [String: ClaimedVolume], volumes: [Volume]) {
        var bound: [String: ClaimedVolume] = [:]
        for name in volumes.keys.sorted() {
            guard let id = volumes[name]?.claim, claims[id] != nil, claims[id]?.volume == nil else { continue }
            claims[id]?.volume = name
        }
        for id in claims.keys.sorted() {
            guard let claim = claims[id] else { continue }
            let storageClass = claim.storageClass ?? standardClass
            let kind = classes[storageClass]
            if let name = claim.volume ?? (kind?.isLate == true ? nil : take(for: claim, of: storageClass)) {
                guard let volume = volumes[name] else {
                    throw ManifestError(claim.field["spec"]["volumeName"].path, "there is no PersistentVolume \(name)")
                }
                volumes[name]?.claim = id
                bound[id] = .bound(volume.nodes)
            } else if let kind, kind.isLate {
                bound[id] = .late(
                    VolumeClaim(id: id, storageClass: storageClass, size: claim.size, making: kind.making))
            } else {
                switch kind?.making ?? .nowhere {
                case .anywhere: bound[id] = .bound(nil)
                case .at(let nodes): bound[id] = .bound(nodes)
                case .nowhere:
                    throw ManifestError(
                        claim.field["spec"]["volumeName"].path,
                        "the claim \(id) is bound to no volume, and none is free")
                }
            }
        }
        return (bound, volumes.keys.sorted().compactMap { volumes[$0] })
    }

    /// The smallest volume of the claim's class that is free and large enough.
    private func take(for claim: Claim, of storageClass: String) -> String? {
        volumes.values
            .filter {
                $0.claim == nil && $0.storageClass == storageClass && $0.size.bytes >= claim.size.bytes
            }
            .min { ($0.size.bytes, $0.name) < ($1.size.bytes, $1.name) }?.name
    }
}
