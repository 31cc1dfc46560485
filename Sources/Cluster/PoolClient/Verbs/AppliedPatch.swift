package import JSON

/// What to change so that an object says what its file says: what the file dropped since it was last applied goes, all else that
/// others wrote stays.
///
/// Source: Kubernetes, "Declarative Management", "How apply calculates differences".
package enum AppliedPatch {
    package static let annotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// The object to create, which remembers what was applied.
    package static func remembering(_ wanted: JSONValue) -> JSONValue {
        var object = wanted
        var plain = wanted
        plain["metadata"]?["annotations"]?[annotation] = nil
        var metadata = object["metadata"] ?? [:]
        var annotations = metadata["annotations"] ?? [:]
        annotations[annotation] = .string(String(decoding: plain.encoded(), as: UTF8.self) + "\n")
        metadata["annotations"] = annotations
        object["metadata"] = metadata
        return object
    }

    /// A patch for `there`; nil when nothing is to be changed.
    package static func patch(_ wanted: JSONValue, over there: JSONValue) -> JSONValue? {
        let text = there["metadata"]?["annotations"]?[annotation]?.stringValue ?? ""
        let last = (try? JSONValue(parsing: text)) ?? [:]
        let remembered = remembering(wanted)
        var patch = difference(remembered, last, there).objectValue ?? [:]
        // Kind and version say what is patched, and change nothing.
        for key in ["apiVersion", "kind"] { patch.removeValue(forKey: key) }
        let changes = JSONValue.object(patch)
        guard isEmpty(changes) else { return changes }
        return nil
    }

    private static func difference(_ wanted: JSONValue, _ last: JSONValue, _ there: JSONValue) -> JSONValue {
        guard let members = wanted.objectValue else { return wanted }
        var result = JSONObject()
        for (key, value) in members {
            let now = there[key]
            if case .object = value, case .object? = now {
                let below = difference(value, last[key] ?? [:], now ?? [:])
                if !isEmpty(below) { result[key] = below }
            } else if now != value {
                // The server fills in the elements of a list: one that the file did not change is what it was.
                if case .array = value, now != nil, last[key] == value { continue }
                result[key] = value
            }
        }
        for (key, _) in last.objectValue ?? [:] where members[key] == nil && there[key] != nil { result[key] = .null }
        return .object(result)
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        value.objectValue?.isEmpty ?? false
    }
}
