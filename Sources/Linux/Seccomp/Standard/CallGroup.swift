/// Calls that belong together in the default profile, with why a container may make them or not.
struct CallGroup: Hashable, Sendable {
    /// Finishes the sentence "containers may, because …", or "containers may not, because …" for a refused group.
    var reason: String
    var names: [String]
    /// Any one of these lets the group in; empty is everybody.
    var capabilities: [String] = []
    /// Empty is every machine.
    var architectures: [SeccompArchitecture] = []
    /// The oldest kernel on which the calls are safe.
    var since: KernelVersion?

    init(
        _ reason: String, capabilities: [String] = [], architectures: [SeccompArchitecture] = [],
        since: KernelVersion? = nil, _ names: String
    ) {
        self.reason = reason
        self.capabilities = capabilities
        self.architectures = architectures
        self.since = since
        self.names = names.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}

/// A kernel's release as far as the default profile depends on it, such as 4.8.
package struct KernelVersion: Hashable, Comparable, Sendable {
    package var major: Int
    package var minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    package static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
