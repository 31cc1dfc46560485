internal import DockerClient
internal import JSON

/// The `--filter` flags as the API takes them.
enum Filters {
    /// `{"status":{"exited":true}}`; `nil` without any.
    ///
    /// - Throws: ``Failure/message(_:code:)`` for a filter that is not `key=value`.
    static func query(_ texts: [String]) throws(Failure) -> String? {
        guard !texts.isEmpty else { return nil }
        var filters: JSONObject = [:]
        for text in texts {
            let (key, value) = split(text, at: "=")
            guard let value else {
                throw .message(
                    "invalid argument \"\(text)\" for \"-f, --filter\": bad format of filter (expected name=value)")
            }
            var values = filters[key.lowercased()]?.objectValue ?? [:]
            values[value] = true
            filters[key.lowercased()] = .object(values)
        }
        return "\(JSONValue.object(filters))"
    }
}
