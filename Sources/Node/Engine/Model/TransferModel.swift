package import ImageSpec
package import JSON

/// One line of what the daemon tells while images travel.
package struct TransferMessage: Equatable, Sendable {
    /// What it is about: the short digest of a layer, or a tag.
    package var id: String?
    package var status: String
    /// Bytes that are done and bytes altogether, of a step that is under way.
    package var current: Int64?
    package var total: Int64?
    /// Set in the last message of a push.
    package var pushed: PushedManifest?

    package init(_ status: String, id: String? = nil, current: Int64? = nil, total: Int64? = nil) {
        self.status = status
        self.id = id
        self.current = current
        self.total = total
    }

    /// What a push made known.
    package struct PushedManifest: Equatable, Sendable {
        package var tag: String
        package var digest: String
        package var size: Int64
    }
}

/// What a registry knows about an image, without its layers.
package struct DistributionInspection: Equatable, Sendable {
    /// Of what the name leads to.
    package var descriptor: ContentDescriptor
    package var platforms: [Platform]

    /// As Docker has it: inside these two, names are spelled as OCI spells them.
    package var json: JSONValue {
        ["Descriptor": descriptor.json, "Platforms": .array(platforms.map(\.json))]
    }
}

/// One line of what a search found.
package struct SearchedImage: Codable, Equatable, Sendable {
    package var name: String
    package var description: String
    package var starCount: Int64
    package var isOfficial: Bool
    package var isAutomated: Bool

    enum CodingKeys: String, CodingKey {
        case name, description
        case starCount = "star_count"
        case isOfficial = "is_official"
        case isAutomated = "is_automated"
    }
}

/// What is told while an image travels, from any task.
package typealias TransferReport = @Sendable (TransferMessage) -> Void
