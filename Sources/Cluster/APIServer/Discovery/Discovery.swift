internal import ClusterModel
internal import JSON

/// What the API says about itself.
///
/// Source: Kubernetes API concepts, "API Discovery".
enum Discovery {
    static let version: JSONValue = [
        "major": "1", "minor": "32", "gitVersion": "v1.32.0+pouch", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "swift", "platform": "linux/amd64",
    ]

    static let paths: [String] =
        ["/api", "/api/v1", "/apis"]
        + Catalog.groups.flatMap { ["/apis/\($0.name)", "/apis/\($0.name)/\($0.version)"] }
        + ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]

    static let coreVersions: JSONValue = [
        "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [],
    ]

    static var groups: JSONValue {
        [
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": .array(Catalog.groups.map { group($0.name, $0.version) }),
        ]
    }

    static func group(_ name: String, _ version: String, isAlone: Bool = false) -> JSONValue {
        let versions: JSONValue = [
            "groupVersion": .string("\(name)/\(version)"), "version": .string(version),
        ]
        var group: JSONValue = isAlone ? ["kind": "APIGroup", "apiVersion": "v1"] : [:]
        group["name"] = .string(name)
        group["versions"] = [versions]
        group["preferredVersion"] = versions
        return group
    }

    static func resources(group: String, version: String) -> JSONValue {
        let kinds = Catalog.all.filter { $0.group == group && $0.version == version }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(kinds.flatMap { resources(of: $0) }),
        ]
    }

    static let verbs: [String] = [
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    ]

    static func verbs(of kind: ResourceKind) -> [String] {
        kind == Catalog.namespace ? verbs.filter { $0 != "deletecollection" } : verbs
    }

    private static func resources(of kind: ResourceKind) -> [JSONValue] {
        var whole: JSONObject = [
            "name": .string(kind.plural), "singularName": .string(kind.singular),
            "namespaced": .bool(kind.isNamespaced), "kind": .string(kind.kind),
            "verbs": .array(verbs(of: kind).map { .string($0) }),
        ]
        if !kind.shortNames.isEmpty { whole["shortNames"] = .array(kind.shortNames.map { .string($0) }) }
        if !kind.categories.isEmpty { whole["categories"] = .array(kind.categories.map { .string($0) }) }
        return [.object(whole)]
            + subresources(of: kind).map { subresource in
                var part: JSONObject = [
                    "name": .string("\(kind.plural)/\(subresource.name)"), "singularName": "",
                    "namespaced": .bool(kind.isNamespaced),
                ]
                if let group = subresource.group {
                    part["group"] = .string(group)
                    part["version"] = "v1"
                }
                part["kind"] = .string(subresource.kind)
                part["verbs"] = .array(subresource.verbs.map { .string($0) })
                return .object(part)
            }
    }

    static func subresources(of kind: ResourceKind) -> [Subresource] {
        let status = Subresource("status", kind: kind.kind, verbs: ["get", "patch", "update"])
        return kind.subresources + (kind.hasStatus ? [status] : [])
    }
}

/// The same in one answer, which newer clients ask for.
enum AggregatedDiscovery {
    static let type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    static func isAccepted(_ accepted: String) -> Bool {
        accepted.split(separator: ",").contains { offer in
            let parts = Set(offer.split(separator: ";").map { $0.filter { $0 != " " } })
            return parts.isSuperset(
                of: ["application/json", "as=APIGroupDiscoveryList", "v=v2", "g=apidiscovery.k8s.io"])
        }
    }

    static func list(core: Bool) -> JSONValue {
        let groups = core ? [("", "v1")] : Catalog.groups.map { ($0.name, $0.version) }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
            "items": .array(
                groups.map { name, version in
                    [
                        "metadata": name.isEmpty ? [:] : ["name": .string(name)],
                        "versions": [
                            [
                                "version": .string(version), "freshness": "Current",
                                "resources": .array(
                                    Catalog.all.filter { $0.group == name && $0.version == version }.map(resource)),
                            ]
                        ],
                    ]
                }),
        ]
    }

    private static func resource(_ kind: ResourceKind) -> JSONValue {
        var resource: JSONObject = [
            "resource": .string(kind.plural), "responseKind": responseKind(kind.kind, kind.group, kind.version),
            "scope": .string(kind.isNamespaced ? "Namespaced" : "Cluster"),
            "singularResource": .string(kind.singular),
            "verbs": .array(Discovery.verbs(of: kind).map { .string($0) }),
        ]
        if !kind.shortNames.isEmpty { resource["shortNames"] = .array(kind.shortNames.map { .string($0) }) }
        if !kind.categories.isEmpty { resource["categories"] = .array(kind.categories.map { .string($0) }) }
        let parts = Discovery.subresources(of: kind).map { part -> JSONValue in
            [
                "subresource": .string(part.name),
                "responseKind": responseKind(part.kind, part.group ?? kind.group, "v1"),
                "verbs": .array(part.verbs.map { .string($0) }),
            ]
        }
        if !parts.isEmpty { resource["subresources"] = .array(parts) }
        return .object(resource)
    }

    private static func responseKind(_ kind: String, _ group: String, _ version: String) -> JSONValue {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }
}
