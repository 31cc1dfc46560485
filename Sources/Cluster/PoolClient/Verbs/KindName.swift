package import ClusterModel

/// What a person calls a kind of object, and which object is meant: `pods`, `po/web`, `queues.pouch.io`.
package struct ObjectReference: Sendable {
    package var kind: ResourceKind
    package var name: String?

    /// - Throws: ``ManifestError`` for a kind that the pool does not have.
    package init(_ text: String) throws(ManifestError) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        kind = try Self.kind(parts.first ?? "")
        name = parts.count == 2 ? parts[1] : nil
    }

    package static func kind(_ word: String) throws(ManifestError) -> ResourceKind {
        let word = word.lowercased()
        let found = Catalog.all.first {
            $0.plural == word || $0.singular == word || $0.kind.lowercased() == word || $0.shortNames.contains(word)
                || $0.qualifiedPlural == word || $0.qualifiedKind.lowercased() == word
        }
        guard let found else {
            throw ManifestError(
                word, "the pool has no such kind; it has \(Catalog.all.map(\.plural).joined(separator: ", "))")
        }
        return found
    }

    /// The objects of several words as they stand behind a verb: `pods`, `pod web`, `pod/web node/n1`.
    package static func all(_ words: [String]) throws(ManifestError) -> [ObjectReference] {
        guard let first = words.first else { throw ManifestError("KIND", "name a kind, or KIND/NAME") }
        if first.contains("/") {
            var found: [ObjectReference] = []
            for word in words { found.append(try ObjectReference(word)) }
            return found
        }
        var reference = try ObjectReference(first)
        guard words.count > 1 else { return [reference] }
        return words.dropFirst().map { name in
            reference.name = name
            return reference
        }
    }
}

extension ResourceKind {
    /// Where its objects are; of all namespaces when none is given.
    package func path(namespace: String?, name: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        return name.map { "\(path)/\($0)" } ?? path
    }

    /// As kubectl calls it: `pod`, `queue.pouch.io`.
    package var spelled: String { group.isEmpty ? singular : "\(singular).\(group)" }
}
