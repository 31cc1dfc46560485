internal import JSON

/// The JSON that asks the daemon for a container, while the groups of flags fill it.
///
/// Only what was asked for is set: every default is the daemon's.
struct CreateBody {
    var config: JSONObject = [:]
    var host: JSONObject = [:]
    var endpoints: JSONObject = [:]

    var json: JSONValue {
        var body = config
        body["HostConfig"] = .object(host)
        if !endpoints.isEmpty { body["NetworkingConfig"] = ["EndpointsConfig": .object(endpoints)] }
        return .object(body)
    }
}

extension JSONObject {
    /// Sets a member unless there is nothing to say.
    mutating func set(_ key: String, _ value: String?) {
        if let value { self[key] = .string(value) }
    }

    mutating func set(_ key: String, _ value: Int64?) {
        if let value { self[key] = .integer(value) }
    }

    mutating func set(_ key: String, _ values: [String]) {
        if !values.isEmpty { self[key] = .array(values.map { .string($0) }) }
    }

    mutating func set(_ key: String, _ values: [JSONValue]) {
        if !values.isEmpty { self[key] = .array(values) }
    }

    mutating func set(_ key: String, _ members: JSONObject) {
        if !members.isEmpty { self[key] = .object(members) }
    }

    /// Sets a member that is only worth saying when it is true.
    mutating func set(_ key: String, _ value: Bool) {
        if value { self[key] = true }
    }
}

/// Splits at the first `separator`; the second part is `nil` without one.
func split(_ text: String, at separator: Character) -> (String, String?) {
    guard let place = text.firstIndex(of: separator) else { return (text, nil) }
    return (String(text[..<place]), String(text[text.index(after: place)...]))
}

/// `key=value` pairs as an object; a key alone has the empty value.
func pairs(_ texts: [String]) -> JSONObject {
    var members: JSONObject = [:]
    for text in texts {
        let (key, value) = split(text, at: "=")
        members[key] = .string(value ?? "")
    }
    return members
}
