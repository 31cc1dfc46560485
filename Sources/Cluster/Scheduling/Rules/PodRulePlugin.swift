/// What a pod wants of the pods around it, in the field's words; the pool compiles it into counts by domain.
package enum PodRule: Hashable, Sendable {
    /// All terms must be met together, each in its own domain.
    case near([PodAffinityTerm])
    /// None may be in the domain; whoever holds this is avoided by those it means, too.
    case away(PodAffinityTerm)
    case preferred(Preference<PodAffinityTerm>)
    case spread(SpreadConstraint)
}

/// Reads one kind of rule about other pods out of a pod's requirements.
///
/// Asked once for each shape of pods; what it says is kept up to date by counting, not by asking again.
package protocol PodRulePlugin: FilterPlugin {
    /// How much its preferences count; at zero they are left out.
    var weight: Double { get set }
    /// Whether what it requires keeps pods off nodes; where not, others respect what such a pod holds all the same.
    var isFilter: Bool { get set }
    /// Whether pods of the profile heed what placed pods hold against or for them.
    static var heedsOthers: Bool { get }
    func rules(of requirements: Requirements) -> [PodRule]
}

extension PodRulePlugin {
    package static var retryAfter: PoolChanges { [.domainCounted, .nodeDescribed] }
    package static var heedsOthers: Bool { false }
}
