package import JSON
internal import Units

/// A node's question what a name leads to, and what lets it ask.
package struct DocumentClaim: Sendable {
    /// With its registry.
    package var repository: String
    /// A tag or a digest.
    package var name: String
    /// Docker's `AuthConfig` in JSON; empty for nobody in particular.
    package var credentials: [UInt8]

    package init(repository: String, name: String, credentials: [UInt8]) {
        self.repository = repository
        self.name = name
        self.credentials = credentials
    }
}

extension DocumentClaim: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        repository = try json["repository"].string()
        name = try json["name"].string()
        guard let bytes = Base64.decoded(try json["credentials"].stringIfPresent() ?? "") else {
            throw json["credentials"].invalid("expected base64")
        }
        credentials = bytes
    }

    package var json: JSONValue {
        [
            "repository": .string(repository), "name": .string(name),
            "credentials": .string(Base64.encoded(credentials)),
        ]
    }
}

/// The tracker's answer.
package struct DocumentAnswer: Sendable, JSONCodable {
    package var mediaType: String
    package var bytes: [UInt8]

    package init(mediaType: String, bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }

    package init(json: JSONField) throws(JSONError) {
        mediaType = try json["mediaType"].string()
        guard let bytes = Base64.decoded(try json["bytes"].string()) else {
            throw json["bytes"].invalid("expected base64")
        }
        self.bytes = bytes
    }

    package var json: JSONValue {
        ["mediaType": .string(mediaType), "bytes": .string(Base64.encoded(bytes))]
    }
}
