/// Something that happened, as `GET /events` reports it.
package struct Event: Equatable, Sendable {
    /// `container`, `image`, `volume`, `network` or `daemon`.
    package var type: String
    /// Such as `create`, `start` or `exec_create: sh`.
    package var action: String
    package var actor: String
    package var attributes: [String: String]
    package var time: Timestamp

    package init(type: String, action: String, actor: String, attributes: [String: String], time: Timestamp) {
        self.type = type
        self.action = action
        self.actor = actor
        self.attributes = attributes
        self.time = time
    }
}

extension Event: Codable {
    private struct Actor: Codable {
        var ID: String
        var Attributes: [String: String]
    }

    private enum CodingKeys: String, CodingKey {
        case status, id, from
        case type = "Type"
        case action = "Action"
        case actor = "Actor"
        case scope, time, timeNano
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decode(String.self, forKey: .type)
        action = try container.decode(String.self, forKey: .action)
        let actor = try container.decode(Actor.self, forKey: .actor)
        self.actor = actor.ID
        attributes = actor.Attributes
        time = Timestamp(nanoseconds: try container.decode(Int64.self, forKey: .timeNano))
    }

    /// Docker's mix of old lower-case and new keys: encode with `JSONCoder(.asWritten)`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if type == "container" || type == "image" {
            try container.encode(action, forKey: .status)
            try container.encode(actor, forKey: .id)
            if type == "container", let image = attributes["image"] { try container.encode(image, forKey: .from) }
        }
        try container.encode(type, forKey: .type)
        try container.encode(action, forKey: .action)
        try container.encode(Actor(ID: actor, Attributes: attributes), forKey: .actor)
        try container.encode("local", forKey: .scope)
        try container.encode(time.seconds, forKey: .time)
        try container.encode(time.nanoseconds, forKey: .timeNano)
    }
}

/// What `GET /events` may ask.
package struct EventQuery: Sendable {
    package var since: Timestamp?
    package var until: Timestamp?
    package var filters = Filters()

    package init() {}
}
