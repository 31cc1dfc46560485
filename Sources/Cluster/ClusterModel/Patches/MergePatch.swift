package import JSON

/// Changes written as the object they lead to, `null` taking a member out.
///
/// Source: RFC 7396.
package enum MergePatch {
    package static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = target.objectValue ?? [:]
        for (key, change) in changes {
            if case .null = change {
                members.removeValue(forKey: key)
            } else {
                members[key] = apply(change, to: members[key] ?? .null)
            }
        }
        return .object(members)
    }
}
