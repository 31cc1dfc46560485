package import JSON

/// Names that JSON writes as an object whose members are all `{}`, as Go writes a set.
package struct NameSet: Equatable, Sendable, ExpressibleByArrayLiteral {
    /// In the order in which they were written.
    package private(set) var names: [String] = []

    package init(_ names: some Sequence<String>) {
        for name in names { insert(name) }
    }

    package init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    package mutating func insert(_ name: String) {
        if !names.contains(name) { names.append(name) }
    }

    package static func == (left: NameSet, right: NameSet) -> Bool {
        Set(left.names) == Set(right.names)
    }
}

extension NameSet: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self.init(try json.entries().map(\.0))
    }

    package var json: JSONValue {
        .object(JSONObject(names.map { ($0, [:]) }))
    }
}
