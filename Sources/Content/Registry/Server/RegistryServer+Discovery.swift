internal import ContentStore
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import ImageSpec
internal import JSON

/// What there is.
extension RegistryServer {
    func catalog(_ request: RegistryRequest) throws(RegistryError) -> Response {
        let limit = try request.limit()
        var names = Set(sources.flatMap(\.names)).sorted()
        if let last = request.query["last"] { names = names.filter { $0 > last } }
        let page = limit.map { Array(names.prefix($0)) } ?? names
        var headers: HTTPFields = [:]
        if let last = page.last, let limit, names.count > page.count {
            headers[.link] = Self.next("/v2/_catalog", limit, last)
        }
        return .json(["repositories": .array(page.map { .string($0) })], headers: headers)
    }

    func tags(of name: String, _ request: RegistryRequest) throws(RegistryError) -> Response {
        let limit = try request.limit()
        let last = request.query["last"]
        let found = sources.compactMap { $0.tags(of: name, namespace: request.namespace, after: last, limit: limit) }
        guard !found.isEmpty else { throw .nameUnknown(name) }
        var tags = found.count == 1 ? found[0].tags : Set(found.flatMap(\.tags)).sorted()
        var more = found.contains { $0.more }
        if let limit, tags.count > limit {
            tags = Array(tags.prefix(limit))
            more = limit > 0
        }
        var headers: HTTPFields = [:]
        if more, let limit, let last = tags.last { headers[.link] = Self.next("/v2/\(name)/tags/list", limit, last) }
        return .json(["name": .string(name), "tags": .array(tags.map { .string($0) })], headers: headers)
    }

    func referrers(
        of text: String, in name: String, _ request: RegistryRequest
    ) throws(RegistryError) -> Response {
        let subject = try Self.digest(text)
        var found: [ContentDescriptor] = []
        for source in sources { found += source.referrers(of: subject, in: name, namespace: request.namespace) }
        var headers: HTTPFields = [:]
        if let written = request.query["artifactType"], !written.isEmpty {
            // A plus that was not escaped has become a space, which no type has.
            let type = written.replacing(" ", with: "+")
            found = found.filter { $0.artifactType == type }
            headers[.filtersApplied] = "artifactType"
        }
        let index = ImageIndex(mediaType: .ociIndex, manifests: found)
        return .json(index.json, type: MediaType.ociIndex.rawValue, headers: headers)
    }

    private static func next(_ path: String, _ limit: Int, _ last: String) -> String {
        "<\(path)?n=\(limit)&last=\(QueryItems.escaped(last))>; rel=\"next\""
    }
}
