/// The path of a request as clients write it, split into its version and the path that routes know.
///
/// Image names hold slashes (`/images/library/busybox/json`), which a router would take for separators: here they
/// become `%2F`, and ``Query/unescaped(_:)`` undoes it.
struct RequestPath: Equatable, Sendable {
    /// `nil` for a path without one.
    var version: APIVersion?
    /// With the query, if there is one.
    var path: String

    init(_ target: String, isDeletion: Bool = false) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var elements = halves.first.map { $0.split(separator: "/", omittingEmptySubsequences: true) } ?? []
        if let first = elements.first, let version = APIVersion(pathElement: first) {
            self.version = version
            elements.removeFirst()
        }
        let names = Self.withJoinedName(elements, isDeletion: isDeletion)
        path = "/" + names.joined(separator: "/") + (halves.count == 2 ? "?\(halves[1])" : "")
    }

    /// Verbs that stand behind an image's name.
    private static let verbs: Set<Substring> = ["json", "history", "push", "tag", "get", "manifest"]

    private static func withJoinedName(_ elements: [Substring], isDeletion: Bool) -> [Substring] {
        guard elements.count > 2, elements[0] == "images" || elements[0] == "distribution" else { return elements }
        let hasVerb = !isDeletion && verbs.contains(elements[elements.count - 1])
        let name = elements.dropFirst().dropLast(hasVerb ? 1 : 0).joined(separator: "%2F")
        return [elements[0], Substring(name)] + (hasVerb ? [elements[elements.count - 1]] : [])
    }
}
