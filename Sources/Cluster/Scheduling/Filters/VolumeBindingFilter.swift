/// Claims whose volumes are chosen together with the node: each must find a free one there, or have one made.
package struct VolumeBindingFilter: UseFilter {
    package static let name = "VolumeBinding"
    package static let retryAfter: PoolChanges = [.volumesFreed, .nodeDescribed]

    package init() {}

    package func concerns(_ demand: Demand) -> Bool { !demand.requirements.claims.isEmpty }

    /// Who is evicted keeps its volumes: evicting does not help.
    package func verdict(on demand: Demand, at node: Int, in nodes: borrowing NodeTable) -> Verdict {
        let claims = demand.requirements.claims
        guard nodes.volumes.choose(claims, at: nodes.description(at: node)) == nil else { return .fits }
        return .never(.noVolume(claims.map(\.storageClass).min() ?? ""))
    }
}
