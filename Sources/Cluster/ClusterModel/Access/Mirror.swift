package import JSON

/// Which objects a reflection has shown, so that a fresh look at the whole tells also what is gone.
package struct Mirror: Sendable {
    package enum Change: Sendable, Equatable {
        case changed(JSONValue)
        /// `key` is `namespace/name`, or a name without namespaces.
        case gone(key: String, uid: String)
    }

    /// By key: the uid that was told last, and is not told to be gone.
    private var shown: [String: String] = [:]
    /// What the parts of a whole have said so far.
    private var parts: [String: String] = [:]

    package init() {}

    package mutating func take(_ news: Reflected) -> [Change] {
        switch news {
        case .part(let objects, let isFirst):
            if isFirst { parts = [:] }
            for object in objects { parts[Self.key(object)] = Self.uid(object) }
            return objects.flatMap { show($0) }
        case .whole(let objects):
            for object in objects { parts[Self.key(object)] = Self.uid(object) }
            let gone = shown.filter { parts[$0.key] != $0.value }.sorted { $0.key < $1.key }
            shown = parts
            parts = [:]
            return gone.map { .gone(key: $0.key, uid: $0.value) } + objects.map { .changed($0) }
        case .changed(let object): return show(object)
        case .gone(let object):
            let key = Self.key(object)
            shown[key] = nil
            return [.gone(key: key, uid: Self.uid(object))]
        }
    }

    /// Who goes by names hears that the one before is gone before another takes its name.
    private mutating func show(_ object: JSONValue) -> [Change] {
        let (key, uid) = (Self.key(object), Self.uid(object))
        let before = shown.updateValue(uid, forKey: key)
        guard let before, before != uid else { return [.changed(object)] }
        return [.gone(key: key, uid: before), .changed(object)]
    }

    private static func key(_ object: JSONValue) -> String {
        let metadata = object["metadata"]
        let name = metadata?["name"]?.stringValue ?? ""
        guard let namespace = metadata?["namespace"]?.stringValue, !namespace.isEmpty else { return name }
        return "\(namespace)/\(name)"
    }

    private static func uid(_ object: JSONValue) -> String { object["metadata"]?["uid"]?.stringValue ?? "" }
}
