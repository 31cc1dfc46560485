/// Hard and soft spreading over domains.
package struct TopologySpreadRules: PodRulePlugin {
    package static let name = "PodTopologySpread"
    package var weight: Double
    package var isFilter = true

    package init(weight: Double = 2) {
        self.weight = weight
    }

    package func rules(of requirements: Requirements) -> [PodRule] { requirements.spread.map { .spread($0) } }
}
