/// The decoder of ``JSONCoder``: one value, with its path.
struct JSONDecoding: Decoder {
    let field: JSONField
    let keys: JSONCoder.Keys
    /// Whether the keys of this very value are data.
    private let keepsKeys: Bool

    var codingPath: [any CodingKey] { field.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ field: JSONField, keys: JSONCoder.Keys, keepsKeys: Bool = false) {
        self.field = field
        self.keys = keys
        self.keepsKeys = keepsKeys
    }

    /// Reads a `T` from a value below this one.
    func decode<T: Decodable>(_ type: T.Type, _ field: JSONField) throws -> T {
        let decoding = JSONDecoding(field, keys: keys, keepsKeys: isKeyedByData(type))
        do {
            return try T(from: decoding)
        } catch DecodingError.dataCorrupted(let context) {
            if let names = rawValues(of: type), field.exists {
                throw field.mismatch(expected: "one of " + names.joined(separator: ", "))
            }
            throw JSONError(DecodingError.dataCorrupted(context), at: field)
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(
            KeyedDecoding(decoding: self, members: try field.object(), keys: keepsKeys ? .asWritten : keys))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        UnkeyedDecoding(decoding: self, elements: try field.elements())
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        SingleDecoding(decoding: self)
    }
}

/// The names that an enumeration of texts allows.
private func rawValues<T>(of type: T.Type) -> [String]? {
    func names<C: CaseIterable>(_: C.Type) -> [String] {
        C.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
    let names = (type as? any CaseIterable.Type).map { names($0) }
    return names?.isEmpty == false ? names : nil
}

private struct KeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoding: JSONDecoding
    let members: JSONObject
    let keys: JSONCoder.Keys

    var codingPath: [any CodingKey] { decoding.codingPath }

    var allKeys: [Key] {
        guard keys == .pascalCase else { return members.keys.compactMap { Key(stringValue: $0) } }
        return members.keys.compactMap { name in
            Key(stringValue: name) ?? Key(stringValue: name.prefix(1).lowercased() + name.dropFirst())
        }
    }

    /// A client may write the first letter small: Docker's own reader takes that, too.
    private func field(_ key: Key) -> JSONField {
        let field = decoding.field[keys.wireName(of: key)]
        guard keys == .pascalCase, !field.exists else { return field }
        let small = decoding.field[key.stringValue]
        return small.exists ? small : field
    }

    func contains(_ key: Key) -> Bool { field(key).exists }
    func decodeNil(forKey key: Key) throws -> Bool { !field(key).exists }
    func decode(_: Bool.Type, forKey key: Key) throws -> Bool { try field(key).bool() }
    func decode(_: String.Type, forKey key: Key) throws -> String { try field(key).string() }
    func decode(_: Double.Type, forKey key: Key) throws -> Double { try field(key).double() }
    func decode(_: Float.Type, forKey key: Key) throws -> Float { Float(try field(key).double()) }
    func decode(_: Int.Type, forKey key: Key) throws -> Int { try field(key).int() }
    func decode(_: Int8.Type, forKey key: Key) throws -> Int8 { try field(key).int() }
    func decode(_: Int16.Type, forKey key: Key) throws -> Int16 { try field(key).int() }
    func decode(_: Int32.Type, forKey key: Key) throws -> Int32 { try field(key).int() }
    func decode(_: Int64.Type, forKey key: Key) throws -> Int64 { try field(key).int() }
    func decode(_: UInt.Type, forKey key: Key) throws -> UInt { try field(key).int() }
    func decode(_: UInt8.Type, forKey key: Key) throws -> UInt8 { try field(key).int() }
    func decode(_: UInt16.Type, forKey key: Key) throws -> UInt16 { try field(key).int() }
    func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 { try field(key).int() }
    func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 { try field(key).int() }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let field = field(key)
        guard field.exists || T.self == JSONValue.self else { throw JSONError.missing(path: field.path) }
        return try decoding.decode(type, field)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try JSONDecoding(field(key), keys: decoding.keys).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try JSONDecoding(field(key), keys: decoding.keys).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { JSONDecoding(decoding.field["super"], keys: decoding.keys) }
    func superDecoder(forKey key: Key) throws -> any Decoder { JSONDecoding(field(key), keys: decoding.keys) }
}

private struct UnkeyedDecoding: UnkeyedDecodingContainer {
    let decoding: JSONDecoding
    let elements: [JSONField]
    private(set) var currentIndex = 0

    var codingPath: [any CodingKey] { decoding.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    init(decoding: JSONDecoding, elements: [JSONField]) {
        self.decoding = decoding
        self.elements = elements
    }

    private mutating func next() throws -> JSONField {
        guard !isAtEnd else { throw JSONError.missing(path: "\(decoding.field.path)[\(currentIndex)]") }
        defer { currentIndex += 1 }
        return elements[currentIndex]
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, !elements[currentIndex].exists else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try decoding.decode(type, next())
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try JSONDecoding(next(), keys: decoding.keys).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try JSONDecoding(next(), keys: decoding.keys).unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder { JSONDecoding(try next(), keys: decoding.keys) }
}

private struct SingleDecoding: SingleValueDecodingContainer {
    let decoding: JSONDecoding

    private var field: JSONField { decoding.field }
    var codingPath: [any CodingKey] { decoding.codingPath }

    func decodeNil() -> Bool { !field.exists }
    func decode(_: Bool.Type) throws -> Bool { try field.bool() }
    func decode(_: String.Type) throws -> String { try field.string() }
    func decode(_: Double.Type) throws -> Double { try field.double() }
    func decode(_: Float.Type) throws -> Float { Float(try field.double()) }
    func decode(_: Int.Type) throws -> Int { try field.int() }
    func decode(_: Int8.Type) throws -> Int8 { try field.int() }
    func decode(_: Int16.Type) throws -> Int16 { try field.int() }
    func decode(_: Int32.Type) throws -> Int32 { try field.int() }
    func decode(_: Int64.Type) throws -> Int64 { try field.int() }
    func decode(_: UInt.Type) throws -> UInt { try field.int() }
    func decode(_: UInt8.Type) throws -> UInt8 { try field.int() }
    func decode(_: UInt16.Type) throws -> UInt16 { try field.int() }
    func decode(_: UInt32.Type) throws -> UInt32 { try field.int() }
    func decode(_: UInt64.Type) throws -> UInt64 { try field.int() }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoding.decode(type, field) }
}
