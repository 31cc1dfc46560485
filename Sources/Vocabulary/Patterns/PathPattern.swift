/// A pattern for a whole path, name by name; `**` stands for any number of names.
package struct PathPattern: Equatable, Sendable {
    private enum Part: Equatable, Sendable {
        case name(NamePattern)
        case anyDepth
    }

    private let parts: [Part]

    /// Leading, doubled and trailing slashes and `.` mean nothing; `..` takes a name back.
    package init(_ text: String) throws(PatternError) {
        var names: [Substring] = []
        for name in text.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        var parts: [Part] = []
        for name in names {
            if name == "**" {
                if parts.last != .anyDepth { parts.append(.anyDepth) }
            } else {
                parts.append(.name(try NamePattern(name)))
            }
        }
        self.parts = parts
    }

    /// Whether it fits all of a path, given as its names.
    package func matches(_ path: some Collection<Substring>) -> Bool {
        Self.matches(parts[...], Array(path)[...])
    }

    private static func matches(_ parts: ArraySlice<Part>, _ path: ArraySlice<Substring>) -> Bool {
        guard let first = parts.first else { return path.isEmpty }
        switch first {
        case .name(let pattern):
            guard let name = path.first, pattern.matches(name) else { return false }
            return matches(parts.dropFirst(), path.dropFirst())
        case .anyDepth:
            // At the end it means what is inside, not the directory itself.
            if parts.count == 1 { return !path.isEmpty }
            return (0...path.count).contains { matches(parts.dropFirst(), path.dropFirst($0)) }
        }
    }
}
