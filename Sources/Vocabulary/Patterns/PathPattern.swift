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
        let path = Array(path)
        // The last `**` that was passed, to be tried again with one more name: no earlier one has to be.
        var star: (part: Int, place: Int)?
        var (part, place) = (0, 0)
        while place < path.count {
            if part < parts.count, parts[part] == .anyDepth {
                // At the end it means what is inside, not the directory itself.
                if part == parts.count - 1 { return true }
                star = (part, place)
                part += 1
            } else if part < parts.count, case .name(let pattern) = parts[part], pattern.matches(path[place]) {
                part += 1
                place += 1
            } else if let last = star {
                star = (last.part, last.place + 1)
                (part, place) = (last.part + 1, last.place + 1)
            } else {
                return false
            }
        }
        return part == parts.count
    }
}
