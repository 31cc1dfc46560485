internal import ClusterModel
internal import HTTPTypes
internal import Hummingbird
internal import JSON

extension APIServer {
    func discover(_ request: APIRequest) throws(APIError) -> Response {
        let isAggregated = AggregatedDiscovery.isAccepted(request.accepted)
        switch try APIPath(request.path) {
        case .coreVersions:
            return isAggregated
                ? .json(AggregatedDiscovery.list(core: true), type: AggregatedDiscovery.type)
                : .json(Discovery.coreVersions)
        case .groups:
            return isAggregated
                ? .json(AggregatedDiscovery.list(core: false), type: AggregatedDiscovery.type)
                : .json(Discovery.groups)
        case .group(let name):
            guard let group = Catalog.groups.first(where: { $0.name == name }) else { throw .noSuchPath }
            return .json(Discovery.group(group.name, group.version, isAlone: true))
        case .resources(let group, let version): return .json(Discovery.resources(group: group, version: version))
        default: throw .noSuchPath
        }
    }

    /// The schema documents.
    func describe(_ path: String, _ request: APIRequest) throws(APIError) -> Response {
        switch path {
        case "/openapi/v2":
            if request.accepted.contains(OpenAPIProtobuf.askedType) {
                return .json(bytes: OpenAPIProtobuf.v2, type: OpenAPIProtobuf.type)
            }
            return .json(bytes: OpenAPI.v2)
        case "/openapi/v3": return .json(bytes: OpenAPI.v3Index)
        default:
            let prefix = "/openapi/v3/"
            guard path.hasPrefix(prefix), let document = OpenAPI.v3[String(path.dropFirst(prefix.count))] else {
                throw .noSuchPath
            }
            return .json(bytes: document)
        }
    }
}
