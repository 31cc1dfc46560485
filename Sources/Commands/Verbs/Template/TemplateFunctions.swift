internal import JSON

/// The functions that a template may call: Go's and docker's.
///
/// Source: Go's text/template, "Functions"; docker's "Format command and log output".
enum TemplateFunctions {
    static let names: Set<String> = [
        "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "index", "slice", "len", "print", "printf", "println",
        "json", "split", "join", "title", "lower", "upper", "pad", "truncate", "urlquery", "html", "js",
    ]

    static func call(_ name: String, _ arguments: [JSONValue]) throws(FlagError) -> JSONValue {
        switch name {
        case "eq", "ne", "lt", "le", "gt", "ge": return .bool(try compare(name, arguments))
        case "index", "slice", "len": return try access(name, arguments)
        case "print": return .string(printed(arguments))
        case "println": return .string(arguments.map(\.templateText).joined(separator: " ") + "\n")
        case "printf":
            guard case .string(let format)? = arguments.first else { throw FlagError(reason: "expected a format") }
            return .string(TemplateFormat.format(format, arguments.dropFirst()))
        case "not":
            try expect(1, arguments)
            return .bool(!arguments[0].isTrue)
        default: return try text(name, arguments)
        }
    }

    private static func text(_ name: String, _ arguments: [JSONValue]) throws(FlagError) -> JSONValue {
        switch name {
        case "json":
            try expect(1, arguments)
            return .string(String(decoding: arguments[0].encoded(), as: UTF8.self))
        case "lower": return .string(try string(arguments).lowercased())
        case "upper": return .string(try string(arguments).uppercased())
        case "title":
            var isStart = true
            let words = try string(arguments).map { character -> String in
                defer { isStart = character.isWhitespace }
                return isStart ? character.uppercased() : String(character)
            }
            return .string(words.joined())
        case "split":
            let (text, separator) = try pair(arguments)
            return .array(pieces(of: text, at: separator).map { .string($0) })
        case "join":
            guard arguments.count == 2, case .string(let separator) = arguments[1] else {
                throw FlagError(reason: "expected a list and a separator")
            }
            return .string((arguments[0].arrayValue ?? []).map(\.templateText).joined(separator: separator))
        case "pad":
            guard arguments.count == 3, let before = arguments[1].intValue, let after = arguments[2].intValue else {
                throw FlagError(reason: "expected a text and two numbers")
            }
            let spaces = { (count: Int64) in String(repeating: " ", count: Int(max(0, count))) }
            let text = arguments[0].templateText
            return .string(text.isEmpty ? text : spaces(before) + text + spaces(after))
        case "truncate":
            guard arguments.count == 2, let limit = arguments[1].intValue else {
                throw FlagError(reason: "expected a text and a number")
            }
            return .string(String(arguments[0].templateText.prefix(Int(max(0, limit)))))
        default: return .string(try string(arguments))
        }
    }

    private static func compare(_ name: String, _ arguments: [JSONValue]) throws(FlagError) -> Bool {
        guard arguments.count >= 2 else { throw FlagError(reason: "expected two values") }
        let (left, right) = (arguments[0], arguments[1])
        switch name {
        case "eq": return arguments.dropFirst().contains { equal(left, $0) }
        case "ne": return !equal(left, right)
        default: break
        }
        let order: Int
        if let left = left.doubleValue, let right = right.doubleValue {
            order = left < right ? -1 : left > right ? 1 : 0
        } else if let left = left.stringValue, let right = right.stringValue {
            order = left < right ? -1 : left > right ? 1 : 0
        } else {
            throw FlagError(reason: "incompatible types for comparison")
        }
        return switch name {
        case "lt": order < 0
        case "le": order <= 0
        case "gt": order > 0
        default: order >= 0
        }
    }

    private static func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if let left = left.doubleValue, let right = right.doubleValue { return left == right }
        return left == right
    }

    private static func access(_ name: String, _ arguments: [JSONValue]) throws(FlagError) -> JSONValue {
        guard let subject = arguments.first else { throw FlagError(reason: "expected a value") }
        switch name {
        case "len":
            switch subject {
            case .string(let text): return .integer(Int64(text.utf8.count))
            case .array(let elements): return .integer(Int64(elements.count))
            case .object(let members): return .integer(Int64(members.count))
            case .null: return 0
            default: throw FlagError(reason: "len of \(subject.templateText)")
            }
        case "slice":
            let bounds = arguments.dropFirst().compactMap { $0.intValue.map { Int($0) } }
            let count = subject.arrayValue?.count ?? subject.stringValue?.count ?? 0
            let (start, end) = (bounds.first ?? 0, bounds.count > 1 ? bounds[1] : count)
            guard start >= 0, start <= end, end <= count else { throw FlagError(reason: "index out of range") }
            if let elements = subject.arrayValue { return .array(Array(elements[start..<end])) }
            return .string(String((subject.stringValue ?? "").prefix(end).dropFirst(start)))
        default:
            var value = subject
            for key in arguments.dropFirst() { value = try element(of: value, at: key) }
            return value
        }
    }

    /// A key that a map has not gives the empty value, as Go does for maps of strings.
    private static func element(of value: JSONValue, at key: JSONValue) throws(FlagError) -> JSONValue {
        switch (value, key) {
        case (.object(let members), .string(let name)): return members[name] ?? ""
        case (.array(let elements), .integer(let index)):
            guard elements.indices.contains(Int(index)) else {
                throw FlagError(reason: "index out of range: \(index)")
            }
            return elements[Int(index)]
        case (.null, _): throw FlagError(reason: "index of nothing")
        default: throw FlagError(reason: "can't index \(value.templateText) with \(key.templateText)")
        }
    }

    /// Spaces stand between two values when neither is a string.
    private static func printed(_ values: [JSONValue]) -> String {
        var text = ""
        for (index, value) in values.enumerated() {
            if index > 0, value.stringValue == nil, values[index - 1].stringValue == nil { text += " " }
            text += value.templateText
        }
        return text
    }

    private static func pieces(of text: String, at separator: String) -> [String] {
        guard !separator.isEmpty else { return text.map { String($0) } }
        var pieces: [String] = []
        var current = ""
        var rest = text[...]
        while !rest.isEmpty {
            if rest.hasPrefix(separator) {
                pieces.append(current)
                current = ""
                rest = rest.dropFirst(separator.count)
            } else {
                current.append(rest.removeFirst())
            }
        }
        return pieces + [current]
    }

    private static func expect(_ count: Int, _ arguments: [JSONValue]) throws(FlagError) {
        guard arguments.count == count else {
            throw FlagError(reason: "wrong number of args: want \(count) got \(arguments.count)")
        }
    }

    private static func string(_ arguments: [JSONValue]) throws(FlagError) -> String {
        try expect(1, arguments)
        return arguments[0].templateText
    }

    private static func pair(_ arguments: [JSONValue]) throws(FlagError) -> (String, String) {
        try expect(2, arguments)
        return (arguments[0].templateText, arguments[1].templateText)
    }
}

extension JSONValue {
    /// What counts as true: everything but `false`, zero, nothing and what is empty.
    var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .unsigned: true
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// As Go prints it: `map[a:1 b:2]`, `[x y]`, `<nil>`.
    var templateText: String {
        switch self {
        case .null: "<nil>"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .double(let value): Human.formatted("%.17g", value).count > 17 ? "\(value)" : Human.formatted("%g", value)
        case .string(let value): value
        case .array(let elements): "[" + elements.map(\.templateText).joined(separator: " ") + "]"
        case .object(let members):
            "map["
                + members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.templateText)" }.joined(separator: " ")
                + "]"
        }
    }

}
