package import JSON

/// Some of many: a number, or a share such as `10%`.
package enum Amount: Equatable, Sendable {
    case count(Int)
    /// Of a hundred.
    case percent(Double)

    /// Reads `5` or `2.5%`; nil for anything else.
    package init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let share = Double(text.dropLast()), (0...100).contains(share) else { return nil }
            self = .percent(share)
        } else {
            guard let count = Int(text), count >= 0 else { return nil }
            self = .count(count)
        }
    }

    package var text: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let share): share == share.rounded() ? "\(Int(share))%" : "\(share)%"
        }
    }

    /// How many of `total` that is at most; parts of one do not count.
    package func most(of total: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let share): Int(Double(total) * share / 100)
        }
    }
}

/// What somebody wants on which nodes before it is needed there.
package struct PrewarmPlan: Equatable, Sendable {
    package var images: [String]
    /// Names of nodes, with `*` and `?`; all when empty.
    package var nodes: [String] = []
    /// So many nodes go first, and must all succeed.
    package var canary = 1
    /// How many nodes go together behind them; at least one.
    package var batch = Amount.percent(10)
    /// How many nodes work at the same time.
    package var maxParallel = 200
    /// More failures than this stop the rest.
    package var maxFailures = Amount.count(0)
    /// In seconds, for each node from its start.
    package var deadline: Int64 = 1800
    /// What lets nodes pull, by image: values of `X-Registry-Auth`.
    package var authorizations: [String: String] = [:]

    package init(images: [String]) {
        self.images = images
    }
}

extension PrewarmPlan: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        images = try json["images"].strings()
        guard !images.isEmpty, images.allSatisfy({ !$0.isEmpty }) else {
            throw json["images"].invalid("expected images")
        }
        nodes = try json["nodes"].stringsIfPresent() ?? []
        canary = try json["canary"].intIfPresent() ?? 1
        batch = try Self.amount(json["batch"]) ?? .percent(10)
        maxParallel = try json["maxParallel"].intIfPresent() ?? 200
        maxFailures = try Self.amount(json["maxFailures"]) ?? .count(0)
        deadline = try json["deadline"].intIfPresent() ?? 1800
        authorizations = try json["authorizations"].readIfPresent() ?? [:]
        guard canary >= 0 else { throw json["canary"].invalid("expected no negative number") }
        guard maxParallel > 0 else { throw json["maxParallel"].invalid("expected a number above zero") }
        guard deadline > 0 else { throw json["deadline"].invalid("expected seconds above zero") }
    }

    private static func amount(_ field: JSONField) throws(JSONError) -> Amount? {
        guard let text = try field.stringIfPresent() else { return nil }
        guard let amount = Amount(text) else { throw field.invalid("expected a number or a share such as 10%") }
        return amount
    }

    package var json: JSONValue {
        var json = shownJSON
        json["authorizations"] = authorizations.json
        return json
    }

    /// Without what lets nodes pull, for people.
    package var shownJSON: JSONValue {
        [
            "images": images.json, "nodes": nodes.json, "canary": canary.json, "batch": .string(batch.text),
            "maxParallel": maxParallel.json, "maxFailures": .string(maxFailures.text), "deadline": deadline.json,
        ]
    }
}
