internal import ClusterModel
internal import JSON
internal import Units

/// In which form a client wants objects.
struct Representation: Equatable {
    enum Form: Equatable {
        case object
        case table
        case metadata
    }

    let form: Form
    let included: TableColumns.Included
    /// Whether the client reads YAML and no JSON.
    let isYAML: Bool

    /// Takes the first of the accepted media types that we have.
    ///
    /// - Throws: ``APIError/notAcceptable(_:)``.
    init(accepting accepted: String, included: String?) throws(APIError) {
        self.included = included.flatMap(TableColumns.Included.init(rawValue:)) ?? .metadata
        let offers = accepted.split(separator: ",")
        if offers.isEmpty {
            (form, isYAML) = (.object, false)
            return
        }
        for offer in offers {
            let parts = offer.split(separator: ";").map { $0.filter { $0 != " " } }
            let type = (parts.first ?? "").lowercased()
            let parameters = parts.dropFirst().filter { !$0.hasPrefix("q=") && !$0.hasPrefix("charset=") }
            guard ["application/json", "application/*", "*/*", "application/yaml", "text/*"].contains(type) else {
                continue
            }
            let isYAML = type == "application/yaml"
            switch parameters.first(where: { $0.hasPrefix("as=") }) {
            case "as=Table": (form, self.isYAML) = (.table, isYAML)
            case "as=PartialObjectMetadata", "as=PartialObjectMetadataList":
                (form, self.isYAML) = (.metadata, isYAML)
            case nil: (form, self.isYAML) = (.object, isYAML)
            default: continue
            }
            return
        }
        throw .notAcceptable(
            "only the following media types are accepted: application/json, application/yaml, "
                + "application/json;as=Table;v=v1;g=meta.k8s.io")
    }

    /// Only the metadata of an object.
    static func metadata(of object: APIObject) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object.value["metadata"] ?? [:],
        ]
    }
}
