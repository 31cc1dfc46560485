/// A pattern for one name of a path: `*`, `?`, `[a-z]`, and a backslash in front of what is meant as it stands.
///
/// Source: Go, path/filepath, "Match", whose rules Dockerfiles follow.
package struct NamePattern: Equatable, Sendable {
    private enum Part: Equatable, Sendable {
        case literal(Unicode.Scalar)
        case one
        case many
        case range([ClosedRange<UInt32>], isNegated: Bool)
    }

    private var parts: [Part] = []
    /// Whether any name but its own text may fit.
    package let isWild: Bool

    /// - Throws: ``PatternError/malformed(_:)`` for a bracket that does not end, or a backslash before nothing.
    package init(_ text: some StringProtocol) throws(PatternError) {
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "*": if parts.last != .many { parts.append(.many) }
            case "?": parts.append(.one)
            case "\\":
                guard let next = scalars.popFirst() else { throw .malformed(String(text)) }
                parts.append(.literal(next))
            case "[":
                guard let range = Self.range(&scalars) else { throw .malformed(String(text)) }
                parts.append(range)
            default: parts.append(.literal(scalar))
            }
        }
        isWild = parts.contains { if case .literal = $0 { false } else { true } }
    }

    private static func range(_ scalars: inout ArraySlice<Unicode.Scalar>) -> Part? {
        var ranges: [ClosedRange<UInt32>] = []
        let isNegated = scalars.first == "^"
        if isNegated { scalars.removeFirst() }
        while true {
            if scalars.first == "]", !ranges.isEmpty {
                scalars.removeFirst()
                return .range(ranges, isNegated: isNegated)
            }
            guard let low = bound(&scalars) else { return nil }
            var high = low
            if scalars.first == "-" {
                scalars.removeFirst()
                guard let end = bound(&scalars) else { return nil }
                high = end
            }
            guard low <= high else { return nil }
            ranges.append(low.value...high.value)
        }
    }

    private static func bound(_ scalars: inout ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        guard let scalar = scalars.popFirst(), scalar != "-", scalar != "]" else { return nil }
        return scalar == "\\" ? scalars.popFirst() : scalar
    }

    package func matches(_ name: some StringProtocol) -> Bool {
        let name = Array(name.unicodeScalars)
        // The last star that was passed, to be tried again with one more character.
        var star: (part: Int, place: Int)?
        var (part, place) = (0, 0)
        while place < name.count {
            if part < parts.count, parts[part] == .many {
                star = (part, place)
                part += 1
            } else if part < parts.count, Self.fits(parts[part], name[place]) {
                part += 1
                place += 1
            } else if let last = star {
                star = (last.part, last.place + 1)
                (part, place) = (last.part + 1, last.place + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .many }
    }

    private static func fits(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
        switch part {
        case .literal(let wanted): wanted == scalar
        case .one: true
        case .many: false
        case .range(let ranges, let isNegated): ranges.contains { $0.contains(scalar.value) } != isNegated
        }
    }
}

/// Why a text is no pattern.
package enum PatternError: Error, Equatable, Sendable, CustomStringConvertible {
    case malformed(String)

    package var description: String {
        switch self {
        case .malformed(let text): "pattern \"\(text)\": syntax error in pattern"
        }
    }
}
