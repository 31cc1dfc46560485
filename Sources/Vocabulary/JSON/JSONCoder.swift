/// Reads and writes `Codable` values as JSON, without Foundation.
///
/// For rooms where a type has many members and time does not count; `JSONCodable` is the quick way. On reading `null`
/// counts as absent, and a double without fraction as an integer; on writing an optional that is `nil` is left out,
/// and the members of a dictionary stand in the order of their keys. Errors name the path as it stands in the JSON.
package struct JSONCoder: Sendable {
    /// How the names of properties become keys.
    ///
    /// The keys of a dictionary, and any ``JSONKey``, stay as they are.
    package enum Keys: Sendable {
        case asWritten
        /// `hostConfig` stands for `HostConfig`: the first letter only.
        case pascalCase

        func wireName(of key: some CodingKey) -> String {
            let name = key.stringValue
            guard self == .pascalCase, !(key is JSONKey), let first = name.utf8.first,
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
            else { return name }
            return String(Character(Unicode.Scalar(first - 0x20))) + name.dropFirst()
        }
    }

    private let keys: Keys

    package init(keys: Keys = .asWritten) {
        self.keys = keys
    }

    /// Reads one JSON text that fills `bytes`.
    ///
    /// - Throws: ``JSONError`` with the place in the text, or with the path of the value that is wrong.
    package func decode<T: Decodable>(_ type: T.Type = T.self, from bytes: [UInt8]) throws(JSONError) -> T {
        try decode(type, from: JSONValue(parsing: bytes))
    }

    /// Reads what was parsed already; errors name paths below `path`.
    package func decode<T: Decodable>(
        _ type: T.Type = T.self, from value: JSONValue, path: String = ""
    ) throws(JSONError) -> T {
        let field = JSONField(value, path: path)
        do {
            return try JSONDecoding(field, keys: keys).decode(T.self, field)
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError(error, at: field)
        }
    }

    /// Writes `value` as JSON text, in UTF-8.
    ///
    /// - Throws: ``JSONError/invalid(path:reason:)`` for a double that is not finite, and for what `value` itself
    /// refuses.
    package func encode(_ value: some Encodable, style: JSONStyle = .compact) throws(JSONError) -> [UInt8] {
        try json(value).encoded(style)
    }

    /// The JSON value of `value`.
    ///
    /// - Throws: as ``encode(_:style:)``.
    package func json(_ value: some Encodable) throws(JSONError) -> JSONValue {
        do {
            return try JSONEncoding.json(of: value, keys: keys, path: [])
        } catch let error as JSONError {
            throw error
        } catch {
            throw .invalid(path: "", reason: "\(error)")
        }
    }
}

/// A key that no spelling applies to, such as one that came from a text.
package struct JSONKey: CodingKey, Sendable {
    package let stringValue: String
    package let intValue: Int?

    package init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    package init(stringValue: String) {
        self.init(stringValue)
    }

    package init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}

/// Marks dictionaries whose keys are data rather than names of properties.
private protocol KeyedByData {}
extension Dictionary: KeyedByData {}

/// Whether the keys of `type` are data.
func isKeyedByData<T>(_ type: T.Type) -> Bool {
    type is any KeyedByData.Type
}

extension JSONError {
    /// What a `Codable` type threw while it read `field`.
    init(_ error: any Error, at field: JSONField) {
        guard let error = error as? DecodingError else {
            self = .invalid(path: field.path, reason: "\(error)")
            return
        }
        switch error {
        case .keyNotFound(let key, let context):
            self = .missing(path: Self.path(context.codingPath + [key]))
        case .valueNotFound(_, let context):
            self = .missing(path: Self.path(context.codingPath))
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            self = .invalid(path: Self.path(context.codingPath), reason: context.debugDescription)
        @unknown default:
            self = .invalid(path: field.path, reason: "\(error)")
        }
    }

    static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        if let decoder = decoder as? JSONDecoding {
            self = try decoder.field.valueIfPresent() ?? .null
            return
        }
        if let container = try? decoder.container(keyedBy: JSONKey.self) {
            self = .object(
                JSONObject(try container.allKeys.map { ($0.stringValue, try container.decode(Self.self, forKey: $0)) }))
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else {
            self = .array(try container.decode([JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? JSONEncoding {
            encoder.set(self)
            return
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let members):
            var container = encoder.container(keyedBy: JSONKey.self)
            for (key, value) in members { try container.encode(value, forKey: JSONKey(key)) }
        }
    }
}

// A type that reads itself by hand only has to say that it is `Codable`, too, to be a member of one that does not.
extension JSONCodable where Self: Decodable {
    package init(from decoder: any Decoder) throws {
        if let decoder = decoder as? JSONDecoding {
            try self.init(json: decoder.field)
        } else {
            try self.init(json: JSONField(JSONValue(from: decoder), path: JSONError.path(decoder.codingPath)))
        }
    }
}

extension JSONCodable where Self: Encodable {
    package func encode(to encoder: any Encoder) throws {
        try json.encode(to: encoder)
    }
}

extension JSONObject: Codable {}
