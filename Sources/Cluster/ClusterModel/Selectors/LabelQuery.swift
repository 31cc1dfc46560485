package import JSON

/// A choice among objects by their labels, as `labelSelector` writes it or as a selector object has it.
///
/// Source: Kubernetes documentation, "Labels and Selectors".
package struct LabelQuery: Equatable, Sendable {
    package enum Test: Equatable, Sendable {
        case isIn([String])
        case isNotIn([String])
        case exists
        case isAbsent
        case isGreater(Int64)
        case isLess(Int64)
    }

    package struct Requirement: Equatable, Sendable {
        package let key: String
        package let test: Test

        package init(_ key: String, _ test: Test) {
            self.key = key
            self.test = test
        }
    }

    package let requirements: [Requirement]

    package init(_ requirements: [Requirement]) {
        self.requirements = requirements
    }

    package static let everything = LabelQuery([])
    package var isEverything: Bool { requirements.isEmpty }

    package func matches(_ labels: JSONObject) -> Bool {
        requirements.allSatisfy { requirement in
            let value = labels[requirement.key]?.stringValue
            return switch requirement.test {
            case .isIn(let values): value.map(values.contains) ?? false
            case .isNotIn(let values): value.map { !values.contains($0) } ?? true
            case .exists: value != nil
            case .isAbsent: value == nil
            case .isGreater(let bound): value.flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .isLess(let bound): value.flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }
}

extension LabelQuery {
    /// Reads `a=b,c!=d,e in (f,g),h,!i`.
    ///
    /// - Throws: ``APIError/badRequest(_:)`` naming what cannot be read.
    package init(parsing text: String) throws(APIError) {
        var requirements: [Requirement] = []
        for part in Self.parts(of: text) { requirements.append(try Self.requirement(part)) }
        self.init(requirements)
    }

    /// Cuts at commas outside of parentheses.
    private static func parts(of text: String) -> [Substring] {
        var parts: [Substring] = []
        var depth = 0
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        parts.append(text[start...])
        return parts.map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func requirement(_ part: Substring) throws(APIError) -> Requirement {
        if part.hasPrefix("!") { return Requirement(try key(part.dropFirst(), in: part), .isAbsent) }
        if let open = part.firstIndex(of: "("), part.hasSuffix(")") {
            return try set(part, open: open)
        }
        for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let range = part.firstRange(of: sign) else { continue }
            let value = String(trimmed(part[range.upperBound...]))
            if let why = Names.labelValueProblem(value) { throw unreadable(part, why) }
            let key = try key(part[..<range.lowerBound], in: part)
            return Requirement(key, isEqual ? .isIn([value]) : .isNotIn([value]))
        }
        for (sign, isGreater) in [(">", true), ("<", false)] {
            guard let range = part.firstRange(of: sign) else { continue }
            guard let bound = Int64(trimmed(part[range.upperBound...])) else {
                throw unreadable(part, "the bound must be an integer")
            }
            return Requirement(
                try key(part[..<range.lowerBound], in: part), isGreater ? .isGreater(bound) : .isLess(bound))
        }
        return Requirement(try key(part, in: part), .exists)
    }

    private static func set(_ part: Substring, open: Substring.Index) throws(APIError) -> Requirement {
        let words = part[..<open].split(separator: " ")
        let values = part[part.index(after: open)...].dropLast().split(separator: ",", omittingEmptySubsequences: false)
            .map { String(trimmed($0)) }
        guard words.count == 2, words[1] == "in" || words[1] == "notin" else {
            throw unreadable(part, "expected in or notin")
        }
        let key = try key(words[0], in: part)
        return Requirement(key, words[1] == "in" ? .isIn(values) : .isNotIn(values))
    }

    private static func key(_ text: Substring, in part: Substring) throws(APIError) -> String {
        let key = String(trimmed(text))
        if let why = Names.qualifiedProblem(key) { throw unreadable(part, why) }
        return key
    }

    private static func unreadable(_ part: Substring, _ why: String) -> APIError {
        .badRequest("unable to parse requirement: \(part): \(why)")
    }

    static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start.prefix(0) }
        return start[...last]
    }
}

extension LabelQuery {
    /// Reads the object form: `matchLabels` and `matchExpressions`; an absent selector matches nothing, an empty one all.
    ///
    /// `nil` when an operator is not known, which validation refuses before.
    package init?(selector: JSONValue) {
        var requirements: [Requirement] = []
        for (key, value) in selector["matchLabels"]?.objectValue ?? [:] {
            requirements.append(Requirement(key, .isIn([value.stringValue ?? ""])))
        }
        for expression in selector["matchExpressions"]?.arrayValue ?? [] {
            let key = expression["key"]?.stringValue ?? ""
            let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue)
            switch expression["operator"]?.stringValue {
            case "In": requirements.append(Requirement(key, .isIn(values)))
            case "NotIn": requirements.append(Requirement(key, .isNotIn(values)))
            case "Exists": requirements.append(Requirement(key, .exists))
            case "DoesNotExist": requirements.append(Requirement(key, .isAbsent))
            default: return nil
            }
        }
        self.init(requirements)
    }
}
