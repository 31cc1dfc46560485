package import JSON
internal import Units

/// What somebody wants on which nodes before it is needed there.
package struct PrewarmPlan: Equatable, Sendable {
    /// What a plan that is kept, and begun at times, is called; empty for one that is begun once.
    package var name = ""
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
    /// Bytes a second that each node fetches for this; nil is no limit.
    package var rate: Int64?
    /// In seconds, for each node from its start.
    package var deadline: Int64 = 1800
    /// For so many seconds from their arrival the images are not collected on the nodes; nil is not at all.
    package var ttl: Int64?
    /// When a run begins, over and over; nil is at once and once.
    package var schedule: CronSchedule?
    /// What lets nodes pull, by image: values of `X-Registry-Auth`.
    package var authorizations: [String: String] = [:]

    package init(images: [String]) {
        self.images = images
    }

    /// Whether a run of this does what a run of `other` does, whoever began it.
    package func isSame(as other: PrewarmPlan) -> Bool {
        var (left, right) = (self, other)
        (left.authorizations, right.authorizations) = ([:], [:])
        return left == right
    }
}

extension PrewarmPlan: JSONCodable {
    /// Reads a plan; amounts of time and bytes may be numbers or texts such as `30m` and `50MB/s`.
    package init(json: JSONField) throws(JSONError) {
        images = try json["images"].strings()
        guard !images.isEmpty, images.allSatisfy({ !$0.isEmpty }) else {
            throw json["images"].invalid("expected images")
        }
        for (key, field) in try json.entries() where !Self.keys.contains(key) {
            throw field.invalid("a prewarm has no such field")
        }
        name = try json["name"].stringIfPresent() ?? ""
        guard name.isEmpty || Self.isName(name) else { throw json["name"].invalid(Self.nameRule) }
        nodes = try json["nodes"].stringsIfPresent() ?? []
        canary = try json["canary"].intIfPresent() ?? 1
        batch = try Self.amount(json["batch"]) ?? .percent(10)
        maxParallel = try json["maxParallel"].intIfPresent() ?? 200
        maxFailures = try Self.amount(json["maxFailures"]) ?? .count(0)
        rate = try Self.bytes(json["rate"])
        deadline = try Self.seconds(json["deadline"]) ?? 1800
        ttl = try Self.seconds(json["ttl"])
        if let text = try json["schedule"].nonEmptyString() {
            guard let schedule = CronSchedule(text) else {
                throw json["schedule"].invalid("expected five fields as in crontab(5), or @daily and its like")
            }
            self.schedule = schedule
        }
        authorizations = try json["authorizations"].readIfPresent() ?? [:]
        guard canary >= 0 else { throw json["canary"].invalid("expected no negative number") }
        guard maxParallel > 0 else { throw json["maxParallel"].invalid("expected a number above zero") }
    }

    fileprivate static let nameRule = "expected lower-case letters, digits, and - between them"

    /// A plan is kept in a file of its name.
    fileprivate static func isName(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        return isPlain && (1...63).contains(text.utf8.count) && text.first != "-" && text.last != "-"
    }

    private static let keys: Set<String> = [
        "name", "images", "nodes", "canary", "batch", "maxParallel", "maxFailures", "rate", "deadline", "ttl",
        "schedule", "authorizations",
    ]

    private static func amount(_ field: JSONField) throws(JSONError) -> Amount? {
        let text: String
        if case .integer(let number)? = field.value {
            text = "\(number)"
        } else {
            guard let written = try field.stringIfPresent() else { return nil }
            text = written
        }
        guard let amount = Amount(text) else { throw field.invalid("expected a number or a share such as 10%") }
        return amount
    }

    private static func seconds(_ field: JSONField) throws(JSONError) -> Int64? {
        guard let value = try field.valueIfPresent() else { return nil }
        let seconds: Int64
        if case .string(let text) = value {
            guard let time = try? Duration(parsing: text) else {
                throw field.invalid("expected a time such as 30m")
            }
            seconds = time.components.seconds
        } else {
            seconds = try field.int()
        }
        guard seconds > 0 else { throw field.invalid("expected a second or more") }
        guard seconds <= longestTime else { throw field.invalid("expected a hundred years at most") }
        return seconds
    }

    /// A hundred years, in seconds.
    static let longestTime: Int64 = 100 * 366 * 86400

    private static func bytes(_ field: JSONField) throws(JSONError) -> Int64? {
        guard let value = try field.valueIfPresent() else { return nil }
        let bytes: Int64
        if case .string(var text) = value {
            if text.hasSuffix("/s") { text.removeLast(2) }
            guard let count = try? ByteCount(parsing: text) else {
                throw field.invalid("expected bytes a second such as 50MB/s")
            }
            bytes = Int64(clamping: count.bytes)
        } else {
            bytes = try field.int()
        }
        guard bytes > 0 else { throw field.invalid("expected more than nothing") }
        guard bytes <= JSONField.largestAmount else { throw field.invalid("expected less than a pebibyte a second") }
        return bytes
    }

    package var json: JSONValue {
        var json = shownJSON
        json["authorizations"] = authorizations.json
        return json
    }

    /// Without what lets nodes pull, for people.
    package var shownJSON: JSONValue {
        var json: JSONValue = [
            "images": images.json, "nodes": nodes.json, "canary": canary.json, "batch": .string(batch.text),
            "maxParallel": maxParallel.json, "maxFailures": .string(maxFailures.text), "deadline": deadline.json,
        ]
        if !name.isEmpty { json["name"] = .string(name) }
        json["rate"] = rate?.json
        json["ttl"] = ttl?.json
        json["schedule"] = schedule.map { .string($0.text) }
        return json
    }
}

/// A plan as a file: Kubernetes' frame around it.
package struct PrewarmManifest: Equatable, Sendable {
    package var plan: PrewarmPlan

    /// Reads one document.
    ///
    /// - Throws: ``JSONError`` with the path of what is wrong, or is no field of a plan.
    package init(json: JSONField) throws(JSONError) {
        for (key, field) in try json.entries() where !["apiVersion", "kind", "metadata", "spec"].contains(key) {
            throw field.invalid("a prewarm has no such field")
        }
        guard try json["apiVersion"].string() == "pouch/v1" else {
            throw json["apiVersion"].invalid("expected pouch/v1")
        }
        guard try json["kind"].string() == "Prewarm" else { throw json["kind"].invalid("expected Prewarm") }
        for (key, field) in try json["metadata"].entries() where key != "name" {
            throw field.invalid("a prewarm has no such field")
        }
        let spec = json["spec"]
        guard spec.value?["authorizations"] == nil else {
            throw spec["authorizations"].invalid("credentials come from pouch login, not from files")
        }
        guard spec.value?["name"] == nil else { throw spec["name"].invalid("the name goes into metadata") }
        plan = try spec.read()
        plan.name = try json["metadata"]["name"].string()
        guard PrewarmPlan.isName(plan.name) else {
            throw json["metadata"]["name"].invalid(PrewarmPlan.nameRule)
        }
    }
}
