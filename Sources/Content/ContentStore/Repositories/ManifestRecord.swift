package import ImageSpec
package import JSON

/// What a repository remembers of one of its manifests, so that no answer needs the manifest itself.
package struct ManifestRecord: Equatable, Sendable {
    /// As a list of referrers shows it: with the type of its artifact and its annotations.
    package var descriptor: ContentDescriptor
    /// The manifest that this one says something about.
    package var subject: Digest?
    /// Blobs and manifests that it names and that must be here.
    package var needs: [Digest]

    package init(descriptor: ContentDescriptor, subject: Digest? = nil, needs: [Digest] = []) {
        self.descriptor = descriptor
        self.subject = subject
        self.needs = needs
    }
}

extension ManifestRecord: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        descriptor = try json["descriptor"].read()
        subject = try json["subject"].readIfPresent()
        needs = try json["needs"].readIfPresent() ?? []
    }

    package var json: JSONValue {
        var object: JSONObject = ["descriptor": descriptor.json, "needs": needs.json]
        object["subject"] = subject?.json
        return .object(object)
    }
}

/// How a manifest is asked for.
package enum ManifestReference: Hashable, Sendable {
    case tag(String)
    case digest(Digest)
}
