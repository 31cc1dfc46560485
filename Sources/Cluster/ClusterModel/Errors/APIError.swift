package import JSON

/// Why the API refuses a request; each becomes a `Status` with a code, a reason and the fields concerned.
///
/// Source: Kubernetes API conventions, "Response Status Kind".
package enum APIError: Error, Equatable, Sendable {
    case badRequest(String)
    case unauthorized
    case forbidden(ResourceKind, name: String, why: String)
    /// The same where no kind is concerned.
    case forbiddenPath(String, why: String)
    case notFound(ResourceKind, name: String)
    /// No such path at all.
    case noSuchPath
    case methodNotAllowed
    case notAcceptable(String)
    case alreadyExists(ResourceKind, name: String)
    case conflict(ResourceKind, name: String, why: String)
    /// The revision asked for has been compacted.
    case expired(String)
    case unsupportedMediaType(String)
    case invalid(kind: String, group: String, name: String, [FieldError])
    /// Come back after so many seconds.
    case tooManyRequests(String, retryAfter: Int)
    /// A disruption budget is used up.
    case budgetSpent(why: String)
    case tooLarge(limit: Int)
    /// The store or a node did not do what was asked; the text is for the operator.
    case unavailable(String)
    case internalFailure(String)

    package var code: Int { reasonAndCode.code }
    package var reason: String { reasonAndCode.reason }

    private var reasonAndCode: (reason: String, code: Int) {
        switch self {
        case .badRequest: ("BadRequest", 400)
        case .unauthorized: ("Unauthorized", 401)
        case .forbidden, .forbiddenPath: ("Forbidden", 403)
        case .notFound, .noSuchPath: ("NotFound", 404)
        case .methodNotAllowed: ("MethodNotAllowed", 405)
        case .notAcceptable: ("NotAcceptable", 406)
        case .alreadyExists: ("AlreadyExists", 409)
        case .conflict: ("Conflict", 409)
        case .expired: ("Expired", 410)
        case .tooLarge: ("RequestEntityTooLarge", 413)
        case .unsupportedMediaType: ("UnsupportedMediaType", 415)
        case .invalid: ("Invalid", 422)
        case .tooManyRequests, .budgetSpent: ("TooManyRequests", 429)
        case .internalFailure: ("InternalError", 500)
        case .unavailable: ("ServiceUnavailable", 503)
        }
    }

    package var message: String {
        switch self {
        case .badRequest(let why), .expired(let why), .tooManyRequests(let why, _), .unavailable(let why),
            .notAcceptable(let why), .unsupportedMediaType(let why):
            return why
        case .unauthorized: return "Unauthorized"
        case .forbidden(let kind, let name, let why):
            return "\(kind.qualifiedPlural)\(Self.quoted(name)) is forbidden: \(why)"
        case .forbiddenPath(let path, let why): return "forbidden: \(why) path \"\(path)\""
        case .notFound(let kind, let name): return "\(kind.qualifiedPlural) \"\(name)\" not found"
        case .noSuchPath: return "the server could not find the requested resource"
        case .methodNotAllowed: return "the server does not allow this method on the requested resource"
        case .alreadyExists(let kind, let name): return "\(kind.qualifiedPlural) \"\(name)\" already exists"
        case .conflict(let kind, let name, let why):
            return "Operation cannot be fulfilled on \(kind.qualifiedPlural) \"\(name)\": \(why)"
        case .tooLarge(let limit): return "Request entity too large: limit is \(limit)"
        case .invalid(let kind, let group, let name, let errors):
            let qualified = group.isEmpty ? kind : "\(kind).\(group)"
            let list = errors.map(\.description).joined(separator: ", ")
            return "\(qualified) \"\(name)\" is invalid: \(errors.count == 1 ? list : "[\(list)]")"
        case .budgetSpent(let why): return "Cannot evict pod as it would violate the pod's disruption budget." + why
        case .internalFailure(let why): return "Internal error occurred: \(why)"
        }
    }

    private static func quoted(_ name: String) -> String {
        name.isEmpty ? "" : " \"\(name)\""
    }

    /// What another attempt would conflict with is gone: the text that Kubernetes has for it.
    package static func modified(_ kind: ResourceKind, name: String) -> APIError {
        .conflict(
            kind, name: name,
            why: "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// Seconds after which a client may come back.
    package var retryAfter: Int? {
        switch self {
        case .tooManyRequests(_, let seconds): seconds
        case .budgetSpent: nil
        case .unavailable: 1
        default: nil
        }
    }
}

extension APIError {
    /// The `Status` object that is answered.
    package var status: JSONValue {
        var status: JSONObject = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(message), "reason": .string(reason),
        ]
        let details = details
        if !details.isEmpty { status["details"] = .object(details) }
        status["code"] = .integer(Int64(code))
        return .object(status)
    }

    private var details: JSONObject {
        switch self {
        case .notFound(let kind, let name), .alreadyExists(let kind, let name), .conflict(let kind, let name, _),
            .forbidden(let kind, let name, _):
            return Self.details(name: name, group: kind.group, kind: kind.plural)
        case .invalid(let kind, let group, let name, let errors):
            var details = Self.details(name: name, group: group, kind: kind)
            details["causes"] = .array(
                errors.map {
                    ["reason": .string($0.reason), "message": .string($0.summary), "field": .string($0.path)]
                })
            return details
        case .tooManyRequests(_, let seconds): return ["retryAfterSeconds": .integer(Int64(seconds))]
        case .budgetSpent(let why):
            return ["causes": [["reason": "DisruptionBudget", "message": .string(String(why.drop { $0 == " " }))]]]
        default: return [:]
        }
    }

    private static func details(name: String, group: String, kind: String) -> JSONObject {
        var details: JSONObject = [:]
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        details["kind"] = .string(kind)
        return details
    }
}

extension APIError: CustomStringConvertible {
    package var description: String { message }
}
