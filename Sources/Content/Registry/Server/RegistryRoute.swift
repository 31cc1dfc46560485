internal import ContentStore
internal import HTTPKit
internal import ImageSpec

/// What the path of a request names; pure.
///
/// A repository's name has slashes, so paths are read from both ends.
///
/// Source: distribution-spec 1.1, "Endpoints".
enum RegistryRoute: Equatable {
    case base
    case catalog
    case blob(name: String, digest: String)
    case manifest(name: String, reference: ManifestReference)
    case tags(name: String)
    case referrers(name: String, subject: String)
    case uploads(name: String)
    case upload(name: String, id: String)

    /// - Throws: `nameInvalid` or `digestInvalid` for what can never be there; nil is no route at all.
    static func read(_ path: String) throws(RegistryError) -> RegistryRoute? {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(QueryItems.unescaped)
        guard parts.count >= 2, parts[0].isEmpty, parts[1] == "v2" else { return nil }
        parts.removeFirst(2)
        let endsWithSlash = parts.last == ""
        while parts.last == "" { parts.removeLast() }
        if parts.isEmpty { return .base }
        if parts == ["_catalog"] { return .catalog }
        guard let (name, kind, rest) = split(parts) else { return nil }
        guard isName(name) else { throw .nameInvalid(name) }
        switch (kind, rest.count) {
        case ("blobs", 1) where rest[0] == "uploads": return .uploads(name: name)
        case ("blobs", 1) where !endsWithSlash: return .blob(name: name, digest: rest[0])
        case ("blobs", 2): return .upload(name: name, id: rest[1])
        case ("manifests", 1): return .manifest(name: name, reference: try reference(rest[0]))
        case ("tags", 1): return .tags(name: name)
        case ("referrers", 1): return .referrers(name: name, subject: rest[0])
        default: return nil
        }
    }

    /// The last words that make a route; a repository may be called `tags` as well.
    private static func split(_ parts: [String]) -> (name: String, kind: String, rest: [String])? {
        let count = parts.count
        func name(_ length: Int) -> String { parts[..<length].joined(separator: "/") }
        if count >= 4, parts[count - 3] == "blobs", parts[count - 2] == "uploads" {
            return (name(count - 3), "blobs", Array(parts[(count - 2)...]))
        }
        if count >= 3, parts[count - 2] == "tags", parts[count - 1] == "list" {
            return (name(count - 2), "tags", ["list"])
        }
        guard count >= 3, ["blobs", "manifests", "referrers"].contains(parts[count - 2]) else { return nil }
        return (name(count - 2), parts[count - 2], [parts[count - 1]])
    }

    private static func reference(_ text: String) throws(RegistryError) -> ManifestReference {
        if text.contains(":") {
            do throws(ImageSpecError) {
                return .digest(try Digest(parsing: text))
            } catch {
                throw .digestInvalid(error.description)
            }
        }
        // What can be no tag is not found when it is asked for, and refused when it is pushed.
        return .tag(text)
    }

    /// Whether a repository may be called that.
    static func isName(_ text: String) -> Bool {
        guard text.utf8.count <= 255 else { return false }
        // A name that the grammar of references takes behind a host is one.
        guard let reference = try? ImageReference(parsing: "registry.invalid/\(text)", defaultTag: nil) else {
            return false
        }
        return reference.path == text && reference.tag == nil && reference.digest == nil
    }

    static func isTag(_ text: String) -> Bool {
        guard let reference = try? ImageReference(parsing: "registry.invalid/a", defaultTag: nil) else { return false }
        return (try? reference.tagged(text)) != nil
    }
}
