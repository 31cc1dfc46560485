/// What one value of an object looks like.
package indirect enum Shape: Equatable, Sendable {
    case string
    case boolean
    case int32
    case int64
    case number
    /// An amount: a text such as `500m`, or a number.
    case quantity
    case intOrString
    /// RFC 3339 to the second.
    case time
    /// RFC 3339 to the microsecond.
    case microTime
    /// Base64.
    case bytes
    /// Any value, not looked into.
    case any
    case list(Shape)
    /// An object whose keys are data.
    case map(Shape)
    case type(String)
}

/// One field of a type.
package struct SchemaField: Equatable, Sendable {
    package let name: String
    /// Its number in protobuf; several where messages lie in each other that JSON does not show.
    package let numbers: [Int]
    package let shape: Shape
    package let isRequired: Bool
    /// In a strategic merge patch the elements are told apart by this field of theirs.
    package let mergeKey: String?
    /// In a strategic merge patch the elements, which are plain values, are united.
    package let isMerged: Bool
    /// In a strategic merge patch an element may say which of its fields stay.
    package let retainsKeys: Bool
}

/// One type: an object whose fields are known.
package struct SchemaType: Equatable, Sendable {
    package let name: String
    /// As OpenAPI names it: `io.k8s.api.core.v1.Pod`.
    package let definition: String
    /// By name, in the order of their names.
    package let fields: [SchemaField]
    private let places: [String: Int]

    init(name: String, definition: String, fields: [SchemaField]) {
        self.name = name
        self.definition = definition
        self.fields = fields
        places = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    package subscript(field: String) -> SchemaField? { places[field].map { fields[$0] } }
}

/// The types of all kinds: what may stand where, and how it is merged.
package struct Schema: Sendable {
    /// By name, which no two types share.
    package let types: [String: SchemaType]

    /// The schema of the kinds in ``Catalog``.
    package static let shared = Schema(sections: [
        ("io.k8s.apimachinery.pkg.apis.meta.v1", SchemaText.meta),
        ("io.k8s.api.core.v1", SchemaText.core),
        ("io.k8s.api.core.v1", SchemaText.volumes),
        ("io.k8s.api.policy.v1", SchemaText.policy),
        ("io.k8s.api.scheduling.v1", SchemaText.scheduling),
        ("io.k8s.api.coordination.v1", SchemaText.coordination),
        ("io.pouch.v1", SchemaText.pouch),
    ])

    init(sections: [(package: String, text: String)]) {
        var types: [String: SchemaType] = [:]
        for section in sections {
            for type in SchemaText.types(of: section.text, in: section.package) { types[type.name] = type }
        }
        self.types = types
    }

    package subscript(type: String) -> SchemaType? { types[type] }
}
