package import JSON

/// A value of an object with the path that led to it.
///
/// What is absent or `null` gives absent fields below it; a read that needs something else names the path. The path is
/// put together only when somebody asks for it: objects are read on the pool's hot path.
package struct Field: Sendable {
    private indirect enum Place: Sendable {
        case root(String)
        case key(Place, String)
        case index(Place, Int)

        var text: String {
            switch self {
            case .root(let name): name
            case .key(let parent, let key):
                if case .root("") = parent { key } else { "\(parent.text).\(key)" }
            case .index(let parent, let index): "\(parent.text)[\(index)]"
            }
        }
    }

    package let value: JSONValue?
    private let place: Place

    package init(_ root: JSONValue, path: String = "") {
        self.init(root, at: .root(path))
    }

    private init(_ value: JSONValue?, at place: Place) {
        self.value = value.flatMap { $0.isNull ? nil : $0 }
        self.place = place
    }

    /// In dots and brackets, such as `spec.containers[0].name`.
    package var path: String { place.text }

    package subscript(_ key: String) -> Field {
        Field(value?[key], at: .key(place, key))
    }

    package var isPresent: Bool { value != nil }

    /// Of a list; none when it is something else.
    package var elements: [Field] {
        (value?.arrayValue ?? []).enumerated().map { Field($1, at: .index(place, $0)) }
    }

    /// Of an object; none when it is something else.
    package var entries: [(key: String, value: Field)] {
        guard let members = value?.objectValue else { return [] }
        return members.map { ($0.key, Field($0.value, at: .key(place, $0.key))) }
    }

    /// A text, or a number or truth value as it would be written.
    package var text: String? {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .unsigned(let number): String(number)
        case .double(let number): number.description
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }

    /// A whole number, when it is one.
    package var number: Int? { value?.intValue.map { Int($0) } }

    package func string() throws(ManifestError) -> String {
        guard let text else { throw ManifestError(path, "expected a text") }
        return text
    }

    package func int(default fallback: Int) throws(ManifestError) -> Int {
        guard isPresent else { return fallback }
        guard let number else { throw ManifestError(path, "expected a whole number") }
        return number
    }

    package func bool(default fallback: Bool) throws(ManifestError) -> Bool {
        guard isPresent else { return fallback }
        guard let flag = value?.boolValue else { throw ManifestError(path, "expected true or false") }
        return flag
    }

    package func strings() throws(ManifestError) -> [String: String] {
        var found: [String: String] = [:]
        for (key, value) in entries { found[key] = try value.string() }
        return found
    }

    package func quantity() throws(ManifestError) -> Double {
        guard let text, let value = Quantity.parse(text) else { throw ManifestError(path, "expected a quantity") }
        return value
    }
}
