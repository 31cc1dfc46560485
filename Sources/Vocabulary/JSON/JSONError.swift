/// Why some bytes are not JSON, or a JSON value is not what was asked for.
package enum JSONError: Error, Equatable, Sendable {
    /// The text breaks the grammar at `place`.
    case syntax(expected: String, found: String, place: Place)
    /// The value at `path` is of another kind or out of range.
    case mismatch(path: String, expected: String, found: String)
    /// Nothing, or `null`, stands at `path`, and it may not be left out.
    case missing(path: String)
    /// The value at `path` breaks a rule beyond its type.
    case invalid(path: String, reason: String)

    /// A place in a text.
    package struct Place: Equatable, Sendable {
        /// Bytes before it.
        package let offset: Int
        /// From 1.
        package let line: Int
        /// In bytes, from 1.
        package let column: Int

        package init(offset: Int, line: Int, column: Int) {
            self.offset = offset
            self.line = line
            self.column = column
        }
    }

    /// Where the text breaks the grammar, if that is what is wrong.
    package var place: Place? {
        if case .syntax(_, _, let place) = self { place } else { nil }
    }

    /// The same error with `prefix` before its path, for a value that was read as part of a larger one.
    package func under(_ prefix: String) -> JSONError {
        func joined(_ path: String) -> String {
            if prefix.isEmpty { return path }
            return path.isEmpty || path.hasPrefix("[") ? prefix + path : "\(prefix).\(path)"
        }
        return switch self {
        case .syntax: self
        case .mismatch(let path, let expected, let found):
            .mismatch(path: joined(path), expected: expected, found: found)
        case .missing(let path): .missing(path: joined(path))
        case .invalid(let path, let reason): .invalid(path: joined(path), reason: reason)
        }
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .syntax(let expected, let found, let place):
            "line \(place.line), column \(place.column): expected \(expected), found \(found)"
        case .mismatch(let path, let expected, let found):
            "\(path.isEmpty ? "" : path + ": ")expected \(expected), found \(found)"
        case .missing(let path):
            "\(path.isEmpty ? "" : path + ": ")required, but missing"
        case .invalid(let path, let reason):
            "\(path.isEmpty ? "" : path + ": ")\(reason)"
        }
    }
}
