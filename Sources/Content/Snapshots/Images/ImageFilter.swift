internal import ImageSpec

/// Which images to list; what is empty lets all pass.
package struct ImageFilter: Equatable, Sendable {
    /// Only those without a name, or only those with one.
    package var isDangling: Bool?
    /// Patterns such as `busybox`, `busy*`, `*/app:1.*`; any of them.
    package var references: [String] = []
    /// `key` or `key=value`; all of them.
    package var labels: [String] = []
    /// Made before this image.
    package var before: String?
    /// Made after this image.
    package var since: String?

    package init() {}
}

extension ImageStore {
    /// The images that `filter` lets pass, the newest first.
    ///
    /// - Throws: `notFound` when the image of `before` or `since` is none.
    package func list(_ filter: ImageFilter = ImageFilter()) throws(ImageError) -> [Image] {
        var images = all
        if let name = filter.before {
            let limit = try image(name)
            images.removeAll { ($0.config.created ?? "") >= (limit.config.created ?? "") }
        }
        if let name = filter.since {
            let limit = try image(name)
            images.removeAll { ($0.config.created ?? "") <= (limit.config.created ?? "") }
        }
        return images.filter(filter.passes)
    }
}

extension ImageFilter {
    /// Looks at everything but the order in time.
    func passes(_ image: Image) -> Bool {
        if let isDangling, isDangling != image.tags.isEmpty { return false }
        if !references.isEmpty {
            let names = image.tags + image.digests
            guard references.contains(where: { pattern in names.contains { Self.matches(pattern, $0) } }) else {
                return false
            }
        }
        let own = image.config.config?.labels ?? [:]
        return labels.allSatisfy { wanted in
            guard let equals = wanted.firstIndex(of: "=") else { return own[wanted] != nil }
            return own[String(wanted[..<equals])] == String(wanted[wanted.index(after: equals)...])
        }
    }

    /// Whether a pattern fits the name as people write it, with its tag or without.
    static func matches(_ pattern: String, _ reference: ImageReference) -> Bool {
        [reference.familiar, reference.familiarName].contains { Wildcard.matches(pattern, $0) }
    }
}

/// Shell patterns as Go's `path.Match`: `*` and `?` stop at slashes, `[…]` is a set.
enum Wildcard {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        matches(Array(pattern)[...], Array(text)[...])
    }

    private static func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case "*":
            if matches(rest, text) { return true }
            guard let next = text.first, next != "/" else { return false }
            return matches(pattern, text.dropFirst())
        case "?":
            guard let next = text.first, next != "/" else { return false }
            return matches(rest, text.dropFirst())
        case "[":
            guard let end = rest.dropFirst().firstIndex(of: "]"), let next = text.first else { return false }
            return contains(rest[..<end], next) && matches(pattern[(end + 1)...], text.dropFirst())
        case "\\":
            guard let literal = rest.first else { return false }
            return text.first == literal && matches(rest.dropFirst(), text.dropFirst())
        default:
            return text.first == first && matches(rest, text.dropFirst())
        }
    }

    private static func contains(_ set: ArraySlice<Character>, _ character: Character) -> Bool {
        let negated = set.first == "^"
        var rest = negated ? set.dropFirst() : set
        var found = false
        while let low = rest.popFirst() {
            var high = low
            if rest.first == "-", rest.count > 1 {
                rest = rest.dropFirst()
                high = rest.popFirst() ?? low
            }
            if low <= character, character <= high { found = true }
        }
        return found != negated
    }
}
