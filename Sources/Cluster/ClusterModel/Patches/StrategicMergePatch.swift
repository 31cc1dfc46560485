package import JSON

/// A merge patch that knows the kind: elements of some lists are told apart by a key, and directives say what goes.
///
/// Source: Kubernetes documentation, "Update API Objects in Place Using kubectl patch"; the directives' meaning from
/// sig-api-machinery's "strategic-merge-patch".
package struct StrategicMergePatch: Sendable {
    private let schema: Schema
    private static let deleteList = "$deleteFromPrimitiveList/"
    private static let setOrder = "$setElementOrder/"

    package init(_ schema: Schema = .shared) {
        self.schema = schema
    }

    /// - Throws: ``APIError/badRequest(_:)`` for a directive that is none, and for elements without their key.
    package func apply(_ patch: JSONValue, to target: JSONValue, as type: String) throws(APIError) -> JSONValue {
        try merge(patch, into: target, .type(type), at: "")
    }

    private func merge(
        _ patch: JSONValue, into target: JSONValue, _ shape: Shape, at path: String
    ) throws(APIError) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        switch changes["$patch"]?.stringValue {
        case "replace": return .object(JSONObject(changes.filter { $0.key != "$patch" }.map { ($0.key, $0.value) }))
        case "delete": return .object([:])
        case "merge", nil: break
        case let other?: throw .badRequest("\(path).$patch: \(other) is no directive")
        }
        var members = target.objectValue ?? [:]
        if let kept = changes["$retainKeys"]?.arrayValue?.compactMap(\.stringValue) {
            for key in members.keys where !kept.contains(key) { members.removeValue(forKey: key) }
        }
        for (key, change) in changes where !key.hasPrefix("$") {
            let below = path.isEmpty ? key : "\(path).\(key)"
            guard change != .null else {
                members.removeValue(forKey: key)
                continue
            }
            let field = field(key, of: shape)
            if case .array(let elements) = change {
                members[key] = .array(
                    try mergeList(elements, into: members[key]?.arrayValue ?? [], field, at: below))
            } else {
                members[key] = try merge(change, into: members[key] ?? .null, field?.shape ?? .any, at: below)
            }
        }
        try applyDirectives(changes, to: &members, shape, at: path)
        return .object(members)
    }

    private func field(_ key: String, of shape: Shape) -> SchemaField? {
        switch shape {
        case .type(let name): schema[name]?[key]
        case .map(let element):
            SchemaField(
                name: key, numbers: [], shape: element, isRequired: false, mergeKey: nil, isMerged: false,
                retainsKeys: false)
        default: nil
        }
    }

    private func mergeList(
        _ changes: [JSONValue], into target: [JSONValue], _ field: SchemaField?, at path: String
    ) throws(APIError) -> [JSONValue] {
        guard let field else { return changes }
        if field.isMerged { return target + changes.filter { !target.contains($0) } }
        guard let key = field.mergeKey, case .list(let element) = field.shape else { return changes }
        var result = target
        if changes.contains(where: { $0["$patch"]?.stringValue == "replace" && $0[key] == nil }) {
            return changes.filter { $0["$patch"] == nil }
        }
        for change in changes {
            guard let identity = change[key] else {
                throw .badRequest("\(path): map: does not contain declared merge key: \(key)")
            }
            if change["$patch"]?.stringValue == "delete" {
                result.removeAll { $0[key] == identity }
            } else if let place = result.firstIndex(where: { $0[key] == identity }) {
                result[place] = try merge(change, into: result[place], element, at: "\(path)[\(place)]")
            } else {
                result.append(try merge(change, into: [:], element, at: "\(path)[\(result.count)]"))
            }
        }
        return result
    }

    private func applyDirectives(
        _ changes: JSONObject, to members: inout JSONObject, _ shape: Shape, at path: String
    ) throws(APIError) {
        for (key, change) in changes where key.hasPrefix("$") {
            if key.hasPrefix(Self.deleteList) {
                let name = String(key.dropFirst(Self.deleteList.count))
                let gone = change.arrayValue ?? []
                members[name] = .array((members[name]?.arrayValue ?? []).filter { !gone.contains($0) })
            } else if key.hasPrefix(Self.setOrder) {
                let name = String(key.dropFirst(Self.setOrder.count))
                guard let elements = members[name]?.arrayValue else { continue }
                let identify = field(name, of: shape)?.mergeKey
                members[name] = .array(Self.ordered(elements, by: change.arrayValue ?? [], key: identify))
            } else if key != "$patch", key != "$retainKeys" {
                throw .badRequest("\(path.isEmpty ? "" : path + ".")\(key): no such directive")
            }
        }
    }

    /// The elements in the order asked for; those that it does not name stay behind the ones they followed.
    private static func ordered(_ elements: [JSONValue], by order: [JSONValue], key: String?) -> [JSONValue] {
        func identity(_ value: JSONValue) -> String { (key.flatMap { value[$0] } ?? value).description }
        let ranks = Dictionary(order.enumerated().map { (identity($1), $0) }) { first, _ in first }
        var rank = -1
        let ranked = elements.enumerated().map { place, element -> (rank: Int, place: Int, JSONValue) in
            rank = ranks[identity(element)] ?? rank
            return (rank, place, element)
        }
        return ranked.sorted { ($0.rank, $0.place) < ($1.rank, $1.place) }.map(\.2)
    }
}
