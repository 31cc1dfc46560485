/// A type with a value that Docker's clients read as "not set".
package protocol Zeroed: Codable, Equatable {
    static var zero: Self { get }
}

extension Int: Zeroed {}
extension Int64: Zeroed {}
extension UInt16: Zeroed {}
extension UInt64: Zeroed {}
extension Double: Zeroed {}
extension Bool: Zeroed { package static var zero: Bool { false } }
extension String: Zeroed { package static var zero: String { "" } }
extension Array: Zeroed where Element: Codable & Equatable {
    package static var zero: [Element] { [] }
}
extension Dictionary: Zeroed where Key == String, Value: Codable & Equatable {
    package static var zero: [String: Value] { [:] }
}

/// A field that is always written, and reads as its type's zero when a client leaves it out or sends null.
@propertyWrapper
package struct Present<Value: Zeroed>: Codable, Equatable {
    package var wrappedValue: Value

    package init() { wrappedValue = .zero }
    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? .zero : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

/// A field that is always written, as null when it has no value: clients index it without asking whether it is there.
@propertyWrapper
package struct Nullable<Value: Codable & Equatable>: Codable, Equatable {
    package var wrappedValue: Value?

    package init() { wrappedValue = nil }
    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

extension Present: Sendable where Value: Sendable {}
extension Nullable: Sendable where Value: Sendable {}

extension KeyedDecodingContainer {
    /// What synthesised `init(from:)` calls for a `@Present` property: an absent key is not an error.
    package func decode<Value>(_ type: Present<Value>.Type, forKey key: Key) throws -> Present<Value> {
        try decodeIfPresent(type, forKey: key) ?? Present()
    }

    /// What synthesised `init(from:)` calls for a `@Nullable` property: an absent key is not an error.
    package func decode<Value>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value> {
        try decodeIfPresent(type, forKey: key) ?? Nullable()
    }
}

/// Docker's `{}`: the value of a map that is used as a set.
package struct EmptyObject: Codable, Equatable, Sendable {
    package init() {}
}

/// A list of words that clients may also send as one string (`Cmd`, `Entrypoint`).
package struct WordList: Codable, Equatable, Sendable, ExpressibleByArrayLiteral {
    package var words: [String]

    package init(_ words: [String]) { self.words = words }
    package init(arrayLiteral elements: String...) { words = elements }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(String.self) {
            words = [one]
        } else {
            words = try container.decode([String].self)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(words)
    }
}
