/// A type that reads itself from JSON and writes itself as JSON, by hand and without `Codable`'s cost.
///
/// Used where time counts: the runtime reads a whole `config.json` on every start.
package protocol JSONCodable {
    init(json: JSONField) throws(JSONError)
    var json: JSONValue { get }
}

extension JSONCodable {
    /// Reads one JSON text that fills `bytes`.
    ///
    /// - Throws: ``JSONError`` with the place in the text, or with the path of the value that is wrong.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        try self.init(json: JSONField(JSONValue(parsing: bytes)))
    }

    /// The JSON text, in UTF-8.
    package func encoded(_ style: JSONStyle = .compact) -> [UInt8] {
        json.encoded(style)
    }
}

extension JSONField {
    /// The value as a `T`.
    ///
    /// - Throws: ``JSONError/missing(path:)`` when absent, else what `T` says.
    package func read<T: JSONCodable>(_: T.Type = T.self) throws(JSONError) -> T {
        guard let value = try readIfPresent(T.self) else { throw .missing(path: path) }
        return value
    }

    /// The value as a `T`, or `nil` when absent.
    package func readIfPresent<T: JSONCodable>(_: T.Type = T.self) throws(JSONError) -> T? {
        guard try valueIfPresent() != nil else { return nil }
        return try T(json: self)
    }
}

// Arrays and maps once more: these ask nothing of the types `[T]` and `[String: T]` while the value is absent. A process that
// reads one document and is gone pays for each type that it touches.
extension JSONField {
    package func readIfPresent<T: JSONCodable>() throws(JSONError) -> [T]? {
        guard let fields = try elementsIfPresent() else { return nil }
        var elements: [T] = []
        elements.reserveCapacity(fields.count)
        for field in fields { elements.append(try T(json: field)) }
        return elements
    }

    package func readIfPresent<T: JSONCodable>() throws(JSONError) -> [String: T]? {
        guard let fields = try entriesIfPresent() else { return nil }
        var members: [String: T] = [:]
        for (key, field) in fields { members[key] = try T(json: field) }
        return members
    }
}

extension JSONValue: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self = try json.valueIfPresent() ?? .null
    }

    package var json: JSONValue { self }
}

extension JSONObject: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self = try json.object()
    }

    package var json: JSONValue { .object(self) }
}

extension String: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self = try json.string()
    }

    package var json: JSONValue { .string(self) }
}

extension Bool: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self = try json.bool()
    }

    package var json: JSONValue { .bool(self) }
}

extension Double: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self = try json.double()
    }

    package var json: JSONValue { .double(self) }
}

extension FixedWidthInteger where Self: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        self = try json.int(Self.self)
    }

    package var json: JSONValue { JSONValue(number: self) }
}

extension Int: JSONCodable {}
extension Int8: JSONCodable {}
extension Int16: JSONCodable {}
extension Int32: JSONCodable {}
extension Int64: JSONCodable {}
extension UInt: JSONCodable {}
extension UInt8: JSONCodable {}
extension UInt16: JSONCodable {}
extension UInt32: JSONCodable {}
extension UInt64: JSONCodable {}

extension Array: JSONCodable where Element: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        guard let elements: [Element] = try json.readIfPresent() else { throw .missing(path: json.path) }
        self = elements
    }

    package var json: JSONValue { .array(map(\.json)) }
}

extension Dictionary: JSONCodable where Key == String, Value: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        guard let members: [String: Value] = try json.readIfPresent() else { throw .missing(path: json.path) }
        self = members
    }

    /// The members in the order of their keys, so that equal dictionaries give equal bytes.
    package var json: JSONValue {
        .object(JSONObject(sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    }
}
