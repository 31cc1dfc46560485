package import JSON
internal import Units

/// Whether an object has the shape that its kind asks for: fields of the right type, and none that the kind has not.
///
/// What is unknown is only reported: whether it is refused, warned about or let through is the request's choice.
package struct SchemaCheck {
    /// Paths that the kind has not, in the order met.
    package private(set) var unknown: [String] = []
    private let schema: Schema
    /// Where the value that is looked at stands; put together only when there is something to say about it.
    private var steps: [Step] = []

    private enum Step {
        case field(String)
        case index(Int)
        case key(String)
    }

    package init(_ schema: Schema = .shared) {
        self.schema = schema
    }

    /// Checks `value` against the type; call it once for one object.
    ///
    /// - Throws: ``FieldError`` for the first value of a wrong type.
    package mutating func check(_ value: JSONValue, as type: String) throws(FieldError) {
        steps = []
        try check(value, .type(type))
    }

    private mutating func check(_ value: JSONValue, _ shape: Shape) throws(FieldError) {
        if case .null = value { return }
        switch shape {
        case .any: return
        case .list(let element):
            guard case .array(let elements) = value else { throw wrong(value, "an array") }
            for (index, one) in elements.enumerated() { try check(one, element, below: .index(index)) }
        case .map(let element):
            guard case .object(let members) = value else { throw wrong(value, "an object") }
            for (key, one) in members { try check(one, element, below: .key(key)) }
        case .type(let name):
            guard case .object(let members) = value else { throw wrong(value, "an object") }
            guard let type = schema[name] else { return }
            for (key, one) in members {
                if let field = type[key] {
                    try check(one, field.shape, below: .field(key))
                } else {
                    unknown.append(path.isEmpty ? key : "\(path).\(key)")
                }
            }
        default:
            if let expected = Self.expectation(value, shape) { throw wrong(value, expected) }
        }
    }

    private mutating func check(_ value: JSONValue, _ shape: Shape, below step: Step) throws(FieldError) {
        steps.append(step)
        try check(value, shape)
        steps.removeLast()
    }

    private var path: String {
        steps.reduce(into: "") { path, step in
            switch step {
            case .field(let name): path += path.isEmpty ? name : ".\(name)"
            case .index(let index): path += "[\(index)]"
            case .key(let key): path += "[\(key)]"
            }
        }
    }

    private func wrong(_ value: JSONValue, _ expected: String) -> FieldError {
        FieldError(path, .typeInvalid(found: value.summary), "must be \(expected)")
    }

    /// What a plain value should have been; `nil` when it is right.
    private static func expectation(_ value: JSONValue, _ shape: Shape) -> String? {
        switch shape {
        case .string: value.stringValue == nil ? "a string" : nil
        case .boolean: value.boolValue == nil ? "true or false" : nil
        case .int32: value.intValue.flatMap { Int32(exactly: $0) } == nil ? "a 32-bit integer" : nil
        case .int64: value.intValue == nil ? "an integer" : nil
        case .number: value.doubleValue == nil ? "a number" : nil
        case .intOrString:
            value.stringValue == nil && value.intValue.flatMap { Int32(exactly: $0) } == nil
                ? "an integer or a string" : nil
        case .quantity: isQuantity(value) ? nil : "a quantity such as 500m or 64Mi"
        case .time, .microTime: isTime(value) ? nil : "a time as RFC 3339 has it"
        case .bytes: value.stringValue.flatMap { Base64.decoded($0) } == nil ? "a string in base64" : nil
        case .any, .list, .map, .type: nil
        }
    }

    private static func isQuantity(_ value: JSONValue) -> Bool {
        if value.doubleValue != nil { return true }
        return value.stringValue.map { QuantityText.isWellFormed($0) } ?? false
    }

    private static func isTime(_ value: JSONValue) -> Bool {
        guard let text = value.stringValue else { return false }
        return (try? Timestamp(rfc3339: text)) != nil
    }
}

extension JSONValue {
    /// As messages show it: short, and without the members of what is large.
    package var summary: String {
        switch self {
        case .array(let elements): return elements.isEmpty ? "[]" : "[…]"
        case .object(let members): return members.isEmpty ? "{}" : "{…}"
        default:
            let text = description
            return text.count <= 128 ? text : text.prefix(127) + "…"
        }
    }
}
