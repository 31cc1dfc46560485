internal import ClusterModel
internal import JSON

/// A change of an object as a client writes it, in one of the three forms there are.
enum Patch: Sendable {
    case json(JSONPatch)
    case merge(JSONValue)
    case strategic(JSONValue)

    /// Reads a body.
    ///
    /// - Throws: ``APIError/unsupportedMediaType(_:)`` for a form that is not ours, server-side apply among them.
    init(_ bytes: [UInt8], mediaType: String) throws(APIError) {
        switch mediaType {
        case "application/json-patch+json":
            self = .json(try JSONPatch(try APIRequest.value(bytes, mediaType: "application/json")))
        case "application/merge-patch+json":
            self = .merge(try Self.object(bytes))
        case "application/strategic-merge-patch+json":
            self = .strategic(try Self.object(bytes))
        case "application/apply-patch+yaml", "application/apply-patch+cbor":
            throw .unsupportedMediaType(
                "server-side apply is not supported: use client-side apply, or a patch of type "
                    + "application/strategic-merge-patch+json")
        default:
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                    + "application/json-patch+json, application/merge-patch+json, "
                    + "application/strategic-merge-patch+json")
        }
    }

    private static func object(_ bytes: [UInt8]) throws(APIError) -> JSONValue {
        let value = try APIRequest.value(bytes, mediaType: "application/json")
        guard case .object = value else { throw .badRequest("patch: expected an object, found \(value.summary)") }
        return value
    }

    func apply(to object: APIObject, _ kind: ResourceKind) throws(APIError) -> JSONValue {
        switch self {
        case .json(let patch): try patch.apply(to: object.value)
        case .merge(let patch): MergePatch.apply(patch, to: object.value)
        case .strategic(let patch): try StrategicMergePatch().apply(patch, to: object.value, as: kind.kind)
        }
    }
}
