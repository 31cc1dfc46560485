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

    func add(to query: inout Query) {
        query.add("repo", repository)
        query.add("tag", tag)
    }
}
