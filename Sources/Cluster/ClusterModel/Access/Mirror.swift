package import JSON

/// Which objects a reflection has shown, so that a fresh look at the whole tells also what is gone.
package struct Mirror: Sendable {
    package enum Change: Sendable, Equatable {
        case changed(JSONValue)
        /// `key` is `namespace/name`, or a name without namespaces.
        case gone(key: String, uid: String)
    }

    private var shown: [String: String] = [:]
    /// What the parts of a whole have shown so far.
    private var parts: [String: String] = [:]

    package init() {}

    package mutating func take(_ news: Reflected) -> [Change] {
        switch news {
        case .part(let objects, let isFirst):
            if isFirst { parts = [:] }
            for object in objects { parts[Self.key(object)] = Self.uid(object) }
            return objects.map { .changed($0) }
        case .whole(let objects):
            let before = shown
            shown = parts
            parts = [:]
            for object in objects { shown[Self.key(object)] = Self.uid(object) }
            let gone = before.filter { shown[$0.key] != $0.value }.sorted { $0.key < $1.key }
            return gone.map { .gone(key: $0.key, uid: $0.value) } + objects.map { .changed($0) }
        case .changed(let object):
            shown[Self.key(object)] = Self.uid(object)
            return [.changed(object)]
        case .gone(let object):
            let key = Self.key(object)
            shown[key] = nil
            return [.gone(key: key, uid: Self.uid(object))]
        }
    }

    private static func key(_ object: JSONValue) -> String {
        let metadata = object["metadata"]
        let name = metadata?["name"]?.stringValue ?? ""
        guard let namespace = metadata?["namespace"]?.stringValue, !namespace.isEmpty else { return name }
        return "\(namespace)/\(name)"
    }

    private static func uid(_ object: JSONValue) -> String { object["metadata"]?["uid"]?.stringValue ?? "" }
}
