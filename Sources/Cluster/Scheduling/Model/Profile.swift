/// Which plugins decide, and how much each score counts; a pod picks its profile by `schedulerName`.
package struct Profile: Sendable {
    package static let standardName = "default-scheduler"

    /// How the use of resources is scored.
    package enum Packing: Hashable, Sendable {
        /// The emptiest node is best.
        case spread
        /// The fullest node is best.
        case binPack
    }

    /// For queues that do not say it themselves (``Band/packing``).
    package var packing = Packing.spread
    /// Filters that look at a node's description only.
    package var filters: [any StaticFilter] = [
        NodeNameFilter(), UnschedulableFilter(), NodeAffinityFilter(), TaintFilter(), VolumeNodesFilter(),
        AddressPoolFilter(),
    ]
    /// Filters that look at what is in use at a node.
    package var useFilters: [any UseFilter] = [ResourceFilter(), HostPortFilter(), VolumeBindingFilter()]
    /// Rules about other pods.
    package var podRules: [any PodRulePlugin] = [PodAffinityRules(), TopologySpreadRules()]
    /// Scores that look at a node's description only, with their weights.
    package var scores: [(plugin: any StaticScore, weight: Double)] = [
        (PreferredNodesScore(), 2), (PreferredTaintsScore(), 3), (ImageLocalityScore(), 1), (NUMAScore(), 1),
    ]
    /// Scores that look at what is in use at a node.
    package var useScores: [any UseScore] = [ResourceScore()]

    package init() {}

    /// The plugin that heeds what placed pods hold against or for a pod; none when pods of the profile heed nobody.
    var heeding: (any PodRulePlugin)? { podRules.first { type(of: $0).heedsOthers } }
}

// MARK: - By name

extension Profile {
    /// A profile of the plugins that come with the scheduler: those filters, and scores with those weights.
    ///
    /// Names that are none are ignored: ask ``filterNames`` and ``scoreWeights`` first.
    package init(filters names: Set<String>, scores weights: [String: Double], packing: Packing = .spread) {
        self.packing = packing
        filters.removeAll { !names.contains(type(of: $0).name) }
        useFilters.removeAll { !names.contains(type(of: $0).name) }
        for index in podRules.indices {
            let name = type(of: podRules[index]).name
            podRules[index].isFilter = names.contains(name)
            podRules[index].weight = weights[name] ?? 0
        }
        podRules.removeAll { !$0.isFilter && $0.weight == 0 }
        for index in scores.indices { scores[index].weight = weights[type(of: scores[index].plugin).name] ?? 0 }
        scores.removeAll { $0.weight == 0 }
        for index in useScores.indices {
            for name in useScores[index].weights.keys { useScores[index].weights[name] = weights[name] ?? 0 }
        }
        useScores.removeAll { score in !score.weights.isEmpty && score.weights.values.allSatisfy { $0 == 0 } }
    }

    /// The filters of this profile by name, rules about other pods among them.
    package var filterNames: [String] {
        filters.map { type(of: $0).name } + useFilters.map { type(of: $0).name }
            + podRules.filter(\.isFilter).map { type(of: $0).name }
    }

    /// The scores of this profile by name, with their weights.
    package var scoreWeights: [String: Double] {
        var weights: [String: Double] = [:]
        for score in scores { weights[type(of: score.plugin).name] = score.weight }
        for score in useScores { weights.merge(score.weights) { $1 } }
        for rules in podRules where rules.weight != 0 { weights[type(of: rules).name] = rules.weight }
        return weights
    }
}
