internal import DockerClient
internal import JSON

/// What to say when an image is not there.
enum ImageHint {
    static func text(for image: String, _ session: Session) -> String {
        let missing = "no such image: \(image)"
        guard let images = try? session.client.get("/images/json").json().arrayValue else { return missing }
        let tags = images.flatMap { $0["RepoTags"]?.arrayValue ?? [] }.compactMap(\.stringValue)
        if let tag = candidate(for: image, among: tags) { return "\(missing); did you mean \(tag)?" }
        return tags.isEmpty ? "\(missing); there are no images yet: pull, load or import one" : missing
    }

    /// An image that is here and whose name is near.
    static func suggestion(for image: String, _ session: Session) -> String? {
        guard let images = try? session.client.get("/images/json").json().arrayValue else { return nil }
        let tags = images.flatMap { $0["RepoTags"]?.arrayValue ?? [] }.compactMap(\.stringValue)
        return candidate(for: image, among: tags)
    }

    /// The nearest of `tags`, whether or not `image` names a tag.
    static func candidate(for image: String, among tags: [String]) -> String? {
        if let tag = nearest(image, in: tags) { return tag }
        var byName: [String: String] = [:]
        for tag in tags where byName[repository(tag)] == nil { byName[repository(tag)] = tag }
        if let name = nearest(repository(image), in: byName.keys.sorted()) { return byName[name] }
        let last = image.split(separator: "/").last.map { repository(String($0)) } ?? image
        return tags.first { repository($0).split(separator: "/").last.map(String.init) == last }
    }

    /// The name without its tag; a port's colon stays.
    private static func repository(_ image: String) -> String {
        guard let colon = image.lastIndex(of: ":"), !image[colon...].contains("/") else { return image }
        return String(image[..<colon])
    }
}
