package import JSON

/// Changes written as a list of operations on paths.
///
/// Source: RFC 6902; RFC 6901 for the paths.
package struct JSONPatch: Sendable {
    private let operations: [JSONValue]

    /// At most so many operations: more is a mistake or an attack.
    static let most = 10_000

    /// - Throws: ``APIError/badRequest(_:)`` when `patch` is no list, or too long.
    package init(_ patch: JSONValue) throws(APIError) {
        guard case .array(let operations) = patch else { throw .badRequest("json patch: expected an array") }
        guard operations.count <= Self.most else {
            throw .badRequest("json patch: \(operations.count) operations, and at most \(Self.most) are taken")
        }
        self.operations = operations
    }

    /// - Throws: ``APIError/badRequest(_:)`` for an operation that is none, ``APIError/invalid(kind:group:name:_:)`` never:
    /// what does not apply is a bad request that names the operation's path.
    package func apply(to target: JSONValue) throws(APIError) -> JSONValue {
        var document = target
        for operation in operations { try perform(operation, on: &document) }
        return document
    }

    private func perform(_ operation: JSONValue, on document: inout JSONValue) throws(APIError) {
        let path = try pointer(operation, "path")
        switch operation["op"]?.stringValue {
        case "add": try Self.change(&document, path[...], .add(try value(operation)))
        case "replace": try Self.change(&document, path[...], .replace(try value(operation)))
        case "remove": try Self.change(&document, path[...], .remove)
        case "test":
            let found = try Self.find(document, path)
            guard found == (try value(operation)) else {
                throw .badRequest("json patch: \(Self.text(path)): the value is not the one tested for")
            }
        case "copy":
            let found = try Self.find(document, try pointer(operation, "from"))
            try Self.change(&document, path[...], .add(found))
        case "move":
            let from = try pointer(operation, "from")
            guard !(path.count > from.count && path.starts(with: from)) else {
                throw .badRequest("json patch: \(Self.text(from)): cannot be moved into itself")
            }
            let found = try Self.find(document, from)
            try Self.change(&document, from[...], .remove)
            try Self.change(&document, path[...], .add(found))
        case let other: throw .badRequest("json patch: op \"\(other ?? "")\" is not known")
        }
    }

    private func value(_ operation: JSONValue) throws(APIError) -> JSONValue {
        guard let value = operation["value"] else { throw .badRequest("json patch: value is missing") }
        return value
    }

    private func pointer(_ operation: JSONValue, _ field: String) throws(APIError) -> [String] {
        guard let text = operation[field]?.stringValue, text.isEmpty || text.hasPrefix("/") else {
            throw .badRequest("json patch: \(field) must be empty or begin with a slash")
        }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    private static func text(_ path: [String]) -> String { "/" + path.joined(separator: "/") }

    private static func find(_ document: JSONValue, _ path: [String]) throws(APIError) -> JSONValue {
        var value = document
        for step in path {
            let below: JSONValue? =
                switch value {
                case .object(let members): members[step]
                case .array: index(step).flatMap { value[$0] }
                default: nil
                }
            guard let below else { throw missing(path) }
            value = below
        }
        return value
    }

    private static func missing(_ path: [String]) -> APIError {
        .badRequest("json patch: \(text(path)): there is no such value")
    }

    /// As the standard wants it: no sign, no leading zero.
    private static func index(_ text: String) -> Int? {
        guard let index = Int(text), index >= 0, String(index) == text else { return nil }
        return index
    }

    private enum Change {
        case add(JSONValue)
        case replace(JSONValue)
        case remove
    }

    private static func change(
        _ value: inout JSONValue, _ path: ArraySlice<String>, _ change: Change
    ) throws(APIError) {
        guard let step = path.first else {
            switch change {
            case .add(let new), .replace(let new): value = new
            case .remove: value = .null
            }
            return
        }
        let isLast = path.count == 1
        switch value {
        case .object(var members):
            value = .null
            defer { value = .object(members) }
            if isLast, case .add(let new) = change {
                members[step] = new
                return
            }
            guard var below = members[step] else { throw missing(Array(path)) }
            if isLast, case .remove = change {
                members.removeValue(forKey: step)
            } else {
                try self.change(&below, path.dropFirst(), change)
                members[step] = below
            }
        case .array(var elements):
            value = .null
            defer { value = .array(elements) }
            if isLast, case .add(let new) = change {
                guard let place = step == "-" ? elements.count : index(step), place <= elements.count else {
                    throw missing(Array(path))
                }
                elements.insert(new, at: place)
                return
            }
            guard let place = index(step), place < elements.count else { throw missing(Array(path)) }
            if isLast, case .remove = change {
                elements.remove(at: place)
            } else {
                try self.change(&elements[place], path.dropFirst(), change)
            }
        default: throw missing(Array(path))
        }
    }
}
