/// What a `.dockerignore` says: which files of a build context stay out of it.
///
/// A line is a pattern, later lines win, `!` takes back, `#` is a comment. A pattern that fits a directory fits all in it.
///
/// Source: docs.docker.com, "Build context", ".dockerignore files"; moby/patternmatcher for the corners.
package struct IgnorePatterns: Equatable, Sendable {
    private struct Line: Equatable, Sendable {
        var pattern: PathPattern
        var isNegated: Bool
    }

    private var lines: [Line] = []

    /// Keeps everything.
    package init() {}

    /// - Throws: ``PatternError/malformed(_:)`` with the pattern that is none.
    package init(parsing text: String) throws(PatternError) {
        var text = Substring(text)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            var pattern = Self.trimmed(line)
            let isNegated = pattern.hasPrefix("!")
            if isNegated { pattern = Self.trimmed(pattern.dropFirst()) }
            guard !pattern.isEmpty else {
                if isNegated { throw .malformed("!") }
                continue
            }
            lines.append(Line(pattern: try PathPattern(String(pattern)), isNegated: isNegated))
        }
    }

    /// Something that a directory's pattern leaves out may be taken back.
    package var hasExceptions: Bool { lines.contains(where: \.isNegated) }

    /// Whether `path`, relative to the context, stays out.
    package func excludes(_ path: String) -> Bool {
        let names = path.split(separator: "/")
        var isExcluded = false
        for line in lines where line.isNegated == isExcluded {
            let fits = (1...max(1, names.count)).contains { line.pattern.matches(names.prefix($0)) }
            if fits { isExcluded = !line.isNegated }
        }
        return isExcluded
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
