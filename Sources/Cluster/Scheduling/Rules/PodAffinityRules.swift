/// Required and preferred affinity and anti-affinity between pods.
package struct PodAffinityRules: PodRulePlugin {
    package static let name = "InterPodAffinity"
    package static let heedsOthers = true
    package var weight: Double
    package var isFilter = true

    package init(weight: Double = 2) {
        self.weight = weight
    }

    package func rules(of requirements: Requirements) -> [PodRule] {
        let near: [PodRule] = requirements.podAffinity.isEmpty ? [] : [.near(requirements.podAffinity)]
        return near + requirements.podAntiAffinity.map { .away($0) } + requirements.preferredPods.map { .preferred($0) }
    }
}
