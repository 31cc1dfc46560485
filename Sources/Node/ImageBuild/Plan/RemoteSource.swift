/// What an ADD fetches; pure.
///
/// Source: Dockerfile reference 1.x, "ADD".
package enum RemoteSource: Equatable, Sendable {
    /// A file of the web, by its URL.
    case file(String)
    case repository(GitAddress)

    /// Nil for a path of the build context.
    ///
    /// - Throws: for a repository's address whose fragment no branch, tag or commit can have.
    package init?(_ source: String) throws(DockerfileError) {
        let scheme = source.prefix { $0 != ":" }.lowercased()
        let body = source.prefix { $0 != "#" && $0 != "?" }
        let isWeb = ["http", "https"].contains(scheme) && source.dropFirst(scheme.count).hasPrefix("://")
        let isGit =
            ["git", "ssh"].contains(scheme) && source.dropFirst(scheme.count).hasPrefix("://")
            || source.hasPrefix("git@") && source.contains(":") || isWeb && body.hasSuffix(".git")
        if isGit {
            self = .repository(try GitAddress(source))
        } else if isWeb {
            self = .file(source)
        } else {
            return nil
        }
    }
}

/// A repository, what of it, and which folder there: `URL#REF:FOLDER`.
package struct GitAddress: Equatable, Sendable {
    package var url: String
    /// A branch, tag or commit; the repository's own choice when nil.
    package var reference: String?
    /// Below the repository's root; nil is the root.
    package var folder: String?

    init(_ source: String) throws(DockerfileError) {
        let halves = source.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        url = String(halves[0])
        guard halves.count == 2 else { return }
        let fragment = halves[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let reference = fragment.first.map(String.init) ?? ""
        let folder = fragment.count == 2 ? String(fragment[1]) : ""
        let isOdd = reference.unicodeScalars.contains {
            $0.value <= 32 || $0.value == 127 || "~^:?*[\\".unicodeScalars.contains($0)
        }
        guard !reference.hasPrefix("-"), !reference.contains(".."), !isOdd else {
            throw DockerfileError(line: 0, "ADD \(source): \"\(reference)\" is no branch, tag or commit")
        }
        if !reference.isEmpty { self.reference = reference }
        if !folder.isEmpty { self.folder = folder }
    }
}
