package import JSON

/// The name of an image: registry, repository, and a tag or digest or both.
///
/// What a person writes is completed as Docker does: `busybox` is `docker.io/library/busybox:latest`, and is shown as
/// `busybox` again.
///
/// Source: the grammar in distribution/reference 0.6, `reference.go` and `normalize.go`.
package struct ImageReference: Hashable, Sendable {
    /// The registry's host, with a port if need be.
    package let domain: String
    /// The repository in the registry.
    package let path: String
    package private(set) var tag: String?
    package private(set) var digest: Digest?

    package static let defaultDomain = "docker.io"
    package static let defaultTag = "latest"
    private static let officialPrefix = "library/"

    /// Reads what a person wrote; `defaultTag` is taken when there is neither a tag nor a digest.
    ///
    /// - Throws: ``ImageSpecError/invalidReference(_:reason:)``.
    package init(parsing text: String, defaultTag: String? = Self.defaultTag) throws(ImageSpecError) {
        guard !Self.looksLikeID(text) else {
            throw .invalidReference(text, reason: "64 hexadecimal digits are an image id, not a repository name")
        }
        let (domain, remainder) = Self.split(text)
        self.domain = domain
        let (name, digest) = remainder.cut(at: "@")
        let (path, tag) = name.cut(at: ":")
        guard ReferenceGrammar.isDomain(domain) else {
            throw .invalidReference(text, reason: "\"\(domain)\" is no host with an optional port")
        }
        guard path == path.lowercased() else {
            throw .invalidReference(text, reason: "repository name must be lowercase")
        }
        guard ReferenceGrammar.isPath(path) else {
            throw .invalidReference(
                text,
                reason:
                    "lower-case letters and digits, separated by \".\", \"_\", \"__\", \"-\" or \"/\""
            )
        }
        guard path.utf8.count <= 255 else {
            throw .invalidReference(text, reason: "the repository name is longer than 255 characters")
        }
        self.path = path
        if let tag { try Self.check(tag: tag, of: text) }
        if let digest {
            do {
                self.digest = try Digest(parsing: digest)
            } catch {
                throw .invalidReference(text, reason: error.description)
            }
        }
        self.tag = tag ?? (digest == nil ? defaultTag : nil)
    }

    /// Whether `text` could only be an image id.
    package static func looksLikeID(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy(Digest.isDigit)
    }

    private static func check(tag: String, of text: String) throws(ImageSpecError) {
        guard ReferenceGrammar.isTag(tag) else {
            throw .invalidReference(
                text,
                reason:
                    "at most 128 letters, digits, \"_\", \".\" and \"-\", the latter two not first"
            )
        }
    }

    /// Tells the registry from the rest; the first part is one if it could not be part of a repository's name.
    private static func split(_ text: String) -> (domain: String, remainder: String) {
        let (first, rest) = text.cut(at: "/")
        guard let rest else { return (defaultDomain, officialPrefix + text) }
        var (domain, remainder) = (defaultDomain, text)
        if first == "index.docker.io" {
            remainder = rest
        } else if first == "localhost" || first.contains(".") || first.contains(":") || first.lowercased() != first {
            (domain, remainder) = (first, rest)
        }
        if domain == defaultDomain, !remainder.contains("/") { remainder = officialPrefix + remainder }
        return (domain, remainder)
    }
}

extension ImageReference {
    /// Registry and repository, such as `docker.io/library/busybox`.
    package var name: String { "\(domain)/\(path)" }

    /// The name as people write it, such as `busybox`.
    package var familiarName: String {
        guard domain == Self.defaultDomain else { return name }
        if path.hasPrefix(Self.officialPrefix) {
            let short = path.dropFirst(Self.officialPrefix.count)
            if !short.contains("/") { return String(short) }
        }
        return path
    }

    /// The whole reference as people write it, with what tag and digest there are.
    package var familiar: String { familiarName + suffix }

    /// The whole reference with nothing left out, such as `docker.io/library/busybox:latest`.
    package var canonical: String { name + suffix }

    private var suffix: String {
        (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The same repository under another tag and without a digest.
    ///
    /// - Throws: ``ImageSpecError/invalidReference(_:reason:)`` when `tag` is none.
    package func tagged(_ tag: String) throws(ImageSpecError) -> ImageReference {
        try Self.check(tag: tag, of: "\(name):\(tag)")
        var other = self
        other.tag = tag
        other.digest = nil
        return other
    }

    /// The same repository under a digest and without a tag.
    package func at(_ digest: Digest) -> ImageReference {
        var other = self
        other.tag = nil
        other.digest = digest
        return other
    }
}

extension ImageReference: CustomStringConvertible {
    package var description: String { canonical }
}

extension ImageReference: JSONCodable, Codable {
    package init(json: JSONField) throws(JSONError) {
        let text = try json.string()
        do throws(ImageSpecError) {
            try self.init(parsing: text)
        } catch {
            throw json.invalid(error.description)
        }
    }

    package var json: JSONValue { .string(canonical) }
}

extension String {
    /// What is before the first `separator`, and what is behind it if there is one.
    fileprivate func cut(at separator: Character) -> (String, String?) {
        guard let place = firstIndex(of: separator) else { return (self, nil) }
        return (String(self[..<place]), String(self[index(after: place)...]))
    }
}
