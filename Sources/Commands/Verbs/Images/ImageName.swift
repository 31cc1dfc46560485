internal import DockerClient

/// A reference as the user wrote it, split where the API wants it split.
struct ImageName: Equatable {
    var repository: String
    var tag: String?

    /// The colon of a registry's port is no tag; a digest stays with the repository.
    init(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/"), !text.contains("@") else {
            (repository, tag) = (text, nil)
            return
        }
        (repository, tag) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// With a tag, the usual one if none was written.
    var tagged: String { repository.contains("@") ? repository : "\(repository):\(tag ?? "latest")" }

    /// The registry's host; Docker's own when none is written.
    var registry: String {
        let first = repository.prefix { $0 != "/" }
        let isHost =
            first.count < repository.count
            && (first == "localhost" || first.contains(".") || first.contains(":"))
        return isHost && first != "index.docker.io" ? String(first) : "docker.io"
    }

    func add(to query: inout Query) {
        query.add("repo", repository)
        query.add("tag", tag)
    }
}
