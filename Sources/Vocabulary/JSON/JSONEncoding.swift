/// The encoder of ``JSONCoder``: one value in the making.
final class JSONEncoding: Encoder {
    private enum Content {
        case nothing
        case value(JSONValue)
        case members([(String, JSONEncoding)])
        case elements([JSONEncoding])
    }

    private var content = Content.nothing
    let keys: JSONCoder.Keys
    let codingPath: [any CodingKey]
    /// Whether the keys of this very value are data.
    private let keepsKeys: Bool
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(keys: JSONCoder.Keys, path: [any CodingKey], keepsKeys: Bool = false) {
        self.keys = keys
        self.codingPath = path
        self.keepsKeys = keepsKeys
    }

    static func json<T: Encodable>(of value: T, keys: JSONCoder.Keys, path: [any CodingKey]) throws -> JSONValue {
        let encoding = JSONEncoding(keys: keys, path: path, keepsKeys: isKeyedByData(T.self))
        try value.encode(to: encoding)
        return encoding.json
    }

    /// What was written; an object without members when nothing was.
    var json: JSONValue {
        switch content {
        case .nothing: [:]
        case .value(let value): value
        case .elements(let elements): .array(elements.map(\.json))
        case .members(let members):
            .object(
                JSONObject(
                    (keepsKeys ? members.sorted { $0.0 < $1.0 } : members).map { ($0.0, $0.1.json) }))
        }
    }

    func set(_ value: JSONValue) {
        content = .value(value)
    }

    func set(_ number: Double) throws {
        guard number.isFinite else {
            throw JSONError.invalid(path: JSONError.path(codingPath), reason: "\(number) has no JSON form")
        }
        content = .value(.double(number))
    }

    /// A place for one more member.
    func member(_ key: some CodingKey) -> JSONEncoding {
        let name = keepsKeys ? key.stringValue : keys.wireName(of: key)
        let child = JSONEncoding(keys: keys, path: codingPath + [JSONKey(name)])
        add(child, named: name)
        return child
    }

    /// A place for one more element.
    func element() -> JSONEncoding {
        let child = JSONEncoding(keys: keys, path: codingPath + [JSONKey(intValue: count)])
        add(child)
        return child
    }

    private func add(_ child: JSONEncoding, named name: String) {
        guard case .members(var members) = content else {
            content = .members([(name, child)])
            return
        }
        content = .nothing  // lets go of the members: they grow in place
        members.append((name, child))
        content = .members(members)
    }

    private func add(_ child: JSONEncoding) {
        guard case .elements(var elements) = content else {
            content = .elements([child])
            return
        }
        content = .nothing
        elements.append(child)
        content = .elements(elements)
    }

    var count: Int {
        if case .elements(let elements) = content { elements.count } else { 0 }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .nothing = content { content = .members([]) }
        return KeyedEncodingContainer(KeyedEncoding(encoding: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .nothing = content { content = .elements([]) }
        return UnkeyedEncoding(encoding: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        SingleEncoding(encoding: self)
    }

    /// Writes `value` here.
    func write<T: Encodable>(_ value: T) throws {
        set(try Self.json(of: value, keys: keys, path: codingPath))
    }
}

private struct KeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoding: JSONEncoding
    var codingPath: [any CodingKey] { encoding.codingPath }

    func encodeNil(forKey key: Key) { encoding.member(key).set(.null) }
    func encode(_ value: Bool, forKey key: Key) { encoding.member(key).set(.bool(value)) }
    func encode(_ value: String, forKey key: Key) { encoding.member(key).set(.string(value)) }
    func encode(_ value: Double, forKey key: Key) throws { try encoding.member(key).set(value) }
    func encode(_ value: Float, forKey key: Key) throws { try encoding.member(key).set(Double(value)) }
    func encode(_ value: Int, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: Int8, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: Int16, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: Int32, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: Int64, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: UInt, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: UInt8, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: UInt16, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: UInt32, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode(_ value: UInt64, forKey key: Key) { encoding.member(key).set(.init(number: value)) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try encoding.member(key).write(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoding.member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoding.member(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoding.member(JSONKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { encoding.member(key) }
}

private struct UnkeyedEncoding: UnkeyedEncodingContainer {
    let encoding: JSONEncoding
    var codingPath: [any CodingKey] { encoding.codingPath }
    var count: Int { encoding.count }

    func encodeNil() { encoding.element().set(.null) }
    func encode<T: Encodable>(_ value: T) throws { try encoding.element().write(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoding.element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoding.element().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoding.element() }
}

private struct SingleEncoding: SingleValueEncodingContainer {
    let encoding: JSONEncoding
    var codingPath: [any CodingKey] { encoding.codingPath }

    func encodeNil() { encoding.set(.null) }
    func encode(_ value: Bool) { encoding.set(.bool(value)) }
    func encode(_ value: String) { encoding.set(.string(value)) }
    func encode(_ value: Double) throws { try encoding.set(value) }
    func encode(_ value: Float) throws { try encoding.set(Double(value)) }
    func encode(_ value: Int) { encoding.set(.init(number: value)) }
    func encode(_ value: Int8) { encoding.set(.init(number: value)) }
    func encode(_ value: Int16) { encoding.set(.init(number: value)) }
    func encode(_ value: Int32) { encoding.set(.init(number: value)) }
    func encode(_ value: Int64) { encoding.set(.init(number: value)) }
    func encode(_ value: UInt) { encoding.set(.init(number: value)) }
    func encode(_ value: UInt8) { encoding.set(.init(number: value)) }
    func encode(_ value: UInt16) { encoding.set(.init(number: value)) }
    func encode(_ value: UInt32) { encoding.set(.init(number: value)) }
    func encode(_ value: UInt64) { encoding.set(.init(number: value)) }
    func encode<T: Encodable>(_ value: T) throws { try encoding.write(value) }
}
