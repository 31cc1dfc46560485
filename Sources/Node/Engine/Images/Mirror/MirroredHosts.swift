internal import ImageSpec
internal import Patterns

/// Which registries this machine's registry stands in for, and which of them a request means; pure.
package struct MirroredHosts: Sendable {
    private let patterns: [NamePattern]
    /// The registry that is meant when a request does not say.
    private let only: String?

    /// `hosts` are names with a port if need be; `*` and `?` stand for what they usually do.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` for a pattern that does not end.
    package init(_ hosts: [String]) throws(EngineError) {
        do throws(PatternError) {
            patterns = try hosts.map { host throws(PatternError) in try NamePattern(host) }
        } catch {
            throw .invalid(error.description)
        }
        only = hosts.count == 1 && patterns.allSatisfy { !$0.isWild } ? hosts[0] : nil
    }

    /// The repository that `name` means in a request that names `namespace`, or nil when none of ours is meant.
    ///
    /// Who names no host may begin the path with it, a colon written as an underscore, as paths have no colons:
    /// `registry.example_5000/team/app`. Where this mirrors one registry alone, that is meant in the end.
    func repository(_ name: String, namespace: String?) -> ImageReference? {
        if let namespace { return reference(namespace, name) }
        let halves = name.split(separator: "/", maxSplits: 1).map(String.init)
        if halves.count == 2, halves[0].contains(".") || halves[0].hasPrefix("localhost") {
            let host = halves[0].split(separator: "_", maxSplits: 1).joined(separator: ":")
            if let found = reference(host, halves[1]) { return found }
        }
        return only.flatMap { reference($0, name) }
    }

    private func reference(_ host: String, _ name: String) -> ImageReference? {
        guard patterns.contains(where: { $0.matches(host) }),
            let reference = try? ImageReference(parsing: "\(host)/\(name)", defaultTag: nil), reference.tag == nil,
            reference.digest == nil, reference.domain == host
        else { return nil }
        return reference
    }
}
