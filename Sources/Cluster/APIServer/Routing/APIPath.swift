package import ClusterModel
internal import HTTPKit

/// What a path of the API means.
///
/// Source: Kubernetes API concepts, "Resource URIs".
package enum APIPath: Equatable, Sendable {
    /// Health, versions, metrics: by the path itself.
    case plain(String)
    case coreVersions
    case groups
    case group(String)
    case resources(group: String, version: String)
    /// All objects of a kind, or those of one namespace.
    case collection(ResourceKind, namespace: String?)
    case object(ResourceKind, namespace: String?, name: String)
    case subresource(ResourceKind, namespace: String?, name: String, subresource: String)

    /// Reads the path without its query.
    ///
    /// - Throws: ``APIError/noSuchPath``.
    package init(_ path: String) throws(APIError) {
        var parts = path.split(separator: "/").map { QueryItems.unescaped($0) }[...]
        switch parts.first {
        case "api":
            guard parts.count > 1 else {
                self = .coreVersions
                return
            }
            guard parts[1] == "v1" else { throw .noSuchPath }
            parts = parts.dropFirst(2)
            self = try parts.isEmpty ? .resources(group: "", version: "v1") : Self.resource("v1", parts)
        case "apis":
            switch parts.count {
            case 1: self = .groups
            case 2:
                guard Catalog.groups.contains(where: { $0.name == parts[1] }) else { throw .noSuchPath }
                self = .group(parts[1])
            default:
                let (group, version) = (parts[1], parts[2])
                guard Catalog.groups.contains(where: { $0.name == group && $0.version == version }) else {
                    throw .noSuchPath
                }
                parts = parts.dropFirst(3)
                self =
                    try parts.isEmpty
                    ? .resources(group: group, version: version) : Self.resource("\(group)/\(version)", parts)
            }
        default: self = .plain(path)
        }
    }

    private static func resource(_ apiVersion: String, _ parts: ArraySlice<String>) throws(APIError) -> APIPath {
        var parts = parts
        var namespace: String?
        // `namespaces/x` and `namespaces/x/status` are the namespace itself; what follows is in it.
        if parts.first == "namespaces", parts.count >= 3,
            Catalog.kind(apiVersion: apiVersion, plural: parts[parts.startIndex + 2])?.isNamespaced == true
        {
            namespace = parts[parts.startIndex + 1]
            parts = parts.dropFirst(2)
        }
        guard let plural = parts.popFirst(), let kind = Catalog.kind(apiVersion: apiVersion, plural: plural),
            parts.allSatisfy({ !$0.isEmpty })
        else { throw .noSuchPath }
        guard let name = parts.popFirst() else { return .collection(kind, namespace: namespace) }
        guard kind.isNamespaced == (namespace != nil) else { throw .noSuchPath }
        guard let subresource = parts.popFirst() else { return .object(kind, namespace: namespace, name: name) }
        let isKnown = subresource == "status" ? kind.hasStatus : kind.subresources.contains { $0.name == subresource }
        guard isKnown, parts.isEmpty else { throw .noSuchPath }
        return .subresource(kind, namespace: namespace, name: name, subresource: subresource)
    }

    /// Whether what is there goes on as long as a client looks.
    var isStream: Bool {
        if case .subresource(_, _, _, let subresource) = self {
            ["log", "exec", "attach", "portforward"].contains(subresource)
        } else {
            false
        }
    }
}
