/// One kind of object that the pool's API serves, with the names it goes by.
package struct ResourceKind: Hashable, Sendable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    /// As `kind` in an object, such as `Pod`.
    package let kind: String
    /// As in paths, such as `pods`.
    package let plural: String
    package let singular: String
    package let shortNames: [String]
    package let isNamespaced: Bool
    /// Whether `/status` is written apart from the rest.
    package let hasStatus: Bool
    /// Besides `status`.
    package let subresources: [Subresource]
    /// What `kubectl get all` and the like expand to.
    package let categories: [String]

    package init(
        group: String = "", version: String = "v1", _ kind: String, plural: String, shortNames: [String] = [],
        isNamespaced: Bool, hasStatus: Bool = false, subresources: [Subresource] = [], categories: [String] = []
    ) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.singular = kind.lowercased()
        self.shortNames = shortNames
        self.isNamespaced = isNamespaced
        self.hasStatus = hasStatus
        self.subresources = subresources
        self.categories = categories
    }

    /// `v1`, `policy/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    /// `pods`, `leases.coordination.k8s.io`: as messages name it.
    package var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }
    /// `Pod`, `Lease.coordination.k8s.io`: as messages name it.
    package var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
    /// Where objects of the kind stand in the store.
    package var storePrefix: String { group.isEmpty ? "/\(plural)/" : "/\(group)/\(plural)/" }

    /// The store's key of one object.
    package func storeKey(namespace: String?, name: String) -> String {
        namespace.map { "\(storePrefix)\($0)/\(name)" } ?? "\(storePrefix)\(name)"
    }

    /// The store's prefix of a namespace's objects, or of all.
    package func storePrefix(namespace: String?) -> String {
        namespace.map { "\(storePrefix)\($0)/" } ?? storePrefix
    }

    package static func == (left: ResourceKind, right: ResourceKind) -> Bool {
        left.kind == right.kind && left.group == right.group && left.version == right.version
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(group)
    }
}

/// A part of an object with a path of its own.
package struct Subresource: Hashable, Sendable {
    package let name: String
    /// The kind of what is sent and answered.
    package let kind: String
    /// Where that kind lives, when that is not the object's own group.
    package let group: String?
    package let verbs: [String]

    package init(_ name: String, kind: String, group: String? = nil, verbs: [String]) {
        self.name = name
        self.kind = kind
        self.group = group
        self.verbs = verbs
    }
}
