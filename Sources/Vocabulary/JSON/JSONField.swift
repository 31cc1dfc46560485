/// A value with the path that led to it: every failed read names the path.
///
/// `null` counts as absent everywhere. Going into something absent gives something absent; going into what is no
/// object fails at the read, with the path of the value that should have been an object.
package struct JSONField: Sendable {
    private enum Content {
        case absent
        case value(JSONValue)
        /// An ancestor, at the path, is this value, which has no members.
        case outOfReach(JSONValue, JSONPath)
    }

    private let content: Content
    private let place: JSONPath

    package init(_ root: JSONValue, path: String = "") {
        self.init(root, at: .root(path))
    }

    private init(_ value: JSONValue?, at place: JSONPath) {
        self.place = place
        switch value {
        case nil, .null?: content = .absent
        case let value?: content = .value(value)
        }
    }

    private init(outOfReach content: Content, at place: JSONPath) {
        self.place = place
        self.content = content
    }

    /// The path in dots and brackets, such as `process.rlimits[2].type`.
    package var path: String { place.description }

    /// Whether there is a value, and not `null`.
    package var exists: Bool {
        if case .value = content { true } else { false }
    }

    /// The value as it stands; `nil` when absent.
    package var value: JSONValue? {
        if case .value(let value) = content { value } else { nil }
    }

    package subscript(_ key: String) -> JSONField {
        let below = JSONPath.key(place, key)
        return switch content {
        case .absent: JSONField(nil, at: below)
        case .value(.object(let members)): JSONField(members[key], at: below)
        case .value(let other): JSONField(outOfReach: .outOfReach(other, place), at: below)
        case .outOfReach: JSONField(outOfReach: content, at: below)
        }
    }

    /// The error that this value is not what it should be, for checks beyond its type.
    package func mismatch(expected: String) -> JSONError {
        .mismatch(path: path, expected: expected, found: value.map(Self.summary) ?? "nothing")
    }

    /// The error that this value breaks a rule beyond its type.
    package func invalid(_ reason: String) -> JSONError {
        .invalid(path: path, reason: reason)
    }

    /// The path, for `Codable`.
    var codingPath: [any CodingKey] { place.keys }

    /// The value, or `nil` when absent.
    ///
    /// - Throws: ``JSONError/mismatch(path:expected:found:)`` when an ancestor is no object.
    package func valueIfPresent() throws(JSONError) -> JSONValue? {
        switch content {
        case .absent: return nil
        case .value(let value): return value
        case .outOfReach(let other, let ancestor):
            throw .mismatch(path: ancestor.description, expected: "an object", found: Self.summary(other))
        }
    }

    private func required<T>(_ read: () throws(JSONError) -> T?) throws(JSONError) -> T {
        guard let value = try read() else { throw .missing(path: path) }
        return value
    }

    /// What an error shows of a value.
    private static func summary(_ value: JSONValue) -> String {
        switch value {
        case .array: return "an array"
        case .object: return "an object"
        default:
            let text = value.description
            return text.count <= 64 ? text : text.prefix(63) + "…"
        }
    }
}

extension JSONField {
    package func stringIfPresent() throws(JSONError) -> String? {
        guard let value = try valueIfPresent() else { return nil }
        guard case .string(let text) = value else { throw mismatch(expected: "a string") }
        return text
    }

    /// A text; one without characters counts as absent, as in the formats whose Go definitions say `omitempty`.
    package func nonEmptyString() throws(JSONError) -> String? {
        guard let text = try stringIfPresent(), !text.isEmpty else { return nil }
        return text
    }

    package func boolIfPresent() throws(JSONError) -> Bool? {
        guard let value = try valueIfPresent() else { return nil }
        guard case .bool(let flag) = value else { throw mismatch(expected: "true or false") }
        return flag
    }

    /// A whole number that `T` holds; a double without fraction counts.
    package func intIfPresent<T: FixedWidthInteger>(_: T.Type = T.self) throws(JSONError) -> T? {
        guard let value = try valueIfPresent() else { return nil }
        switch value {
        case .integer(let number):
            if let result = T(exactly: number) { return result }
            if number < 0, !T.isSigned { break }
            throw mismatch(expected: "an integer from \(T.min) to \(T.max)")
        case .unsigned(let number):
            guard let result = T(exactly: number) else {
                throw mismatch(expected: "an integer from \(T.min) to \(T.max)")
            }
            return result
        case .double(let number):
            if let result = T(exactly: number) { return result }
        default: break
        }
        throw mismatch(expected: T.isSigned ? "an integer" : "an unsigned integer")
    }

    package func doubleIfPresent() throws(JSONError) -> Double? {
        guard let value = try valueIfPresent() else { return nil }
        guard let number = value.doubleValue else { throw mismatch(expected: "a number") }
        return number
    }

    package func objectIfPresent() throws(JSONError) -> JSONObject? {
        guard let value = try valueIfPresent() else { return nil }
        guard case .object(let members) = value else { throw mismatch(expected: "an object") }
        return members
    }

    /// The members of an object but those `known`, for a type that carries what it does not know.
    package func members(besides known: [String]) throws(JSONError) -> JSONObject {
        let unknown = try object().filter { !known.contains($0.key) }
        return unknown.isEmpty ? [:] : JSONObject(unknown.map { ($0.key, $0.value) })
    }

    package func elementsIfPresent() throws(JSONError) -> [JSONField]? {
        guard let value = try valueIfPresent() else { return nil }
        guard case .array(let elements) = value else { throw mismatch(expected: "an array") }
        return elements.enumerated().map { JSONField($1, at: .index(place, $0)) }
    }

    package func entriesIfPresent() throws(JSONError) -> [(String, JSONField)]? {
        try objectIfPresent()?.map { ($0.key, JSONField($0.value, at: .key(place, $0.key))) }
    }

    /// An array of strings.
    package func stringsIfPresent() throws(JSONError) -> [String]? {
        guard let value = try valueIfPresent() else { return nil }
        guard case .array(let elements) = value else { throw mismatch(expected: "an array of strings") }
        var strings: [String] = []
        strings.reserveCapacity(elements.count)
        for element in elements {
            guard case .string(let text) = element else {
                throw JSONField(element, at: .index(place, strings.count)).mismatch(expected: "a string")
            }
            strings.append(text)
        }
        return strings
    }
}

// The same reads where absence is an error, `JSONError.missing(path:)`.
extension JSONField {
    package func string() throws(JSONError) -> String {
        try required { () throws(JSONError) in try stringIfPresent() }
    }

    package func bool() throws(JSONError) -> Bool {
        try required { () throws(JSONError) in try boolIfPresent() }
    }

    package func int<T: FixedWidthInteger>(_: T.Type = T.self) throws(JSONError) -> T {
        try required { () throws(JSONError) in try intIfPresent(T.self) }
    }

    package func double() throws(JSONError) -> Double {
        try required { () throws(JSONError) in try doubleIfPresent() }
    }

    package func object() throws(JSONError) -> JSONObject {
        try required { () throws(JSONError) in try objectIfPresent() }
    }

    package func elements() throws(JSONError) -> [JSONField] {
        try required { () throws(JSONError) in try elementsIfPresent() }
    }

    package func entries() throws(JSONError) -> [(String, JSONField)] {
        try required { () throws(JSONError) in try entriesIfPresent() }
    }

    package func strings() throws(JSONError) -> [String] {
        try required { () throws(JSONError) in try stringsIfPresent() }
    }
}

/// How a value was reached; written out only when an error needs it.
indirect enum JSONPath: Sendable, CustomStringConvertible {
    case root(String)
    case key(JSONPath, String)
    case index(JSONPath, Int)

    var description: String {
        switch self {
        case .root(let name): name
        case .key(.root(""), let key): key
        case .key(let parent, let key): "\(parent).\(key)"
        case .index(let parent, let index): "\(parent)[\(index)]"
        }
    }

    var keys: [any CodingKey] {
        switch self {
        case .root(""): []
        case .root(let name): [JSONKey(name)]
        case .key(let parent, let key): parent.keys + [JSONKey(key)]
        case .index(let parent, let index): parent.keys + [JSONKey(intValue: index)]
        }
    }
}
