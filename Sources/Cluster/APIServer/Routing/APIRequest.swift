internal import ClusterModel
internal import HTTPKit
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// A request in the API's words.
struct APIRequest: Sendable {
    let request: Request
    let path: String
    let query: QueryItems
    /// What the path means.
    let place: Result<APIPath, APIError>
    var requester: Requester

    /// The most bytes that the body of a request may have.
    static let largestBody = 3 * 1024 * 1024

    init(_ request: Request, from requester: Requester) {
        self.request = request
        self.requester = requester
        let halves = (request.head.path ?? "/").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = halves.first.map(String.init) ?? "/"
        query = QueryItems(halves.count == 2 ? String(halves[1]) : nil)
        let path = path
        place = Result { () throws(APIError) in try APIPath(path) }
    }

    var method: HTTPRequest.Method { request.method }
    var accepted: String { request.headers[.accept] ?? "" }

    /// Whether a parameter is there and says yes, as Go reads truth values; without a value it does.
    func flag(_ name: String) -> Bool {
        switch query[name] {
        case "true", "True", "TRUE", "t", "T", "1", "": true
        default: false
        }
    }

    func number(_ name: String) throws(APIError) -> Int64? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int64(text) else {
            throw .badRequest("\(name): Invalid value: \"\(text)\": must be a number")
        }
        return number
    }

    /// - Throws: ``APIError/badRequest(_:)`` for a dry run other than the one there is.
    func isDryRun() throws(APIError) -> Bool {
        let values = query.all("dryRun").filter { !$0.isEmpty }
        guard values.allSatisfy({ $0 == "All" }) else {
            throw .badRequest(
                "dryRun: Unsupported value: \"\(values.joined(separator: ","))\": supported values: \"All\"")
        }
        return !values.isEmpty
    }

    func strictness() throws(APIError) -> Admission.Strictness {
        guard let text = query["fieldValidation"], !text.isEmpty else { return .warn }
        guard let strictness = Admission.Strictness(rawValue: text) else {
            throw .badRequest(
                "fieldValidation: Unsupported value: \"\(text)\": supported values: \"Ignore\", \"Strict\", \"Warn\"")
        }
        return strictness
    }

    func labelQuery() throws(APIError) -> LabelQuery {
        guard let text = query["labelSelector"], !text.isEmpty else { return .everything }
        return try LabelQuery(parsing: text)
    }

    func fieldQuery(for kind: ResourceKind) throws(APIError) -> FieldQuery {
        guard let text = query["fieldSelector"], !text.isEmpty else { return .everything }
        return try FieldQuery(parsing: text, for: kind)
    }

    /// The body's media type without its parameters.
    var mediaType: String {
        let text = request.headers[.contentType] ?? "application/json"
        let type = text.split(separator: ";", maxSplits: 1).first ?? ""
        return type.lowercased().filter { $0 != " " }
    }

    func bodyBytes() async throws -> [UInt8] {
        do {
            let buffer = try await request.body.collect(upTo: Self.largestBody)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw APIError.tooLarge(limit: Self.largestBody)
        }
    }

    /// The body as a value: JSON, or YAML where the client says so; `nil` when it is empty.
    func body() async throws -> JSONValue? {
        let bytes = try await bodyBytes()
        if bytes.isEmpty { return nil }
        return try Self.value(bytes, mediaType: mediaType)
    }

    static func value(_ bytes: [UInt8], mediaType: String) throws(APIError) -> JSONValue {
        switch mediaType {
        case "application/yaml", "application/x-yaml", "text/yaml":
            do {
                let documents = try YAMLDocuments.read(String(decoding: bytes, as: UTF8.self), name: "body")
                guard documents.count == 1 else {
                    throw APIError.badRequest("body: \(documents.count) documents; one is expected")
                }
                return documents[0]
            } catch let error as APIError {
                throw error
            } catch {
                throw .badRequest("\(error)")
            }
        case "application/json", "", "*/*", "text/plain":
            do throws(JSONError) {
                return try JSONValue(parsing: bytes)
            } catch {
                throw .badRequest("body: \(error)")
            }
        case ProtobufReader.mediaType: return try ProtobufReader().object(bytes)
        default:
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml, application/vnd.kubernetes.protobuf")
        }
    }
}

/// Who asks.
package struct Requester: Hashable, Sendable {
    package let name: String
    package let groups: [String]

    package init(name: String, groups: [String] = []) {
        self.name = name
        self.groups = groups
    }

    /// Someone of this machine who may do everything.
    package static let administrator = Requester(name: "system:admin", groups: ["system:masters"])
    package static let anonymous = Requester(name: "system:anonymous", groups: ["system:unauthenticated"])

    /// The node that this is, if it is one.
    package var node: String? {
        guard groups.contains("system:nodes"), name.hasPrefix("system:node:") else { return nil }
        return String(name.dropFirst("system:node:".count))
    }
}
